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
    let (mut taken, mut fetched, mut sent, mut pushed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..FIRST_ROUNDS + ROUNDS {
        writer.write(2 * round, round + 1);
        writer.commit("a title");
        let push = writer.push();
        // Whoever comes first has the host cold.
        let (take, fetch) = if round % 2 == 0 {
            let take = sync(&mut client);
            (take, reader.fetch())
        } else {
            let fetch = reader.fetch();
            (sync(&mut client), fetch)
        };
        let send = edit(&mut client, 2 * round + 1, round);
        catch_up(&writer);
        catch_up(&reader);
        if round >= FIRST_ROUNDS {
            taken.push(take);
            fetched.push(fetch);
            sent.push(send);
            pushed.push(push);
        }
    }
    println!(
        "\none changed file of {FILES}, medians of {ROUNDS} rounds by turns (the first sync took {:.1} s)",
        first.as_secs_f64()
    );
    let line = |what: &str, ours: &[Duration], git: &str, theirs: &[Duration]| {
        let ratio = ratio(ours, theirs);
        let (ours, theirs) = (percentile(ours, 50), percentile(theirs, 50));
        println!("  {what:<34} {ours:>7.1} ms   {git:<9} {theirs:>7.1} ms   {ratio:.2} times");
    };
    line("fetch, merge, commit to the store", &taken, "git fetch", &fetched);
    line("an edit, on disk and pushed", &sent, "git push", &pushed);
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
