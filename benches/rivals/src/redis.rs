//! A Redis server with the same bodies as values, without persistence.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Foreign;
use super::load::Target;
use super::warm::Rival;

/// `None`, and a word about it, when it is not installed.
pub fn start(bodies: &Path) -> Option<Rival> {
    let address = free_address();
    let mut command = Command::new("redis-server");
    command.args(["--port", &address.port().to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    let role = match command.args(["--daemonize", "no"]).stdout(Stdio::null()).spawn() {
        Ok(child) => Foreign(child),
        Err(error) => {
            println!("redis-server cannot be started, so it is left out: {error}");
            return None;
        }
    };
    let mut stream = connect(address);
    let count = std::fs::read_dir(bodies).unwrap().count();
    for number in 0..count {
        let body = std::fs::read(bodies.join(number.to_string())).unwrap();
        let key = number.to_string();
        let head = format!("*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n${}\r\n", key.len(), body.len());
        stream.write_all(&[head.as_bytes(), &body, b"\r\n"].concat()).unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }
    let request = |number: usize| {
        let key = number.to_string();
        format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len()).into_bytes()
    };
    Some((
        "Redis GET".to_owned(),
        Target::learn(address, (0..count).map(request).collect(), b"$"),
        role.0.id(),
        Box::new(role),
    ))
}

/// A port that was free a moment ago.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Connects as soon as the server listens.
pub fn connect(address: SocketAddr) -> TcpStream {
    for _ in 0..200 {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(_) => std::thread::park_timeout(std::time::Duration::from_millis(25)),
        }
    }
    panic!("nothing listens at {address}");
}
