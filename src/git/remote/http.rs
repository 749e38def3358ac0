//! Fetching over HTTP.
//!
//! What is here already is told in one go, and the pack that comes is written to the disk and looked over before gix
//! takes it apart.

use std::io::{self, BufReader, Seek};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::progress::Discard;
use gix::protocol::fetch::negotiate::{Action, Round, one_round};
use gix::protocol::fetch::{Arguments, Context, Negotiate, Options, Response, Shallow, Tags, refmap};
use gix::protocol::transport::client::Capabilities;
use gix::refspec::parse::Operation;
use gix_transport::Service;
use tokio::runtime::Handle;

use super::super::error::of_remote;
use super::super::pack::{self, PackError};
use super::super::repository::{of_name, options, to_name};
use super::super::{GitError, Remote, Repository};
use super::Fetched;
use super::exchange::{Wire, agent, transport};
use super::watch::Watch;
use crate::domain::lang::Phrase;
use crate::outgoing::Address;

/// How many commits that are here are told, the newest first. Where the remote has none of them, all is sent again.
const TOLD_MAX: usize = 256;

const ANOTHER_HASH: Phrase = Phrase {
    en: "The remote's repository is one with SHA-256, which is not yet built; use one with SHA-1.",
    de: "Das Repository des Remotes verwendet SHA-256, was noch nicht gebaut ist; bitte eins mit SHA-1 nehmen.",
};

pub(super) fn fetch(
    repository: &Repository,
    remote: &Remote,
    address: &Address,
    is_host_allowed: bool,
    runtime: &Handle,
    watch: &Watch<'_>,
) -> Result<Option<Fetched>, GitError> {
    let wire = Wire::new(remote, address, is_host_allowed, runtime, watch)?;
    let have = repository.fetched_head()?.map(of_name);
    // Of its own, so that nobody else sees what is not found to be whole yet.
    let objects = options(remote.limits.object_bytes_max).open_path_as_is(true).open(repository.folder());
    let objects = objects.map_err(GitError::of_own_copy)?.to_thread_local();
    let asking = Asking { repository, objects: &objects, remote, wire, have };
    let Some((head, files)) = asking.receive()? else { return Ok(None) };
    match asking.require_whole(head) {
        Ok(()) => Ok(Some(Fetched { head: to_name(head), files })),
        Err(error) => {
            repository.forget(&files)?;
            Err(error)
        }
    }
}

struct Asking<'a> {
    repository: &'a Repository,
    objects: &'a gix::Repository,
    remote: &'a Remote,
    wire: Rc<Wire<'a>>,
    /// What was fetched last.
    have: Option<ObjectId>,
}

impl Asking<'_> {
    /// The head and the files of the pack that came, if one had to. `None`: the branch is not there.
    fn receive(&self) -> Result<Option<(ObjectId, Vec<PathBuf>)>, GitError> {
        let wire = &self.wire;
        let failed = |error| wire.explain(&error);
        let mut transport = transport(wire).map_err(failed)?;
        let nobody = |_| Ok(None);
        let mut shaken =
            gix::protocol::handshake(&mut transport, Service::UploadPack, nobody, Vec::new(), &mut Discard)
                .map_err(failed)?;
        require_known_hash(&shaken.capabilities)?;
        let branch = self.remote.branch.reference();
        let spec = gix::refspec::parse(branch.as_str().into(), Operation::Fetch).map_err(failed)?.to_owned();
        let wanted = refmap::init::Context { fetch_refspecs: vec![spec], extra_refspecs: Vec::new() };
        let refs = shaken.prepare_lsrefs_or_extract_refmap(agent(), true, wanted);
        let refs = refs.and_then(|refs| refs.fetch_blocking(Discard, &mut transport, false)).map_err(failed)?;
        let named = refs.remote_refs.iter().map(gix::protocol::handshake::Ref::unpack);
        let head = named.filter(|(name, ..)| *name == branch.as_str()).find_map(|(_, object, _)| object);
        let Some(head) = head.map(ToOwned::to_owned) else { return Ok(None) };
        if self.require_whole(head).is_ok() {
            return Ok(Some((head, Vec::new())));
        }
        let mut files = Ok(Vec::new());
        let mut told = Told { head, have: self.told().map_err(GitError::of_own_copy)? };
        let consume = |pack: &mut dyn io::BufRead, _: &mut dyn gix::progress::DynNestedProgress, _: &AtomicBool| {
            files = self.take(pack);
            Ok(files.is_ok())
        };
        let context = Context {
            handshake: &mut shaken,
            transport: &mut transport,
            user_agent: agent(),
            trace_packetlines: false,
        };
        let options = Options {
            shallow_file: self.objects.shallow_file().map_err(GitError::of_own_copy)?,
            shallow: &Shallow::NoChange,
            tags: Tags::None,
            // Half a history would end where its other half is needed.
            reject_shallow_remote: true,
        };
        let fetched = gix::protocol::fetch(&mut told, consume, Discard, wire.watch.flag(), context, options);
        let files = files?;
        // After a pack that is taken nothing else matters.
        match fetched {
            Err(error) if files.is_empty() => Err(failed(error)),
            Ok(_) | Err(_) => Ok(Some((head, files))),
        }
    }

    /// Takes a pack; gives its files.
    fn take(&self, pack: &mut dyn io::BufRead) -> Result<Vec<PathBuf>, GitError> {
        let (wire, limits) = (&self.wire, &self.remote.limits);
        let folder = self.objects.objects.store_ref().path().join("pack");
        let mut file = tempfile::tempfile_in(&folder).map_err(GitError::of_disk)?;
        self.repository.room(limits)?.fill(&mut file, |mut file| {
            io::copy(pack, &mut file).map(|_| ()).map_err(|error| match error.raw_os_error() {
                Some(_) => GitError::of_disk(error),
                None => wire.explain(&gix::Error::from_error(error)),
            })
        })?;
        file.rewind().map_err(GitError::of_disk)?;
        let stop = || wire.watch.is_over();
        let stopped = |error: GitError| wire.watch.reason().unwrap_or(error);
        let bytes = file.metadata().map_err(GitError::of_disk)?.len();
        let count = pack::inspect(&mut BufReader::new(&file), bytes, self.objects, limits.object_bytes_max, &stop)
            .map_err(|error| stopped(error.of_remote(limits)))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        file.rewind().map_err(GitError::of_disk)?;
        let mut pack = BufReader::new(file);
        let made = pack::index(self.objects, &mut pack, &folder, limits.object_bytes_max, wire.watch.flag())
            .map_err(|error| stopped(of_remote(&error, limits)))?;
        // Nobody removes packs meanwhile.
        Ok(made.taken())
    }

    fn told(&self) -> gix::Result<Vec<ObjectId>> {
        let walk = self.objects.rev_walk(self.have).all()?;
        walk.take(TOLD_MAX).map(|commit| commit.map(|commit| commit.id)).collect()
    }

    /// Whether all of what the head needs is here. A remote that sends half of it would otherwise make the own copy look
    /// damaged.
    fn require_whole(&self, head: ObjectId) -> Result<(), GitError> {
        let (watch, limits) = (self.wire.watch, &self.remote.limits);
        let have: Vec<_> = self.have.into_iter().collect();
        match pack::plan(self.objects, &[head], &have, limits.files_max, &|| watch.is_over()) {
            Ok(_) => Ok(()),
            Err(PackError::Stopped) => Err(watch.reason().unwrap_or(GitError::Interrupted)),
            Err(error) => Err(error.of_remote(limits)),
        }
    }
}

pub(super) fn require_known_hash(can: &Capabilities) -> Result<(), GitError> {
    let format = can.capability("object-format").and_then(|format| format.value().map(ToOwned::to_owned));
    if format.is_none_or(|format| format == "sha1") {
        return Ok(());
    }
    Err(GitError::Unsupported { what: ANOTHER_HASH })
}

/// What is wanted and what is here, told at once.
struct Told {
    head: ObjectId,
    have: Vec<ObjectId>,
}

impl Negotiate for Told {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<Action> {
        Ok(Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _: &[bool]) -> bool {
        arguments.want(self.head);
        true
    }

    fn one_round(
        &mut self,
        _: &mut one_round::State,
        arguments: &mut Arguments,
        _: Option<&Response>,
    ) -> gix::Result<(Round, bool)> {
        self.have.iter().for_each(|commit| arguments.have(commit));
        let told = self.have.len();
        let round = Round {
            haves_sent: told,
            in_vain: 0,
            haves_to_send: told,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
