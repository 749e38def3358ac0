//! Rules, what is known of repositories, answers that are remembered, and timelines.

use super::walk::{Next, Walk};
use crate::domain::ids::UserId;
use crate::store::redb::codec::{self, StoredAnswer};
use crate::store::redb::read::failed;
use crate::store::redb::schema::{
    BASES, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, REMOTES, RULES, SYNC, SYNC_FILES, TIMELINES,
};
use crate::store::redb::{bases as stored_bases, rules as stored_rules, sync as stored_sync};
use crate::store::{FlawKind, Mend, StoreError};

pub(super) fn rules(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let table = walk.transaction.open_table(RULES).map_err(failed)?;
    walk.rows(RULES, after, |walk, (user, version), bytes| {
        let owner = walk.owner(user)?;
        let mut wrong = Vec::new();
        if !owner.is_there {
            wrong.push(FlawKind::NoUser);
        }
        if owner.head.is_some_and(|head| version > head.generation.0) {
            wrong.push(FlawKind::Beyond);
        }
        match stored_rules::stand_ins(bytes) {
            Err(_) => wrong.push(FlawKind::Unreadable),
            Ok(earlier) => {
                // Those of a version that is not the last may have been dropped.
                let later = table.range((user, version)..=(user, u64::MAX)).map_err(failed)?.nth(1);
                for earlier in earlier.iter().filter(|_| later.is_none()) {
                    if table.get((user, *earlier)).map_err(failed)?.is_none() {
                        wrong.push(FlawKind::Lacks("rules"));
                    }
                }
            }
        }
        wrong.into_iter().for_each(|kind| walk.flaw("rules", Some(user), version.to_string(), kind));
        Ok(())
    })
}

pub(super) fn sync(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.rows(SYNC, after, |walk, user, bytes| {
        let owner = walk.owner(user)?;
        let mut wrong = Vec::new();
        if !owner.is_there {
            wrong.push(FlawKind::NoUser);
        }
        match stored_sync::last_generation(bytes) {
            Err(_) => wrong.push(FlawKind::Unreadable),
            Ok(last) if owner.head.is_some_and(|head| last > head.generation.0) => wrong.push(FlawKind::Beyond),
            Ok(_) => {}
        }
        wrong.into_iter().for_each(|kind| walk.flaw("sync", Some(user), String::new(), kind));
        Ok(())
    })
}

pub(super) fn sync_files(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.of_users(SYNC_FILES, after, stored_sync::check_files)
}

pub(super) fn remotes(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.of_users(REMOTES, after, stored_sync::check_remote)
}

pub(super) fn idempotency(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let by_time = walk.transaction.open_table(IDEMPOTENCY_BY_TIME).map_err(failed)?;
    walk.rows(IDEMPOTENCY, after, |walk, (user, route, key), bytes| {
        if !walk.owner(user)?.is_there {
            walk.flaw("idempotency", Some(user), route.to_owned(), FlawKind::NoUser);
        }
        let Ok(StoredAnswer { at, .. }) = codec::decode(bytes, "idempotency") else {
            walk.flaw("idempotency", Some(user), route.to_owned(), FlawKind::Unreadable);
            return Ok(());
        };
        if by_time.get((at, user, route, key)).map_err(failed)?.is_none() {
            let flaw = (route.to_owned(), FlawKind::NotIndexed);
            walk.mendable("idempotency_by_time", Some(user), flaw, by_time_of(at, user, route, key));
        }
        Ok(())
    })
}

pub(super) fn idempotency_by_time(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let by_key = walk.transaction.open_table(IDEMPOTENCY).map_err(failed)?;
    walk.rows(IDEMPOTENCY_BY_TIME, after, |walk, (at, user, route, key), ()| {
        // A key that was used again has a row for each time.
        if by_key.get((user, route, key)).map_err(failed)?.is_none() {
            let flaw = (route.to_owned(), FlawKind::LeadsNowhere);
            walk.mendable("idempotency_by_time", Some(user), flaw, by_time_of(at, user, route, key));
        }
        Ok(())
    })
}

fn by_time_of(at: i64, user: u64, route: &str, key: &str) -> Mend {
    Mend::ByTime { at, user: UserId(user), route: route.to_owned(), key: key.to_owned() }
}

pub(super) fn timelines(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.rows(TIMELINES, after, |walk, user, bytes| {
        let owner = walk.owner(user)?;
        let kind = match codec::decode_timeline(bytes) {
            _ if !owner.is_there => FlawKind::NoUser,
            None => FlawKind::Unreadable,
            Some(timeline) if owner.head.is_some_and(|head| timeline.generation > head.generation) => FlawKind::Beyond,
            Some(_) => return Ok(()),
        };
        walk.mendable("timelines", Some(user), (String::new(), kind), Mend::Timeline { user: UserId(user) });
        Ok(())
    })
}

pub(super) fn bases(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.rows(BASES, after, |walk, number, bytes| {
        if stored_bases::check(bytes).is_err() {
            walk.flaw("bases", None, number.to_string(), FlawKind::Unreadable);
        }
        Ok(())
    })
}
