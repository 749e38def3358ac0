//! `/api/admin/cache`: how much room what is kept takes, and what is kept of one user's timeline and why.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::{Administering, NameInPath};
use super::respond::json;
use crate::service::inspect::{Inspection, Kept, Rebuild};
use crate::store::{Basis, Staleness};
use crate::view::json::utc;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cache")]
#[serde(rename_all = "camelCase")]
pub struct CacheJson {
    hot_map: HotMapJson,
    store: StoreJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HotMap")]
#[serde(rename_all = "camelCase")]
pub struct HotMapJson {
    entries: usize,
    bytes: u64,
    bytes_max: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Store")]
pub struct StoreJson {
    bytes: u64,
    writable: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Inspection")]
#[serde(rename_all = "camelCase")]
pub struct InspectionJson {
    name: String,
    /// The user's time zone by its IANA name, by which boundaries fall.
    time_zone: &'static str,
    generation: u64,
    committed_at: String,
    /// What a timeline must be made with to be current.
    basis: String,
    hot: Option<KeptJson>,
    materialized: Option<KeptJson>,
    served: ServedJson,
    rebuilds: Vec<RebuildJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Kept")]
#[serde(rename_all = "camelCase")]
pub struct KeptJson {
    generation: u64,
    basis: String,
    valid_from: String,
    valid_until: String,
    bytes: usize,
    /// Why it would not be served; null while it is current.
    stale: Option<&'static str>,
}

/// The timeline as the user gets it now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Served")]
#[serde(rename_all = "camelCase")]
pub struct ServedJson {
    layer: &'static str,
    generation: u64,
    valid_until: String,
    bytes: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Rebuild")]
#[serde(rename_all = "camelCase")]
pub struct RebuildJson {
    at: String,
    cause: &'static str,
    generation: u64,
    /// Microseconds.
    took_us: u64,
    tasks: usize,
    bytes: usize,
    kept: bool,
}

pub async fn room(asked: Administering) -> Result<Response, HttpError> {
    let room = asked.site.service.room().await?;
    let hot_map = HotMapJson { entries: room.hot_entries, bytes: room.hot_bytes, bytes_max: room.hot_bytes_max };
    let store = StoreJson { bytes: room.store_bytes, writable: room.is_writable };
    Ok(json(&CacheJson { hot_map, store }, None))
}

pub async fn of_user(asked: Administering, NameInPath(name): NameInPath) -> Result<Response, HttpError> {
    let inspection = asked.site.service.inspect(&name).await?;
    Ok(json(&InspectionJson::new(&inspection), None))
}

impl InspectionJson {
    fn new(inspection: &Inspection) -> InspectionJson {
        let finished = &inspection.served.entry.finished;
        InspectionJson {
            name: inspection.user.as_str().to_owned(),
            time_zone: inspection.zone.name(),
            generation: inspection.generation.0,
            committed_at: utc(inspection.committed_at),
            basis: hex(inspection.basis),
            hot: inspection.hot.as_ref().map(KeptJson::new),
            materialized: inspection.materialized.as_ref().map(KeptJson::new),
            served: ServedJson {
                layer: inspection.served.layer.as_str(),
                generation: finished.generation.0,
                valid_until: utc(finished.valid_until),
                bytes: finished.body.len(),
            },
            rebuilds: inspection.rebuilds.iter().map(RebuildJson::new).collect(),
        }
    }
}

impl KeptJson {
    fn new(kept: &Kept) -> KeptJson {
        KeptJson {
            generation: kept.generation.0,
            basis: hex(kept.basis),
            valid_from: utc(kept.valid_from),
            valid_until: utc(kept.valid_until),
            bytes: kept.bytes,
            stale: kept.stale.map(Staleness::as_str),
        }
    }
}

impl RebuildJson {
    fn new(rebuild: &Rebuild) -> RebuildJson {
        RebuildJson {
            at: utc(rebuild.at),
            cause: rebuild.cause.as_str(),
            generation: rebuild.generation.0,
            took_us: u64::try_from(rebuild.took.as_micros()).unwrap_or(u64::MAX),
            tasks: rebuild.tasks,
            bytes: rebuild.bytes,
            kept: rebuild.is_kept,
        }
    }
}

fn hex(Basis(bytes): Basis) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}
