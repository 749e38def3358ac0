//! The difference between two objects, as packs store it.
//!
//! A delta is what to copy from the base and what to insert, in the order of the target.

use std::collections::HashMap;

/// What is looked for in the base: any piece of this length that begins at a multiple of it.
const BLOCK_BYTES: usize = 16;

/// The longest piece that one instruction inserts.
const INSERT_BYTES_MAX: usize = 127;

/// The longest piece that one instruction copies, in the form that every version of Git reads.
const COPY_BYTES_MAX: usize = 0xffff;

/// How to make `target` of `base`. Bytes that both begin or end with are found in one step, which is all that there is
/// to find where one line of a file or one entry of a folder was changed.
pub(super) fn encode(base: &[u8], target: &[u8]) -> Vec<u8> {
    let begin = common_length(base.iter(), target.iter());
    let (base_rest, target_rest) = (&base[begin..], &target[begin..]);
    let end = common_length(base_rest.iter().rev(), target_rest.iter().rev());
    let base_middle = &base_rest[..base_rest.len() - end];
    let target_middle = &target_rest[..target_rest.len() - end];

    let mut delta = Delta(Vec::new());
    delta.size(base.len());
    delta.size(target.len());
    delta.copy(0, begin);
    delta.middle(base_middle, begin, target_middle);
    delta.copy(base.len() - end, end);
    delta.0
}

fn common_length<'a>(one: impl Iterator<Item = &'a u8>, other: impl Iterator<Item = &'a u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

struct Delta(Vec<u8>);

impl Delta {
    /// Seven bits a byte, the lowest first.
    fn size(&mut self, mut size: usize) {
        loop {
            let low = low_byte(size) & 0x7f;
            size >>= 7;
            if size == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    fn insert(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(INSERT_BYTES_MAX) {
            self.0.push(low_byte(piece.len()));
            self.0.extend_from_slice(piece);
        }
    }

    /// The first byte tells which bytes of offset and length follow; those that are zero do not.
    fn copy(&mut self, mut offset: usize, mut length: usize) {
        while length > 0 {
            let piece = length.min(COPY_BYTES_MAX);
            let (at, mut follows) = (self.0.len(), 0x80);
            self.0.push(follows);
            let bytes = (0..4).map(|index| (0x01 << index, low_byte(offset >> (8 * index))));
            let bytes = bytes.chain((0..2).map(|index| (0x10 << index, low_byte(piece >> (8 * index)))));
            for (bit, byte) in bytes.filter(|(_, byte)| *byte != 0) {
                follows |= bit;
                self.0.push(byte);
            }
            self.0[at] = follows;
            offset += piece;
            length -= piece;
        }
    }

    /// Finds pieces of the base, which begins at `base_at`, wherever they are in the target.
    fn middle(&mut self, base: &[u8], base_at: usize, target: &[u8]) {
        let mut places = HashMap::with_capacity(base.len() / BLOCK_BYTES);
        for (index, block) in base.chunks_exact(BLOCK_BYTES).enumerate() {
            places.entry(block).or_insert(index * BLOCK_BYTES);
        }
        let (mut at, mut unsaid) = (0, 0);
        while let Some(block) = target.get(at..at + BLOCK_BYTES) {
            let Some(&place) = places.get(block) else {
                at += 1;
                continue;
            };
            let back = common_length(base[..place].iter().rev(), target[unsaid..at].iter().rev());
            let length = common_length(base[place..].iter(), target[at..].iter());
            self.insert(&target[unsaid..at - back]);
            self.copy(base_at + place - back, back + length);
            at += length;
            unsaid = at;
        }
        self.insert(&target[unsaid..]);
    }
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the format is described, by another hand than the encoder's.
    fn decode(base: &[u8], delta: &[u8]) -> Vec<u8> {
        let mut rest = delta.iter().copied();
        let mut size = || {
            let (mut size, mut shift) = (0_usize, 0);
            loop {
                let byte = rest.next().unwrap();
                size |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return size;
                }
            }
        };
        assert_eq!(size(), base.len());
        let target_length = size();
        let mut target = Vec::new();
        while let Some(instruction) = rest.next() {
            assert_ne!(instruction, 0);
            if instruction < 0x80 {
                target.extend(rest.by_ref().take(usize::from(instruction)));
                continue;
            }
            let mut number = |bits: std::ops::Range<u32>| {
                bits.clone()
                    .filter(|bit| instruction & (1 << bit) != 0)
                    .fold(0_usize, |number, bit| number | usize::from(rest.next().unwrap()) << (8 * (bit - bits.start)))
            };
            let (offset, length) = (number(0..4), number(4..7));
            target.extend_from_slice(&base[offset..offset + length]);
        }
        assert_eq!(target.len(), target_length);
        target
    }

    /// Bytes of which another version often has the same pieces.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            (0_u8..4, 0_usize..80).prop_map(|(byte, length)| vec![byte; length]),
            (0_u8..6).prop_map(|seed| (0..40).map(|index| seed.wrapping_mul(37).wrapping_add(index)).collect()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_the_target(base in pieces(), target in pieces()) {
            prop_assert_eq!(decode(&base, &encode(&base, &target)), target);
        }
    }

    #[test]
    fn a_changed_entry_of_a_large_folder_takes_few_bytes() {
        let base: Vec<u8> =
            (0..200_000_u32).flat_map(|index| index.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut target = base.clone();
        target[400_000..400_020].fill(7);
        let delta = encode(&base, &target);
        assert_eq!(decode(&base, &delta), target);
        assert!(delta.len() < 150, "{}", delta.len());
    }

    #[test]
    fn whatever_moved_is_found() {
        let text = |order: [usize; 3]| -> Vec<u8> {
            let parts = [b"one ".repeat(100), (0..=255).collect(), b"the third part ".repeat(50)];
            order.iter().flat_map(|part| parts[*part].clone()).collect()
        };
        let (base, target) = (text([0, 1, 2]), text([2, 0, 1]));
        let delta = encode(&base, &target);
        assert_eq!(decode(&base, &delta), target);
        assert!(delta.len() < 100, "{}", delta.len());
    }
}
