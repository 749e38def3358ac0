//! Making a backup, piece by piece: memory holds one piece and the list of members, however much there is.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::container::Writer;
use super::manifest::{
    BasisLine, HEAD_MEMBER, Head, MANIFEST_MEMBER, Manifest, RemovedLine, SECRETS_MEMBER, SUM_MEMBER, UserLine,
};
use super::rows::{self, AccountRow, ChangeRow, DocumentRow, RemoteTokenRow, TimelineRow};
use super::{PIECE_BYTES, member_of, piece_of};
use crate::domain::ids::{FileName, Generation, UserId};
use crate::domain::lang::Phrase;
use crate::secrets::passphrase::{PASSPHRASE_CHARS_MIN, lock};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::memo::Memo;
use crate::service::passwords::hash_in;
use crate::service::planners::{Desk, Interrupted};
use crate::service::{Service, Streamed, read};
use crate::store::{AccountState, Finished, Moment, StoreError};

/// A backup on its way.
pub struct Backup {
    service: Arc<Service>,
    /// Away while a piece is made.
    making: Option<Box<Making>>,
    created_at: DateTime<Utc>,
}

/// What comes next.
enum Stage {
    Head,
    /// The user after this one.
    User(Option<UserId>),
    /// This user's account, with its timeline.
    Account(Box<AccountState>, Option<Planned>),
    /// The documents after this one, as the piece of that number.
    Documents(Whose, Option<FileName>, u64),
    /// The changes after this moment, as the piece of that number.
    History(Whose, Option<Moment>, u64),
    Secrets,
    End,
    Done,
}

/// Whose rows are read, as of which generation, and what was found so far.
struct Whose {
    user: UserId,
    generation: Generation,
    line: UserLine,
}

/// A timeline, and an instant at which it was right.
struct Planned {
    finished: Finished,
    at: DateTime<Utc>,
}

struct Making {
    stage: Stage,
    writer: Writer,
    manifest: Manifest,
    created_at: DateTime<Utc>,
    passphrase: Option<Zeroizing<String>>,
    /// Of users' own repositories; only where there is a passphrase for them.
    tokens: Vec<RemoteTokenRow>,
}

impl Service {
    /// Begins a backup of everything. With a passphrase the tokens of users' own repositories are in it, encrypted.
    ///
    /// # Errors
    /// The passphrase is too short.
    pub fn backup(self: &Arc<Self>, passphrase: Option<Zeroizing<String>>) -> Result<Backup, ServiceError> {
        if passphrase.as_ref().is_some_and(|text| text.chars().count() < PASSPHRASE_CHARS_MIN) {
            let expected = Phrase { en: "at least 12 characters long", de: "mindestens 12 Zeichen lang" };
            return Err(Refusal::field("passphrase", Fault::Malformed { expected }).into());
        }
        let created_at = self.clock.now();
        let seconds = u64::try_from(created_at.timestamp()).unwrap_or_default();
        let making = Making {
            stage: Stage::Head,
            writer: Writer::new(seconds).map_err(unwritten)?,
            manifest: Manifest::default(),
            created_at,
            passphrase,
            tokens: Vec::new(),
        };
        Ok(Backup { service: self.clone(), making: Some(Box::new(making)), created_at })
    }

    /// The account and its timeline at one generation: the materialized one if it is current, else one that is made now.
    /// `None` when the user is not there any more.
    async fn standing(self: &Arc<Self>, user: UserId) -> Result<Option<(AccountState, Option<Planned>)>, ServiceError> {
        let service = self.clone();
        let look = move || {
            let Some(mut state) = service.store.account_state(user)? else { return Ok(None) };
            let (at, basis, generation) = (service.clock.now(), service.rules.basis(), state.head.generation);
            let hot = || service.store.published().peek(user).map(|entry| entry.finished.clone());
            let is_right =
                |finished: &Finished| finished.generation == generation && finished.is_current(generation, basis, at);
            let kept = state.timeline.take().filter(is_right).or_else(|| hot().filter(is_right));
            Ok(Some((state, kept.map(|finished| Planned { finished, at }))))
        };
        let found = read(look).await?;
        if !matches!(found, Some((_, None))) {
            return Ok(found);
        }
        let service = self.clone();
        let plan = move |desk: &mut Desk| -> Result<_, ServiceError> {
            let Some((state, snapshot)) = service.store.account_state_and_snapshot(user)? else { return Ok(None) };
            let at = service.clock.now();
            let planned = service.plan_at((desk, &service.rules.book()), &mut Memo::default(), user, &snapshot, at);
            // A plan that the clock cut another time may be another one: then there is none to compare with.
            let finished = planned.is_certain.then(|| planned.entry.finished.clone());
            Ok(Some((state, finished.map(|finished| Planned { finished, at }))))
        };
        self.planners.run(user, plan).await?
    }
}

impl Backup {
    /// When it was begun.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }
}

impl Streamed for Backup {
    async fn next(&mut self) -> Result<Option<Bytes>, ServiceError> {
        loop {
            let Some(mut making) = self.making.take() else { return Err(Interrupted.into()) };
            if let Stage::Done = making.stage {
                self.making = Some(making);
                return Ok(None);
            }
            if let Stage::User(after) = making.stage {
                making.stage = self.next_user(after).await?;
            }
            let service = self.service.clone();
            let step = move || {
                let piece = making.step(&service)?;
                Ok((making, piece))
            };
            let (making, piece) = read(step).await?;
            self.making = Some(making);
            if !piece.is_empty() {
                return Ok(Some(piece.into()));
            }
        }
    }
}

impl Backup {
    async fn next_user(&self, mut after: Option<UserId>) -> Result<Stage, ServiceError> {
        loop {
            let service = self.service.clone();
            let Some(user) = read(move || Ok(service.store.next_user(after)?)).await? else {
                return Ok(Stage::Secrets);
            };
            match self.service.standing(user).await? {
                // It may go away again, and a backup that has it would say that it happened.
                Some((state, _)) if !state.is_durable => {
                    return Err(
                        StoreError::Unknown("what was last changed is not on disk for certain".to_owned()).into()
                    );
                }
                Some((state, planned)) => return Ok(Stage::Account(Box::new(state), planned)),
                None => after = Some(user),
            }
        }
    }
}

/// Writing into memory fails only for what no archive can hold, which none of it is.
#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
fn unwritten(error: io::Error) -> ServiceError {
    StoreError::Read(error.to_string()).into()
}

impl Making {
    /// Makes the next piece; the bytes of it that are ready.
    fn step(&mut self, service: &Service) -> Result<Vec<u8>, ServiceError> {
        let next = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Head => self.head(service)?,
            Stage::Account(state, planned) => self.account(service, &state, planned)?,
            Stage::Documents(whose, after, number) => self.documents(service, whose, after.as_ref(), number)?,
            Stage::History(whose, after, number) => self.history(service, whose, after, number)?,
            Stage::Secrets => self.secrets(service)?,
            Stage::End => return self.end(),
            stage @ (Stage::User(_) | Stage::Done) => stage,
        };
        self.stage = next;
        Ok(self.writer.take())
    }

    fn append(&mut self, name: &str, content: &[u8]) -> Result<(), ServiceError> {
        self.writer.append(name, content).map_err(unwritten)
    }

    fn head(&mut self, service: &Service) -> Result<Stage, ServiceError> {
        let next_user = service.store.next_user_id()?.0;
        let parts = service.rules.book().parts().clone();
        let head = Head::new(self.created_at, service.store.incarnation(), next_user, parts);
        self.append(HEAD_MEMBER, &json(&head))?;
        Ok(Stage::User(None))
    }

    fn account(
        &mut self,
        service: &Service,
        state: &AccountState,
        planned: Option<Planned>,
    ) -> Result<Stage, ServiceError> {
        let (id, name) = (state.user.id, state.user.name.as_str());
        let hash = state.credential.as_deref().map(|kept| hash_in(&service.keyring, id, kept));
        if let Some(None) = hash {
            self.manifest.passwords_lost.push(name.to_owned());
        }
        if let Some(sealed) = state.remote.as_ref().and_then(|remote| remote.sealed_token.as_deref()) {
            let opened = self.passphrase.as_ref().and_then(|_| service.keyring.open_token(id, sealed).ok());
            match opened {
                Some(token) => {
                    self.tokens.push(RemoteTokenRow(id.0, token.to_string()));
                    self.manifest.tokens_locked.push(name.to_owned());
                }
                None => self.manifest.tokens_left_out.push(name.to_owned()),
            }
        }
        let row = planned
            .as_ref()
            .map(|Planned { finished, at }| TimelineRow { basis: finished.basis.0, at: at.timestamp_millis() });
        let password = hash.flatten().map(|hash| hash.to_string());
        let account = rows::encode(&AccountRow::of(state, password, row));
        self.append(&member_of(id.0, "account"), &account)?;
        if let Some(Planned { finished, .. }) = planned {
            self.append(&member_of(id.0, "timeline.json"), &finished.body)?;
        }
        let generation = state.head.generation;
        let line = UserLine { id: id.0, name: name.to_owned(), generation: generation.0, documents: 0, changes: 0 };
        Ok(Stage::Documents(Whose { user: id, generation, line }, None, 0))
    }

    fn documents(
        &mut self,
        service: &Service,
        mut whose: Whose,
        after: Option<&FileName>,
        number: u64,
    ) -> Result<Stage, ServiceError> {
        let (user, generation) = (whose.user, whose.generation);
        let piece = service.store.list_documents_from(user, generation, after, PIECE_BYTES)?;
        let Some(piece) = piece else { return Ok(self.removed(whose)) };
        let mut number = number;
        if !piece.documents.is_empty() {
            whose.line.documents += piece.documents.len() as u64;
            let rows: Vec<_> = piece.documents.into_iter().map(DocumentRow::of).collect();
            self.append(&piece_of(user.0, "documents", number), &rows::encode(&rows))?;
            number += 1;
        }
        Ok(match piece.next {
            Some(next) => Stage::Documents(whose, Some(next), number),
            None => Stage::History(whose, None, 0),
        })
    }

    fn history(
        &mut self,
        service: &Service,
        mut whose: Whose,
        after: Option<Moment>,
        number: u64,
    ) -> Result<Stage, ServiceError> {
        let (user, generation) = (whose.user, whose.generation);
        let Some(changes) = service.store.list_history_from(user, generation, after, PIECE_BYTES)? else {
            return Ok(self.removed(whose));
        };
        let Some(last) = changes.last().map(|last| Moment(last.generation.0, last.index)) else {
            self.manifest.users.push(whose.line);
            return Ok(Stage::User(Some(user)));
        };
        whose.line.changes += changes.len() as u64;
        let rows: Vec<_> = changes.into_iter().map(ChangeRow::of).collect();
        self.append(&piece_of(user.0, "history", number), &rows::encode(&rows))?;
        Ok(Stage::History(whose, Some(last), number + 1))
    }

    /// Goes on after a user who was removed while the rows were read.
    fn removed(&mut self, Whose { user, line, .. }: Whose) -> Stage {
        self.tokens.retain(|token| token.0 != line.id);
        let named = |name: &String| *name != line.name;
        self.manifest.passwords_lost.retain(named);
        self.manifest.tokens_locked.retain(named);
        self.manifest.tokens_left_out.retain(named);
        self.manifest.removed.push(RemovedLine { id: line.id, name: line.name });
        Stage::User(Some(user))
    }

    fn secrets(&mut self, service: &Service) -> Result<Stage, ServiceError> {
        self.manifest.bases = service.store.list_bases()?.iter().map(BasisLine::of).collect();
        if let Some(passphrase) = self.passphrase.take() {
            let plain = Zeroizing::new(rows::encode(&std::mem::take(&mut self.tokens)));
            let locked = lock(&passphrase, &plain).map_err(unwritten)?;
            self.append(SECRETS_MEMBER, &locked)?;
        }
        Ok(Stage::End)
    }

    fn end(&mut self) -> Result<Vec<u8>, ServiceError> {
        self.manifest.members = std::mem::take(&mut self.writer.members);
        let manifest = json(&self.manifest);
        self.append(MANIFEST_MEMBER, &manifest)?;
        let sum = self.writer.members.last().map(|member| member.sha256.clone()).unwrap_or_default();
        // As `sha256sum --check` reads it.
        self.append(SUM_MEMBER, format!("{sum}  {MANIFEST_MEMBER}\n").as_bytes())?;
        let empty = Writer::new(0).map_err(unwritten)?;
        std::mem::replace(&mut self.writer, empty).finish().map_err(unwritten)
    }
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The name that a backup of this instant has unless another is asked for: names sort as their instants.
pub fn file_name(at: DateTime<Utc>) -> String {
    at.format("codexmiroir-%Y%m%dT%H%M%SZ.tar.zst").to_string()
}
