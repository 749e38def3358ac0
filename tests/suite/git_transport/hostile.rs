//! Remotes that mean harm, or are broken: each ends with an error that says so, within its limits.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use codexmiroir::domain::lang::Lang;
use codexmiroir::git::{GitError, Large, Limits};

use super::{Pair, address, name, short_limits};
use crate::git_host::{Behaviour, commit_there, git, git_command};

/// Answers every connection by a function, which gets the request's first line after its head and body were read.
fn server(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        thread::scope(|scope| {
            for stream in listener.incoming() {
                let (answer, mut stream) = (&answer, stream.unwrap());
                scope.spawn(move || {
                    if let Ok(first) = request(&stream) {
                        // Whoever goes away before the end does so because of a limit.
                        let _ = answer(&first, &mut stream);
                    }
                });
            }
        });
    });
    host
}

fn request(stream: &TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first)?;
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    Ok(first)
}

/// Waits without asking for anything.
fn pause(duration: Duration) {
    let (_held, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(duration);
}

const ADVERTISEMENT: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n";

const RESULT: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\n";

fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// What a fetch from a server comes to that answers so, and how long it took.
fn fetched(limits: Limits, host: &str) -> (GitError, Duration) {
    let mut pair = Pair::new();
    pair.remote.address = address(&format!("http://{host}/tasks.git"), host);
    pair.remote.limits = limits;
    let began = Instant::now();
    (pair.fetch().unwrap_err(), began.elapsed())
}

#[test]
fn nobody_holds_up_a_fetch_longer_than_its_limits() {
    let limits = Limits { advertisement: Duration::from_secs(1), transfer: Duration::from_secs(2), ..short_limits() };
    let hangs = server(|_, _| {
        pause(Duration::from_secs(20));
        Ok(())
    });
    let drips_head = server(|_, stream| {
        loop {
            stream.write_all(b"H")?;
            pause(Duration::from_millis(50));
        }
    });
    let drips_body = server(|_, stream| {
        // A line that is about to become long.
        stream.write_all(format!("{ADVERTISEMENT}Content-Length: 100000\r\n\r\nfff0").as_bytes())?;
        loop {
            stream.write_all(b"x")?;
            pause(Duration::from_millis(50));
        }
    });
    for host in [hangs, drips_head, drips_body] {
        let (error, took) = fetched(limits, &host);
        assert_eq!(error, GitError::TooSlow { seconds: 1 });
        assert!(took < Duration::from_secs(8), "{took:?}");
    }
    let mut pair = Pair::new();
    pair.remote.limits = limits;
    pair.host.behave(Behaviour::Drips);
    assert_eq!(pair.fetch(), Err(GitError::TooSlow { seconds: 1 }));
}

#[test]
fn a_pack_that_drips_ends_with_the_whole_transfer() {
    let limits = Limits { advertisement: Duration::from_secs(5), transfer: Duration::from_secs(2), ..short_limits() };
    let refs = advertised(&"1".repeat(40));
    let host = server(move |request, stream| {
        if request.starts_with("GET") {
            return stream.write_all(refs.as_bytes());
        }
        stream.write_all(format!("{RESULT}\r\n0008NAK\nfff0\x01PACK\0\0\0\x02\0\0\0\x01").as_bytes())?;
        loop {
            stream.write_all(b"x")?;
            pause(Duration::from_millis(50));
        }
    });
    let (error, took) = fetched(limits, &host);
    assert_eq!(error, GitError::TooSlow { seconds: 2 });
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn whoever_wants_it_to_stop_does_not_wait() {
    let pair = Pair::new();
    let commit = pair.commit(None, &[("a", Some("1"))]);
    for is_push in [false, true] {
        pair.host.behave(Behaviour::Hangs);
        pair.stop.store(false, Ordering::Relaxed);
        let asked = pair.host.requests().len();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| match is_push {
                false => pair.fetch().unwrap_err(),
                true => match pair.push(None, commit).unwrap_err() {
                    codexmiroir::git::PushError::NotSent(error) => error,
                    other => panic!("{other:?}"),
                },
            });
            while pair.host.requests().len() == asked {
                thread::yield_now();
            }
            let began = Instant::now();
            pair.stop.store(true, Ordering::Relaxed);
            assert_eq!(waiting.join().unwrap(), GitError::Interrupted);
            assert!(began.elapsed() < Duration::from_secs(3));
        });
    }
}

#[test]
fn what_never_ends_is_cut_off() {
    let endless_refs = server(|_, stream| {
        stream.write_all(format!("{ADVERTISEMENT}\r\n").as_bytes())?;
        stream.write_all(line("# service=git-upload-pack\n").as_bytes())?;
        stream.write_all(b"0000")?;
        let first = format!("{} HEAD\0 side-band-64k ofs-delta\n", "1".repeat(40));
        stream.write_all(line(&first).as_bytes())?;
        let many = line(&format!("{} refs/heads/{}\n", "1".repeat(40), "x".repeat(100))).repeat(500);
        loop {
            stream.write_all(many.as_bytes())?;
        }
    });
    let limits = Limits { advertisement_bytes_max: 1 << 20, ..short_limits() };
    let (error, _) = fetched(limits, &endless_refs);
    assert_eq!(error, GitError::TooLarge { what: Large::Advertisement, bytes_max: 1 << 20 });
    let endless_head = server(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        let many = "X-Filler: x\r\n".repeat(1_000);
        loop {
            stream.write_all(many.as_bytes())?;
        }
    });
    let (error, took) = fetched(short_limits(), &endless_head);
    assert!(matches!(error, GitError::Unreachable { .. }) && took < Duration::from_secs(10), "{error:?} {took:?}");
}

#[test]
fn garbage_is_not_taken_for_git() {
    for body in [
        String::new(),
        "<html>Welcome</html>".to_owned(),
        "zzzz".to_owned(),
        "ffff".to_owned(),
        "0003".to_owned(),
        line("version 2\n"),
        format!("{}0000", line("version 2\n")),
        format!("{}0000{}0000", line("# service=git-upload-pack\n"), line("nonsense\n")),
        format!("{}0000{}0000", line("# service=git-receive-pack\n"), line("version 2\n")),
        format!("{}0000{}0000", line("# service=git-upload-pack\n"), line("\0\0\0\n")),
        line("ERR no such thing\n"),
        "\u{1f980}".repeat(100),
    ] {
        let shown = body.clone();
        let host = server(move |_, stream| {
            let length = body.len();
            stream.write_all(
                format!("{ADVERTISEMENT}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").as_bytes(),
            )
        });
        let (error, _) = fetched(short_limits(), &host);
        assert!(matches!(error, GitError::NotGit { .. }), "{shown:?}: {error:?}");
    }
    let page = server(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")
    });
    assert!(matches!(fetched(short_limits(), &page).0, GitError::NotGit { .. }));
    let no_http = server(|_, stream| stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n"));
    assert!(matches!(fetched(short_limits(), &no_http).0, GitError::Unreachable { .. }));
}

/// The whole answer of a server whose one branch stands at a commit.
fn advertised(commit: &str) -> String {
    let can = "multi_ack_detailed no-done side-band-64k ofs-delta";
    let first = line(&format!("{commit} refs/heads/main\0 {can}\n"));
    let refs = format!("{}0000{first}0000", line("# service=git-upload-pack\n"));
    format!("{ADVERTISEMENT}Content-Length: {}\r\nConnection: close\r\n\r\n{refs}", refs.len())
}

/// A server that has one branch and sends this pack for it.
fn sender(commit: &str, pack: Vec<u8>) -> String {
    let refs = advertised(commit);
    server(move |request, stream| {
        if request.starts_with("GET") {
            return stream.write_all(refs.as_bytes());
        }
        let mut body = b"0008NAK\n".to_vec();
        for piece in pack.chunks(60_000) {
            body.extend_from_slice(format!("{:04x}\x01", piece.len() + 5).as_bytes());
            body.extend_from_slice(piece);
        }
        body.extend_from_slice(b"0000");
        stream.write_all(format!("{RESULT}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()).as_bytes())?;
        stream.write_all(&body)
    })
}

#[test]
fn half_a_history_and_a_broken_pack_are_not_believed() {
    let mut pair = Pair::new();
    let theirs = pair.theirs();
    let commit = commit_there(&theirs, &[("a/1", "one\n")], "first");
    let packed = |objects: &[&str]| {
        let mut child = git_command(&theirs, &["pack-objects", "--stdout", "-q"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all((objects.join("\n") + "\n").as_bytes()).unwrap();
        child.wait_with_output().unwrap().stdout
    };
    let object = |of: &str| git(&theirs, &["rev-parse", of]);
    let (root, folder, file) = (object("main^{tree}"), object("main:a"), object("main:a/1"));
    let whole = packed(&[&commit, &root, &folder, &file]);
    let mut broken = whole.clone();
    broken[20] ^= 0xff;
    let honest = pair.remote.address.clone();
    for pack in [
        packed(&[&commit]),
        packed(&[&commit, &root, &folder]),
        packed(&[&commit, &root, &file]),
        packed(&[&root, &folder, &file]),
        broken,
        whole[..whole.len() / 2].to_vec(),
        b"PACK\0\0\0\x02\xff\xff\xff\xff".to_vec(),
        b"PACK\0\0\0\x09\0\0\0\x01".to_vec(),
        Vec::new(),
    ] {
        let host = sender(&commit, pack);
        pair.remote.address = address(&format!("http://{host}/tasks.git"), &host);
        let fetched = pair.fetch();
        assert!(matches!(fetched, Err(GitError::NotGit { .. } | GitError::TooLarge { .. })), "{fetched:?}");
        assert_eq!(pair.ours.fetched_head(), Ok(None));
        assert!(!pair.ours.has_commit(name(&commit)));
    }
    let left = std::fs::read_dir(pair.root.path().join("ours/objects/pack")).unwrap().count();
    assert_eq!(left, 0);
    let host = sender(&commit, whole);
    pair.remote.address = address(&format!("http://{host}/tasks.git"), &host);
    assert_eq!(pair.fetch(), Ok(Some(name(&commit))));
    pair.remote.address = honest;
    assert_eq!(pair.fetch(), Ok(Some(name(&commit))));
}

/// A pack of these objects: what kind each is of, how far before it the one is that it is told by, and its content.
fn pack_of(objects: &[(u8, Option<usize>, Vec<u8>)]) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend_from_slice(&u32::try_from(objects.len()).unwrap().to_be_bytes());
    let mut places = Vec::new();
    for (index, (kind, told_by, content)) in objects.iter().enumerate() {
        places.push(pack.len());
        let mut length = content.len() >> 4;
        let mut byte = (kind << 4) | (content.len().to_le_bytes()[0] & 0x0f);
        while length > 0 {
            pack.push(byte | 0x80);
            byte = length.to_le_bytes()[0] & 0x7f;
            length >>= 7;
        }
        pack.push(byte);
        if let Some(back) = told_by {
            // The first digit of a distance is the last byte, and each byte before it says one less.
            let mut distance = places[index] - places[index - back];
            let mut bytes = vec![distance.to_le_bytes()[0] & 0x7f];
            distance >>= 7;
            while distance > 0 {
                distance -= 1;
                bytes.push(0x80 | (distance.to_le_bytes()[0] & 0x7f));
                distance >>= 7;
            }
            pack.extend(bytes.iter().rev());
        }
        let mut packed = flate2::write::ZlibEncoder::new(&mut pack, flate2::Compression::fast());
        packed.write_all(content).unwrap();
        packed.finish().unwrap();
    }
    // Nobody comes as far as to look at it.
    pack.extend_from_slice(&[0; 20]);
    pack
}

#[test]
fn a_few_kilobytes_do_not_take_all_memory() {
    const BYTES: usize = 16 << 20;
    // The same length twice, in sevens of bits. What is to be copied is never looked at.
    let same = [0x80, 0x80, 0x80, 0x08].repeat(2);
    // So much comes that there is time for all of it.
    let mut objects = vec![(3, None, super::kept::noise(1, 4 << 20).into_bytes()), (3, None, vec![0; BYTES])];
    // Each tells two, so that it has to be kept until the second is told.
    for level in 0..40 {
        let back = if level == 0 { 1 } else { 2 };
        objects.push((6, Some(back), same.clone()));
        objects.push((6, Some(back + 1), same.clone()));
    }
    objects.pop();
    let host = sender(&"1".repeat(40), pack_of(&objects));
    let limits = short_limits();
    let (error, _) = fetched(limits, &host);
    assert_eq!(error, GitError::TooLarge { what: Large::Pack, bytes_max: limits.pack_bytes_max });

    // One that says that it becomes larger than an object may be.
    let mut large = vec![0x80, 0x80, 0x80, 0x08];
    large.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x01]);
    let host = sender(&"1".repeat(40), pack_of(&[(3, None, vec![0; BYTES]), (6, Some(1), large)]));
    let (error, _) = fetched(limits, &host);
    assert_eq!(error, GitError::TooLarge { what: Large::Object, bytes_max: limits.object_bytes_max });

    // More objects than there is room to count.
    let host = sender(&"1".repeat(40), b"PACK\0\0\0\x02\x10\0\0\0".to_vec());
    let (error, _) = fetched(limits, &host);
    assert_eq!(error, GitError::TooLarge { what: Large::Pack, bytes_max: limits.pack_bytes_max });
}

#[test]
fn a_few_kilobytes_do_not_keep_a_processor_busy() {
    const BYTES: usize = 16 << 20;
    let same = [0x80, 0x80, 0x80, 0x08].repeat(2);
    // Many that are told by one: to put each together takes its time.
    let mut wide = vec![(3, None, vec![0; BYTES])];
    wide.extend((1..=100).map(|back| (6, Some(back), same.clone())));
    // Or each by the one before: small ones, but the last takes all of them whenever it is read.
    let mut deep = vec![(3, None, vec![0; 1024])];
    deep.extend((0..20_000).map(|_| (6, Some(1), [0x80, 0x08].repeat(2))));
    for objects in [wide, deep] {
        let host = sender(&"1".repeat(40), pack_of(&objects));
        let (error, _) = fetched(Limits::default(), &host);
        assert_eq!(error, GitError::TooMuchWork);
        assert!(error.text(Lang::En).contains("git repack") && error.text(Lang::De).contains("git repack"));
    }
}
