//! The use cases on a disk that fails: the same request again, many at once, and what readers are told.

use std::sync::Arc;

use super::Service;
use super::error::ServiceError;
use super::keyring::Keyring;
use super::tasks::{Fields, IdempotencyKey, Saved};
use crate::domain::ids::{Generation, UserId};
use crate::domain::lang::Lang;
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::store::disk::{Disk, Failing};
use crate::store::hot::Form;
use crate::store::{Origin, Scopes, Settings, Store, StoreError};

/// Every so many calls of the storage are tried; 1 tries all of them.
const STRIDE_VARIABLE: &str = "CODEXMIROIR_FAULT_STRIDE";
const STRIDE_DEFAULT: usize = 9;

/// Calls of the storage that the requests of these tests make at most, and then some.
const CALLS: u64 = 110;

fn calls() -> impl Iterator<Item = u64> {
    let stride = std::env::var(STRIDE_VARIABLE).map_or(STRIDE_DEFAULT, |stride| stride.parse().unwrap());
    (1..=CALLS).step_by(stride)
}

async fn service_on(disk: &Disk) -> (Arc<Service>, UserId) {
    let store = Store::on(disk).unwrap();
    let keyring = Keyring::for_no_passwords(&store);
    let service = Service::for_tests(store, keyring);
    let settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto };
    let user = service.add_user("lena", false, settings, None).await.unwrap();
    (service, user.id)
}

async fn create(service: &Arc<Service>, user: UserId, number: u8) -> Result<Saved, ServiceError> {
    let fields = Fields {
        kategorie: Some("arbeit".to_owned()),
        title: Some(format!("Aufgabe {number}")),
        body: Some("Belege suchen\n".repeat(100)),
        ..Fields::default()
    };
    let origin = Origin { actor: "lena".to_owned(), through: "test".into() };
    let key = IdempotencyKey { route: "POST /api/tasks", key: format!("key-{number}"), fingerprint: [number; 32] };
    service.create_task(user, origin, fields, Some(key)).await
}

/// Creates it, with the same key until that is answered.
async fn create_at_last(service: Arc<Service>, user: UserId, number: u8) -> Saved {
    loop {
        match create(&service, user, number).await {
            Ok(saved) => return saved,
            Err(ServiceError::Store(StoreError::Unknown(_) | StoreError::NotWritten(_))) => {
                // On a thread of its own: this one has the other requests to carry on with.
                let waiting = service.clone();
                tokio::task::spawn_blocking(move || waiting.store().wait_until_writable()).await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The files of all tasks, in their order.
fn files(service: &Service, user: UserId) -> Vec<String> {
    let snapshot = service.store().snapshot(user).unwrap().unwrap();
    snapshot.tasks.keys().map(|key| key.file.as_str().to_owned()).collect()
}

#[tokio::test]
async fn requests_repeated_with_their_key_happen_once() {
    for call in calls() {
        let disk = Disk::new();
        let (service, user) = service_on(&disk).await;
        disk.fail(Failing::Once(disk.calls() + call));
        let requests = (0..6).map(|number| tokio::spawn(create_at_last(service.clone(), user, number)));
        let mut created = Vec::new();
        for request in requests.collect::<Vec<_>>() {
            created.push(request.await.unwrap().file);
        }
        created.sort();
        assert_eq!(files(&service, user), created, "call {call}");
        let numbers = created.iter().map(|file| file[..4].to_owned()).collect::<Vec<_>>();
        assert_eq!(numbers, ["0000", "0001", "0002", "0003", "0004", "0005"], "call {call}: each once, none burned");
        let again = create(&service, user, 3).await.unwrap();
        assert!(again.reused && created.contains(&again.file));
        let served = service.timeline(user, false).await.unwrap();
        assert!(served.is_certain);
        assert_eq!(served.entry.finished.generation, Generation(6));
    }
}

#[tokio::test]
async fn of_a_commit_of_unknown_outcome_nothing_is_published_before_it_is_certain() {
    let mut unknown = 0;
    for call in calls() {
        let disk = Disk::new();
        let (service, user) = service_on(&disk).await;
        disk.fail(Failing::WritesForGood(disk.calls() + call));
        let mut acknowledged = 0;
        let failed = loop {
            match create(&service, user, acknowledged).await {
                Ok(_) => acknowledged += 1,
                Err(ServiceError::Store(error)) => break error,
                Err(error) => panic!("{error}"),
            }
        };
        let durable = Generation(u64::from(acknowledged));
        let is_unknown = matches!(failed, StoreError::Unknown(_));
        unknown += u32::from(is_unknown);
        assert!(!service.store().is_writable());
        let served = service.timeline(user, true).await.unwrap();
        let seen = served.entry.finished.generation;
        assert!(seen == durable || is_unknown && seen == durable.next(), "{seen} after {durable}");
        assert_eq!(served.is_certain, seen == durable, "kept by nobody before it is certain");
        assert!(service.store().published().generation(user).unwrap_or_default() <= durable);
        assert!(
            service
                .hot_timeline(user, Form::Timeline, service.clock.now())
                .is_none_or(|entry| entry.finished.generation <= durable)
        );
        // Repeated meanwhile, it is neither acknowledged nor carried out a second time.
        assert!(matches!(create(&service, user, acknowledged).await, Err(ServiceError::Store(_))));

        disk.heal();
        service.store().wait_until_writable();
        let served = service.timeline(user, false).await.unwrap();
        assert!(served.is_certain && served.entry.finished.generation >= seen, "generations never go back");
        let last = create(&service, user, acknowledged).await.unwrap();
        assert_eq!(last.reused, seen > durable);
        assert_eq!(files(&service, user).len(), usize::from(acknowledged) + 1);
    }
    assert!(unknown > 0, "no outcome was ever unknown");
}

#[tokio::test]
async fn what_a_token_grants_is_read_again_from_every_opening_of_the_database() {
    let disk = Disk::new();
    let (service, user) = service_on(&disk).await;
    let token = service.create_token("lena", Scopes::READ, "test", None).await.unwrap();
    let grant = || service.authenticate(&token).unwrap().unwrap();
    let before = grant();
    assert!(Arc::ptr_eq(&before, &grant()), "it is remembered");
    let mut seen = service.rights_seen();

    disk.fail(Failing::WritesForGood(disk.calls() + 1));
    assert!(create(&service, user, 0).await.is_err());
    let frozen = grant();
    assert!(!Arc::ptr_eq(&before, &frozen) && Arc::ptr_eq(&frozen, &grant()));
    disk.heal();
    service.store().wait_until_writable();
    assert!(!Arc::ptr_eq(&frozen, &grant()), "what the frozen database said may have gone away");
    // Whoever reads for longer looks again as well.
    service.rights_change(&mut seen).await;
}
