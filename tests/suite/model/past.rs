//! What a history tells afterwards: each generation's timeline, and what moved a task between any two of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use codexmiroir::domain::difference::{Standing, between};
use codexmiroir::domain::ids::{DocKey, Generation, UserId};
use codexmiroir::domain::timeline::Timeline;
use codexmiroir::service::Service;
use codexmiroir::service::moves::{Cause, MOVES_MAX, Moved};
use codexmiroir::service::timeline_at::Asked;
use codexmiroir::view::json;

/// What was served: at which generation and instant.
pub type Told = Vec<(Generation, DateTime<Utc>, Vec<u8>)>;

/// Tasks of a history whose moves are looked at.
const TASKS_MAX: usize = 3;

/// All of it is told again byte for byte, and moves add up.
pub async fn check(service: &Arc<Service>, user: UserId, told: &Told) -> Result<(), String> {
    let mut generations = BTreeMap::new();
    for (generation, now, body) in told {
        let asked = Asked { now: Some(*now), ..Asked::default() };
        let told = service.timeline_at(user, *generation, asked).await.map_err(|error| error.to_string())?;
        let again = json::timeline(&told.answer);
        if again != *body {
            let (again, body) = (String::from_utf8_lossy(&again), String::from_utf8_lossy(body));
            return Err(format!("generation {generation} at {now} is told as {again}\n not {body}"));
        }
        if !generations.contains_key(generation) {
            let told = service.timeline_at(user, *generation, Asked::default()).await;
            generations.insert(*generation, told.map_err(|error| error.to_string())?.answer.timeline);
        }
    }
    let known: BTreeSet<DocKey> = generations
        .values()
        .flat_map(|timeline| codexmiroir::domain::difference::stands(timeline).into_keys().cloned().collect::<Vec<_>>())
        .collect();
    for task in known.into_iter().take(TASKS_MAX) {
        let moves = moves(service, user, &task).await?;
        adds_up(&task, &moves, &generations)?;
    }
    Ok(())
}

/// All moves of a task, the first one first, page by page.
async fn moves(service: &Arc<Service>, user: UserId, task: &DocKey) -> Result<Vec<Moved>, String> {
    let (mut moves, mut before) = (Vec::new(), None);
    loop {
        // Small pages and a large one.
        let count = if moves.len() < 4 { 2 } else { MOVES_MAX };
        let page = service.moves(user, task.file.as_str().to_owned(), before, count).await;
        let page = page.map_err(|error| error.to_string())?;
        moves.extend(page.moves);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    moves.reverse();
    Ok(moves)
}

/// Between any two generations, each planned at the instant of its commit.
fn adds_up(task: &DocKey, moves: &[Moved], generations: &BTreeMap<Generation, Timeline>) -> Result<(), String> {
    let is_same = |one: Option<&Standing>, other: Option<&Standing>| match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let standing =
        |stand: &'_ Option<codexmiroir::domain::difference::Stand>| stand.clone().map(|stand| stand.standing);
    for pair in moves.windows(2) {
        if !is_same(standing(&pair[0].to).as_ref(), standing(&pair[1].from).as_ref()) {
            return Err(format!("{task:?} came to {:?} and went from {:?}", pair[0].to, pair[1].from));
        }
    }
    for (first, before) in generations {
        for (last, after) in generations.range(first.next()..) {
            let is_between = |moved: &&Moved| match moved.cause {
                Cause::Commit(_) => *first < moved.generation && moved.generation <= *last,
                Cause::Clock(_) | Cause::ClockSetBack => *first <= moved.generation && moved.generation < *last,
            };
            let between_them: Vec<_> = moves.iter().filter(is_between).collect();
            let net = between_them.first().zip(between_them.last());
            let net = net.map(|(first, last)| (standing(&first.from), standing(&last.to)));
            let net = net.filter(|(from, to)| !is_same(from.as_ref(), to.as_ref()));
            let difference = between(before, after);
            let expected = difference.moves.iter().find(|found| found.task.key == *task);
            let holds = match (&net, expected) {
                (None, None) => true,
                (Some((from, to)), Some(expected)) => {
                    is_same(from.as_ref(), expected.from.as_ref()) && is_same(to.as_ref(), expected.to.as_ref())
                }
                _ => false,
            };
            if !holds {
                return Err(format!("{task:?} from {first} to {last}: {net:?} and not {expected:?}; moves {moves:#?}"));
            }
        }
    }
    Ok(())
}
