//! Pushing over HTTP: gix has the protocol of it, but not the push.

use std::cell::RefCell;
use std::io::{BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::rc::Rc;

use gix::ObjectId;
use gix::protocol::handshake::Ref;
use gix_transport::Service;
use gix_transport::client::blocking_io::{ExtendedBufRead, Transport as _};
use gix_transport::client::{MessageKind, WriteMode};

use super::super::pack::{self, Bases, PackError};
use super::super::repository::{of_name, to_name};
use super::super::{GitError, PushError, Remote, Repository};
use super::exchange::{Transport, Wire, transport};
use super::http::require_known_hash;
use super::report::{Report, Words};
use crate::domain::ids::ObjectName;
use crate::domain::lang::Phrase;

/// The longest report that is read, in bytes; it has one line for each ref that was pushed.
const REPORT_BYTES_MAX: u64 = 64 << 10;

const NO_REPORT: Phrase = Phrase {
    en: "The remote does not tell what becomes of a push; it needs a newer Git.",
    de: "Das Remote meldet nicht, was aus einem Push wird; es braucht ein neueres Git.",
};

pub(super) fn push(
    repository: &Repository,
    remote: &Remote,
    wire: &Rc<Wire<'_>>,
    expected: Option<ObjectName>,
    new: ObjectName,
) -> Result<(), PushError> {
    let branch = remote.branch.reference();
    let mut asked = Asked::of(wire, &branch).map_err(PushError::NotSent)?;
    if asked.stands_at == Some(of_name(new)) {
        return Ok(());
    }
    if asked.stands_at.map(to_name) != expected {
        return Err(PushError::Moved { actual: asked.stands_at.map(to_name) });
    }
    let asked = &mut asked;
    let sent = repository
        .with_objects(|objects| send(objects, wire, asked, &branch, expected.map(of_name), of_name(new)))
        .map_err(|error| wire.outcome_of(error))?;
    // Nobody who wants to read here waits for the remote.
    let (report, words) = sent.read(wire).map_err(|error| wire.outcome_of(error))?;
    match report {
        Report::Done => Ok(()),
        Report::Refused { reason } => Err(refused(wire, &branch, expected, words.joined(&reason))),
        Report::Cut => Err(wire.outcome_of(GitError::not_git("the report of the push is not whole"))),
    }
}

/// A refusal because somebody was faster is told by where the branch stands now, not by words.
fn refused(wire: &Rc<Wire<'_>>, branch: &str, expected: Option<ObjectName>, reason: String) -> PushError {
    match Asked::of(wire, branch) {
        Ok(asked) if asked.stands_at.map(to_name) != expected => {
            PushError::Moved { actual: asked.stands_at.map(to_name) }
        }
        Ok(_) => PushError::Rejected { reason },
        // Which of the two it was cannot be told, and nothing was changed there.
        Err(error) => PushError::NotSent(error),
    }
}

/// A remote that was asked what it has and what it can.
struct Asked<'w> {
    transport: Transport<'w>,
    stands_at: Option<ObjectId>,
    /// All that its refs stand at.
    has: Vec<ObjectId>,
    can: Can,
}

/// What the remote says that it can.
#[derive(Clone, Copy)]
struct Can {
    side_band: bool,
    quiet: bool,
    object_format: bool,
    bases: Bases,
}

impl<'w> Asked<'w> {
    fn of(wire: &Rc<Wire<'w>>, branch: &str) -> Result<Asked<'w>, GitError> {
        let mut transport = transport(wire).map_err(|error| wire.explain(&error))?;
        let nobody = |_| Ok(None);
        let shaken = gix::protocol::handshake(
            &mut transport,
            Service::ReceivePack,
            nobody,
            Vec::new(),
            &mut gix::progress::Discard,
        );
        let shaken = shaken.map_err(|error| wire.explain(&error))?;
        let can = &shaken.capabilities;
        if !can.contains("report-status") {
            return Err(GitError::Unsupported { what: NO_REPORT });
        }
        require_known_hash(can)?;
        let can = Can {
            side_band: can.contains("side-band-64k"),
            quiet: can.contains("quiet"),
            object_format: can.contains("object-format"),
            bases: Bases { outside: !can.contains("no-thin"), by_offset: can.contains("ofs-delta") },
        };
        let refs = shaken.refs.unwrap_or_default();
        let has: Vec<_> = refs.iter().filter_map(|found| object(found).map(ToOwned::to_owned)).collect();
        let own = refs.iter().find(|found| found.unpack().0 == branch);
        Ok(Asked { transport, stands_at: own.and_then(|own| object(own).map(ToOwned::to_owned)), has, can })
    }
}

/// What a ref itself stands at, be it a tag.
fn object(found: &Ref) -> Option<&gix::oid> {
    let (_, object, _) = found.unpack();
    object
}

/// A push that was sent and not answered yet.
struct Unanswered<'a> {
    answer: Box<dyn ExtendedBufRead<'a> + Unpin + 'a>,
    branch: &'a str,
    side_band: bool,
}

fn send<'a>(
    objects: &gix::Repository,
    wire: &Wire<'_>,
    asked: &'a mut Asked<'_>,
    branch: &'a str,
    expected: Option<ObjectId>,
    new: ObjectId,
) -> Result<Unanswered<'a>, GitError> {
    let stop = || wire.watch.is_over();
    let own = |error| match error {
        PackError::Stopped => wire.watch.reason().unwrap_or(GitError::Interrupted),
        other => wire.noted().unwrap_or_else(|| other.of_own_copy()),
    };
    let planned = pack::plan(objects, &[new], &asked.has, usize::MAX, &stop).map_err(own)?;
    let can = asked.can;
    let request = asked.transport.request(WriteMode::Binary, MessageKind::Flush, false);
    let (mut request, answer) = request.map_err(|error| wire.explain(&gix::Error::from_error(error)))?.into_parts();
    let unsent = |error| wire.noted().unwrap_or_else(|| GitError::of_disk(error));
    request.write_all(&command(branch, expected, new, can)).map_err(unsent)?;
    let mut buffered = BufWriter::with_capacity(64 << 10, &mut request);
    pack::write(objects, &planned, can.bases, &mut buffered, &stop).map_err(own)?;
    buffered.flush().map_err(unsent)?;
    drop(buffered);
    // The answer is waited for only when nobody can write any more.
    drop(request);
    Ok(Unanswered { answer, branch, side_band: can.side_band })
}

/// The one line that says what is to become of the branch, and the end of such lines.
fn command(branch: &str, expected: Option<ObjectId>, new: ObjectId, can: Can) -> Vec<u8> {
    let none = ObjectId::null(gix::hash::Kind::Sha1);
    let old = expected.unwrap_or(none);
    let mut line = format!("{old} {new} {branch}\0 report-status");
    for (word, is_known) in
        [(" side-band-64k", can.side_band), (" quiet", can.quiet), (" object-format=sha1", can.object_format)]
    {
        if is_known {
            line.push_str(word);
        }
    }
    format!("{:04x}{line}0000", line.len() + 4).into_bytes()
}

impl Unanswered<'_> {
    fn read(mut self, wire: &Wire<'_>) -> Result<(Report, Words), GitError> {
        let words = Rc::new(RefCell::new(Words::default()));
        let mut report = Vec::new();
        let read = if self.side_band {
            let heard = Rc::clone(&words);
            self.answer.set_progress_handler(Some(Box::new(move |_, text| {
                heard.borrow_mut().hear(text);
                ControlFlow::Continue(())
            })));
            self.answer.by_ref().take(REPORT_BYTES_MAX).read_to_end(&mut report).map(|_| ())
        } else {
            self.lines(&mut report)
        };
        read.map_err(|error| wire.explain(&gix::Error::from_error(error)))?;
        let words = words.take();
        Ok((Report::read(&report, self.branch), words))
    }

    /// Without bands the lines of the report come by themselves.
    fn lines(&mut self, report: &mut Vec<u8>) -> std::io::Result<()> {
        while let Some(line) = self.answer.readline() {
            let line = line?.map_err(std::io::Error::other)?;
            let Some(line) = line.as_slice() else { break };
            write!(report, "{:04x}", line.len() + 4)?;
            report.extend_from_slice(line);
        }
        Ok(())
    }
}
