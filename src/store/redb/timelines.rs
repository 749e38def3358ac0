//! Materialized timelines: derived, one for each user, the last.
//!
//! A row is right only while its generation is the user's, so one that a later commit has overtaken may stay.

use std::collections::HashMap;

use redb::WriteTransaction;

use super::codec;
use super::schema::TIMELINES;
use crate::domain::ids::UserId;
use crate::store::Finished;

pub(super) fn store_timelines(
    transaction: &mut WriteTransaction,
    timelines: &HashMap<UserId, Finished>,
) -> Result<(), redb::Error> {
    if timelines.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(TIMELINES)?;
    for (user, finished) in timelines {
        table.insert(user.0, codec::encode_timeline(finished).as_slice())?;
    }
    Ok(())
}
