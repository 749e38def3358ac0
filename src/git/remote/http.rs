//! Fetching over HTTP.

use std::path::PathBuf;
use std::rc::Rc;

use gix::ObjectId;
use gix::remote::fetch::{Status, Tags};
use gix::remote::{Direction, ref_map};
use tokio::runtime::Handle;

use super::super::error::{Large, cause, fault_of_disk};
use super::super::pack::{self, PackError};
use super::super::repository::{of_name, options, to_name};
use super::super::{GitError, Limits, Remote, Repository};
use super::exchange::{NAMELESS, Wire, transport};
use super::watch::Watch;
use crate::domain::ids::ObjectName;
use crate::outgoing::Address;

pub(super) fn fetch(
    repository: &Repository,
    remote: &Remote,
    address: &Address,
    is_host_allowed: bool,
    runtime: &Handle,
    watch: &Watch<'_>,
) -> Result<Option<ObjectName>, GitError> {
    let wire = Wire::new(remote, address, is_host_allowed, runtime, watch)?;
    let have = repository.fetched_head()?.map(of_name);
    // Of its own, because the remote has limits of its own.
    let objects = options(remote.limits.object_bytes_max).open_path_as_is(true).open(repository.folder());
    let objects = objects.map_err(GitError::of_own_copy)?.to_thread_local();
    let received = receive(&objects, remote, &wire).map_err(|error| wire.explain(&error))?;
    let Some(Received { head, files }) = received else { return Ok(None) };
    match require_whole(&objects, head, have, remote, watch) {
        Ok(()) => Ok(Some(to_name(head))),
        Err(error) => {
            repository.forget(&files)?;
            Err(error)
        }
    }
}

/// What a remote sent.
struct Received {
    head: ObjectId,
    /// The pack's, if there was one.
    files: Vec<PathBuf>,
}

/// `None`: the branch is not there.
fn receive(objects: &gix::Repository, remote: &Remote, wire: &Rc<Wire<'_>>) -> gix::Result<Option<Received>> {
    let branch = remote.branch.reference();
    let asked =
        objects.remote_at(NAMELESS)?.with_fetch_tags(Tags::None).with_refspecs([branch.as_str()], Direction::Fetch)?;
    let mut connection = asked.to_connection_with_transport(transport(wire)?).with_credentials(|_| Ok(None));
    // Else they would be looked for in configurations.
    connection.set_transport_options(Box::new(()));
    let prepared = connection.prepare_fetch(gix::progress::Discard, ref_map::Options::default())?;
    let refs = prepared.ref_map().remote_refs.iter().map(gix::protocol::handshake::Ref::unpack);
    let head = refs.filter(|(name, ..)| *name == branch.as_str()).find_map(|(_, object, peeled)| object.or(peeled));
    let Some(head) = head.map(ToOwned::to_owned) else { return Ok(None) };
    let outcome = prepared.receive(gix::progress::Discard, wire.watch.flag())?;
    let files = match outcome.status {
        Status::NoPackReceived { .. } => Vec::new(),
        Status::Change { write_pack_bundle: pack, .. } => {
            if let Some(keep) = &pack.keep_path {
                // A second fetch may have removed it.
                let _ = std::fs::remove_file(keep);
            }
            [pack.data_path, pack.index_path].into_iter().flatten().collect()
        }
    };
    Ok(Some(Received { head, files }))
}

/// Whether all of what the head needs has come. A remote that sends half of it would otherwise make the own copy look
/// damaged.
fn require_whole(
    objects: &gix::Repository,
    head: ObjectId,
    have: Option<ObjectId>,
    remote: &Remote,
    watch: &Watch<'_>,
) -> Result<(), GitError> {
    let have: Vec<_> = have.into_iter().collect();
    match pack::plan(objects, &[head], &have, remote.limits.files_max, &|| watch.is_over()) {
        Ok(_) => Ok(()),
        Err(PackError::Stopped) => Err(watch.reason().unwrap_or(GitError::Interrupted)),
        Err(PackError::TooManyFiles(files_max)) => Err(GitError::TooManyFiles { folder: String::new(), files_max }),
        Err(PackError::Objects(error)) => Err(of_remote(&error, &remote.limits)),
    }
}

/// What failed with objects that somebody else sent.
pub(super) fn of_remote(error: &gix::Error, limits: &Limits) -> GitError {
    if let Some(fault) = fault_of_disk(error) {
        return fault;
    }
    if error.is_resource_exhausted() {
        return GitError::TooLarge { what: Large::Object, bytes_max: limits.object_bytes_max };
    }
    GitError::not_git(&cause(error))
}
