//! Processes whose time and memory are measured.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a process goes on between two looks at its peak.
const LOOK: Duration = Duration::from_millis(3);

/// What a process took, and what it printed.
pub struct Taken {
    pub seconds: f64,
    /// Bytes that were resident at most.
    pub peak: u64,
    pub said: String,
}

/// Runs what must succeed, and says little.
pub fn run(command: &mut Command) -> Taken {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let (ends, ended) = channel();
    std::thread::spawn(move || {
        let mut said = String::new();
        out.read_to_string(&mut said).unwrap();
        let _ = ends.send(said);
    });
    let mut peak = 0;
    let said = loop {
        peak = peak.max(peak_of(child.id()));
        match ended.recv_timeout(LOOK) {
            Ok(said) => break said,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("what {command:?} printed cannot be read"),
        }
    };
    let status = child.wait().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}: {status}, {said}");
    Taken { seconds, peak, said }
}

/// The most that a process had resident, in bytes; nothing once it ended.
fn peak_of(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

/// The program as a server, which ends with this.
pub struct Serving {
    child: Child,
    pub address: SocketAddr,
    _out: BufReader<ChildStdout>,
}

impl Serving {
    pub fn start(command: &mut Command) -> Serving {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Serving { child, address, _out: out }
    }

    /// The most that it had resident since this was last asked, in bytes.
    pub fn take_peak(&self) -> u64 {
        let peak = peak_of(self.child.id());
        // "5" begins the count of the peak anew (proc_pid_clear_refs(5)).
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        peak
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
