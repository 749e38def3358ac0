//! A bench that is several processes: it starts itself again for each server, so that no server shares anything with
//! the client.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A server process. It ends when its standard input does, or is told to.
pub struct Role {
    pub child: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Role {
    /// Starts a command that is a server and prints where it is.
    pub fn start(command: &mut Command) -> Role {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = child.stdout.take().map(BufReader::new);
        Role { child, lines }
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.as_mut().unwrap().read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the server ended: {line}");
        line.trim_end().to_owned()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// This program, with an argument that `main` goes by.
pub fn this(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments);
    command
}

/// Waits for the end of the standard input.
pub fn until_told() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
