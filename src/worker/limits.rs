//! What a worker may use of the machine. It gives the rest up itself, before it reads anything.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
#[cfg(target_os = "linux")]
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::time::{ClockId, clock_gettime};

use crate::metrics::of_process;

/// What a worker stays under, whatever a script does: its data, its stack and what is mapped of the program itself.
pub const MEMORY_BYTES_MAX: u64 = 256 << 20;
const STACK_BYTES_MAX: u64 = 8 << 20;
/// What is written to, but for the stack; the program itself has the remaining 40 MiB.
const DATA_BYTES_MAX: u64 = MEMORY_BYTES_MAX - STACK_BYTES_MAX - (40 << 20);
/// What may be in use before the first question. An allocator that takes much at once could go on using it
/// whatever the limit says.
const DATA_BYTES_AT_START: u64 = 48 << 20;
/// For one question. The wall clock is shorter; this ends a worker whose server hangs.
const CPU_SECONDS_MAX: u64 = 4;
/// How much more often others have the processor when there is not enough of it.
const NICENESS: i32 = 5;
/// Standard input, output and error.
const FILES: u64 = 3;

/// What the allocator is told by the environment of a worker: to take memory as it is needed. Its usual first grip of a
/// gigabyte would leave no limit to the data.
pub(super) const ALLOCATOR: (&str, &str) = ("MIMALLOC_ARENA_EAGER_COMMIT", "0");

/// Gives up what a worker does not need. All of it is for good, but for the processor's time.
///
/// # Errors
/// A sentence with what could not be limited; nothing may be run then.
pub(super) fn apply() -> Result<(), String> {
    // Where the machine runs out of memory, a worker goes before everything else. Some systems do not have it.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let data = data_in_use().map_err(|error| format!("cannot tell how much memory is in use: {error}"))?;
    if data > DATA_BYTES_AT_START {
        return Err(format!("{data} bytes are in use at the start already, too much to keep a limit"));
    }
    // Who plans with rules of one's own waits a little rather than all who read.
    let _ = setpriority_process(None, NICENESS);
    // Elsewhere it ends when its input does.
    #[cfg(target_os = "linux")]
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("cannot ask to end with the server: {error}"))?;
    let limits = [
        (Resource::Data, DATA_BYTES_MAX, "memory"),
        (Resource::Stack, STACK_BYTES_MAX, "the stack"),
        (Resource::Core, 0, "core dumps"),
        (Resource::Fsize, 0, "the size of files"),
        (Resource::Nofile, FILES, "open files"),
        // The kernel asks it of nobody who runs as root; there is nothing in a worker that starts a process either.
        (Resource::Nproc, 0, "processes"),
    ];
    for (resource, most, what) in limits {
        lower(resource, most).map_err(|error| format!("cannot limit {what}: {error}"))?;
    }
    renew_processor_time().map_err(|error| format!("cannot limit the processor's time: {error}"))
}

/// Allows the next question its time on the processor; the kernel counts from the start of the process.
pub(super) fn renew_processor_time() -> io::Result<()> {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = used + CPU_SECONDS_MAX;
    let current = Some(maximum.map_or(current, |maximum| current.min(maximum)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

/// Nobody raises what whoever started us has lowered.
fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let most = getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// The data as the kernel counts it for the limit.
fn data_in_use() -> io::Result<u64> {
    of_process("VmData").ok_or_else(|| io::Error::other("/proc/self/status does not say"))
}
