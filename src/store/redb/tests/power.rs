//! The power goes off at random, several times on one disk: writes of any part of what was not synced are lost or
//! torn.

use super::calls::{edits, groups};
use super::run::{Run, laid_out};
use crate::store::redb::disk::{Dice, Failing};

const CUTS_VARIABLE: &str = "CODEXMIROIR_POWER_CUTS";
const CUTS_DEFAULT: u64 = 60;

#[test]
fn what_was_acknowledged_survives_power_cuts() {
    let cuts = std::env::var(CUTS_VARIABLE).map_or(CUTS_DEFAULT, |cuts| cuts.parse().unwrap());
    let base = laid_out();
    for seed in 1..=cuts {
        let mut dice = Dice::new(seed);
        let disk = base.copy(seed);
        let steps = if dice.roll(2) == 0 { edits() } else { groups() };
        // A passing fault first, so that the cut also meets a database that has recovered.
        disk.fail(Failing::Once(1 + dice.roll(120)));
        let mut run = Run::new(disk.clone());
        for step in &steps {
            if !run.step(step) {
                break;
            }
        }
        disk.fail(Failing::ForGood(disk.calls() + 1 + dice.roll(120)));
        run.heals = false;
        run.reads = false;
        for step in &steps {
            if !run.step(step) {
                break;
            }
        }
        run.close();
        disk.cut_power();
        run.check();
    }
}
