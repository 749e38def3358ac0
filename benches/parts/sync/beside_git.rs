//! One changed file of many, taken in and pushed by the server, and fetched and pushed by git.

use std::time::{Duration, Instant};

use super::client::Client;
use super::shared::{Clone, Shared, percentile};

const FILES: usize = 5_000;
const ROUNDS: usize = 41;
/// Not counted.
const FIRST_ROUNDS: usize = 3;

pub fn measure() {
    let shared = Shared::with(FILES);
    let server = shared.server();
    let mut client = Client::of(&server);
    let begun = Instant::now();
    client.sync();
    let first = begun.elapsed();
    let (writer, reader) = (shared.clone_of("writer"), shared.clone_of("reader"));
    let mut sides = [Side::of(&shared), Side::of(&shared), Side::of(&shared), Side::of(&shared)];
    for round in 0..FIRST_ROUNDS + ROUNDS {
        let [taken, fetched, sent, pushed] = &mut sides;
        writer.write(2 * round, round + 1);
        writer.commit("a title");
        pushed.times(|| writer.push());
        // Whoever comes first has the host cold.
        if round % 2 == 0 {
            taken.times(|| sync(&mut client));
            fetched.times(|| reader.fetch());
        } else {
            fetched.times(|| reader.fetch());
            taken.times(|| sync(&mut client));
        }
        sent.times(|| edit(&mut client, 2 * round + 1, round));
        catch_up(&writer);
        catch_up(&reader);
    }
    let first = first.as_secs_f64();
    println!("\none changed file of {FILES}, medians of {ROUNDS} rounds by turns (the first sync took {first:.1} s)");
    let [taken, fetched, sent, pushed] = &sides;
    told("fetch, merge, commit to the store", taken, "git fetch", fetched);
    told("an edit, on disk and pushed", sent, "git push", pushed);
}

fn told(what: &str, ours: &Side<'_>, git: &str, theirs: &Side<'_>) {
    let (ratio, ours_asked, theirs_asked) = (ratio(ours.counted(), theirs.counted()), ours.asked, theirs.asked);
    let (ours, theirs) = (percentile(ours.counted(), 50), percentile(theirs.counted(), 50));
    println!(
        "  {what:<34} {ours:>7.1} ms, {ours_asked} requests   {git:<9} {theirs:>7.1} ms, {theirs_asked} requests   {ratio:.2} times"
    );
}

/// One of those who are compared.
struct Side<'a> {
    shared: &'a Shared,
    took: Vec<Duration>,
    /// How many requests the host got of it the last time.
    asked: usize,
}

impl<'a> Side<'a> {
    fn of(shared: &'a Shared) -> Side<'a> {
        Side { shared, took: Vec::new(), asked: 0 }
    }

    fn times(&mut self, work: impl FnOnce() -> Duration) {
        let before = self.shared.host.requests().len();
        self.took.push(work());
        self.asked = self.shared.host.requests().len() - before;
    }

    fn counted(&self) -> &[Duration] {
        &self.took[FIRST_ROUNDS..]
    }
}

/// The middle one of the rounds' ratios.
fn ratio(ours: &[Duration], theirs: &[Duration]) -> f64 {
    let mut ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours.div_duration_f64(*theirs)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn sync(client: &mut Client) -> Duration {
    let begun = Instant::now();
    let report = client.sync();
    let took = begun.elapsed();
    assert_eq!(report["changed"], 1, "{report}");
    took
}

fn edit(client: &mut Client, number: usize, round: usize) -> Duration {
    let begun = Instant::now();
    client.edit(number, &format!("round{round}"));
    begun.elapsed()
}

fn catch_up(clone: &Clone) {
    clone.fetch();
    clone.follow();
}
