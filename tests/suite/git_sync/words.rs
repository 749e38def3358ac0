//! Words that each stand in one change, and chance that can be had again.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

/// Random numbers from a seed.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    pub fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    /// One of them, mostly of the first three: so that others take the same. `None` when there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let sides = if self.one_in(4) { of.len() } else { of.len().min(3) };
        (sides > 0).then(|| &of[self.roll(sides)])
    }

    /// Chance of its own for somebody who acts meanwhile.
    pub fn fork(&mut self) -> Dice {
        Dice(self.roll(usize::MAX) as u64)
    }
}

/// Where new words come from: `t00042x`.
#[derive(Default)]
pub struct Words(AtomicU32);

impl Words {
    pub fn new_word(&self) -> String {
        format!("t{:05}x", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// The words that stand in a text.
pub fn words(text: &str) -> BTreeSet<String> {
    let is_word = |at: usize| {
        let word = text.get(at..at + 7)?;
        let digits = word.strip_prefix('t')?.strip_suffix('x')?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| word.to_owned())
    };
    text.match_indices('t').filter_map(|(at, _)| is_word(at)).collect()
}

#[test]
fn words_are_found() {
    let dice = &mut Dice::of(7);
    assert!((0..100).map(|_| dice.roll(6)).all(|roll| roll < 6));
    let found = words("tt00001x, t12345xt00002x\nt0000x tüx t999999x");
    assert_eq!(found, ["t00001x", "t00002x", "t12345x"].map(str::to_owned).into());
}
