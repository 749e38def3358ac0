//! What it costs to take a pack apart, counted before anybody does.
//!
//! Each object is put together once when the pack is taken in, and again whenever it is read, with all that it is told by.
//! A few kilobytes can say so much of either that a processor is busy for hours.

/// What may be put together, in bytes, whatever comes.
const BYTES: u64 = 512 << 20;

/// And for each byte that comes. Of a folder with thousands of files, every version is whole, and told in a few bytes.
const BYTES_PER_BYTE: u64 = 1024;

/// How many times that for all objects, when each is read by itself. Git tells an object in 50 steps at most, unless it
/// is told to take more: in half as many on average.
const READ_TIMES: u64 = 32;

/// What an object costs, be it ever so small.
const OBJECT_BYTES: u64 = 1 << 10;

/// Objects, times those that are told by one that is here: so often a list of those is looked through.
const LOOKED_UP_MAX: u64 = 2_000_000_000;

/// What was counted so far.
pub(super) struct Work {
    bytes_max: u64,
    bytes: u64,
    read_bytes: u64,
    /// Of objects that are told by nobody knows whom yet: each may be told by all others.
    somewhere: u64,
    somewhere_bytes: u64,
    /// Told by one that is here already.
    from_here: u64,
}

impl Work {
    pub(super) fn of_pack(bytes: u64) -> Work {
        let bytes_max = BYTES.saturating_add(bytes.saturating_mul(BYTES_PER_BYTE));
        Work { bytes_max, bytes: 0, read_bytes: 0, somewhere: 0, somewhere_bytes: 0, from_here: 0 }
    }

    /// Counts what an object unpacks to; whether there is room for it.
    pub(super) fn unpack(&mut self, bytes: u64) -> bool {
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(OBJECT_BYTES);
        self.bytes <= self.bytes_max
    }

    /// Counts an object of so many bytes, unpacked and put together, and gives what it takes to read it, where that took
    /// `base` for what it is told by.
    pub(super) fn read(&mut self, bytes: u64, base: u64) -> u64 {
        let read = base.saturating_add(bytes).saturating_add(OBJECT_BYTES);
        self.read_bytes = self.read_bytes.saturating_add(read);
        read
    }

    pub(super) fn read_somewhere(&mut self, bytes: u64) {
        self.somewhere += 1;
        self.somewhere_bytes = self.somewhere_bytes.saturating_add(bytes).saturating_add(OBJECT_BYTES);
    }

    pub(super) fn look_up_here(&mut self) {
        self.from_here += 1;
    }

    /// Whether a pack of so many objects takes no more than it may.
    pub(super) fn is_bounded(&self, objects: u32) -> bool {
        let read = self.read_bytes.saturating_add(self.somewhere.saturating_mul(self.somewhere_bytes));
        let looked_up = self.from_here.saturating_mul(u64::from(objects));
        self.bytes <= self.bytes_max && read <= self.bytes_max.saturating_mul(READ_TIMES) && looked_up <= LOOKED_UP_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_makes_is_taken() {
        // Ten thousand versions of a folder of five thousand files, each told in 50 steps.
        let mut work = Work::of_pack(10 << 20);
        let mut base = 0;
        for version in 0..10_000 {
            let (told, whole) = (400, 250_000);
            assert!(work.unpack(told) && work.unpack(whole));
            base = work.read(told + whole, if version % 50 == 0 { 0 } else { base });
        }
        assert!(work.is_bounded(30_000));
        // What changed in a folder of many files, told by what was there before.
        let mut work = Work::of_pack(8 << 20);
        for _ in 0..20_000 {
            work.look_up_here();
            assert!(work.unpack(2_000));
            work.read(2_000, 0);
        }
        assert!(work.is_bounded(50_000));
    }

    #[test]
    fn each_kind_of_work_has_an_end() {
        let mut unpacked = Work::of_pack(1_000);
        assert!(unpacked.unpack(BYTES) && !unpacked.unpack(BYTES));
        let mut deep = Work::of_pack(400_000);
        (0..20_000).fold(0, |base, _| deep.read(1_000, base));
        let mut somewhere = Work::of_pack(400_000);
        (0..20_000).for_each(|_| somewhere.read_somewhere(1_000));
        let mut from_here = Work::of_pack(4_000_000);
        (0..100_000).for_each(|_| from_here.look_up_here());
        for (work, objects) in [(unpacked, 2), (deep, 20_000), (somewhere, 20_000), (from_here, 100_000)] {
            assert!(!work.is_bounded(objects));
        }
    }
}
