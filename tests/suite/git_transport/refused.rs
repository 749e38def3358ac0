//! What is refused, by the remote or by us, and what is said of it.

use std::fs;

use codexmiroir::domain::lang::Lang;
use codexmiroir::git::{AddressError, Credentials, GitError, Large, Limits, Policy, PushError, Remote, RemoteAddress};

use super::{Pair, address, noise, short_limits};
use crate::git_host::{Behaviour, commit_there, git};

#[test]
fn a_status_of_the_remote_is_told_for_what_it_means() {
    let mut pair = Pair::new();
    let commit = pair.commit(None, &[("a", Some("1"))]);
    let both = |behaviour: Behaviour, error: GitError| {
        pair.host.behave(behaviour);
        assert_eq!(pair.fetch(), Err(error.clone()));
        assert_eq!(pair.push(None, commit), Err(PushError::NotSent(error)));
    };
    both(Behaviour::Status(401), GitError::Unauthorized);
    both(Behaviour::Status(403), GitError::Forbidden);
    both(Behaviour::Status(404), GitError::NoSuchRepository);
    both(Behaviour::Status(500), GitError::AnotherStatus { status: 500 });
    let elsewhere = "http://169.254.169.254/latest/".to_owned();
    both(Behaviour::Redirect(format!("{elsewhere}?token=x")), GitError::Redirected { to: elsewhere });
    pair.host.behave(Behaviour::Git);
    pair.host.let_in_only("anna", "s3cret");
    assert_eq!(pair.fetch(), Err(GitError::Unauthorized));
    let credentials = Credentials { username: "anna".to_owned(), token: "wr0ng".to_owned().into() };
    assert!(!format!("{credentials:?}").contains("wr0ng"));
    pair.remote.credentials = Some(credentials);
    assert_eq!(pair.push(None, commit), Err(PushError::NotSent(GitError::Unauthorized)));
    assert!(!format!("{:?}", pair.remote).contains("wr0ng"));
    assert_eq!(pair.host.pushes(), 0);
}

#[test]
fn nobody_is_sent_into_a_private_network() {
    let pair = Pair::new();
    let port = pair.host.host.split_once(':').unwrap().1.to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
    ] {
        let policy = Policy::default();
        let address = RemoteAddress::parse(&format!("https://{host}:{port}/tasks.git"), &policy).unwrap();
        let pair = Pair { remote: Remote { address, ..pair.remote.clone() }, ..Pair::new() };
        let refused = pair.fetch().unwrap_err();
        assert!(matches!(refused, GitError::AddressRefused { .. }), "{host}: {refused:?}");
        for lang in [Lang::En, Lang::De] {
            assert!(refused.text(lang).contains("git.allow_hosts"));
        }
    }
    assert!(pair.host.requests().is_empty());
    let refused = RemoteAddress::parse(&pair.host.repository("tasks.git"), &Policy::default());
    assert_eq!(refused, Err(AddressError::InTheClear { host: "127.0.0.1".to_owned() }));
}

#[test]
fn what_is_no_repository_is_told() {
    let mut pair = Pair::new();
    pair.remote.address = address(&pair.host.repository("none.git"), &pair.host.host);
    assert_eq!(pair.fetch(), Err(GitError::NoSuchRepository));
    let root = pair.root.path().to_owned();
    let mut by_path = |path: &std::path::Path| {
        pair.remote.address = address(path.to_str().unwrap(), "");
        pair.fetch()
    };
    assert_eq!(by_path(&root.join("none.git")), Err(GitError::NoSuchRepository));
    fs::create_dir(root.join("empty")).unwrap();
    assert!(matches!(by_path(&root.join("empty")), Err(GitError::NotGit { .. })));
    fs::write(root.join("file"), "").unwrap();
    assert_eq!(by_path(&root.join("file")), Err(GitError::NoSuchRepository));
    git(&root, &["init", "--quiet", "--bare", "--object-format=sha256", "sha256.git"]);
    assert!(by_path(&root.join("sha256.git")).is_err());
    // Nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    pair.remote.address = address(&format!("http://{free}/tasks.git"), &free);
    assert!(matches!(pair.fetch(), Err(GitError::Unreachable { .. })));
}

#[test]
fn a_repository_of_another_hash_is_refused_over_http() {
    let mut pair = Pair::new();
    let commit = pair.commit(None, &[("a", Some("1"))]);
    git(pair.root.path(), &["init", "--quiet", "--bare", "--object-format=sha256", "other.git"]);
    pair.remote.address = address(&pair.host.repository("other.git"), &pair.host.host);
    let pushed = pair.push(None, commit);
    assert!(matches!(pushed, Err(PushError::NotSent(GitError::Unsupported { .. }))), "{pushed:?}");
    assert_eq!(pair.host.pushes(), 0);
}

#[test]
fn nothing_larger_than_its_limit_is_taken_or_sent() {
    let noise = noise(700_000);
    let large = |what, bytes_max| GitError::TooLarge { what, bytes_max };
    for by_path in [false, true] {
        let make = || if by_path { Pair::new().by_path() } else { Pair::new() };
        // Three mebibytes that take three kibibytes on the way.
        let mut pair = make();
        commit_there(&pair.theirs(), &[("a", &"0".repeat(3 << 20))], "bomb");
        pair.remote.limits = Limits { object_bytes_max: 1 << 20, ..short_limits() };
        assert_eq!(pair.fetch(), Err(large(Large::Object, 1 << 20)), "{by_path}");
        assert_eq!(pair.ours.fetched_head(), Ok(None));
        pair.remote.limits = short_limits();
        assert!(pair.fetch().unwrap().is_some());

        let mut pair = make();
        let commit = commit_there(&pair.theirs(), &[("a", &noise)], "large");
        pair.remote.limits = Limits { pack_bytes_max: 100 << 10, ..short_limits() };
        assert_eq!(pair.fetch(), Err(large(Large::Pack, 100 << 10)), "{by_path}");
        assert!(!pair.ours.has_commit(super::name(&commit)));

        let mut pair = make();
        let commit = pair.commit(None, &[("a", Some(&noise))]);
        pair.remote.limits = Limits { pack_bytes_max: 100 << 10, ..short_limits() };
        assert_eq!(pair.push(None, commit), Err(PushError::NotSent(large(Large::Pack, 100 << 10))), "{by_path}");
        assert_eq!(git(&pair.theirs(), &["for-each-ref"]), "");

        let mut pair = make();
        let names: Vec<_> = (0..30).map(|index| format!("many/{index}")).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
        commit_there(&pair.theirs(), &files, "many");
        pair.remote.limits = Limits { files_max: 20, ..short_limits() };
        assert!(matches!(pair.fetch(), Err(GitError::TooManyFiles { files_max: 20, .. })), "{by_path}");
    }
}

#[test]
fn a_list_of_refs_has_its_limit() {
    let mut pair = Pair::new();
    let commit = commit_there(&pair.theirs(), &[("a", "1")], "first");
    let refs: String = (0..100_000).map(|index| format!("{commit} refs/tags/v{index:06}\n")).collect();
    fs::write(pair.theirs().join("packed-refs"), format!("# pack-refs with: sorted\n{refs}")).unwrap();
    let head = pair.fetch().unwrap();
    let next = pair.commit(head, &[("b", Some("2"))]);
    pair.push(head, next).unwrap();
    assert_eq!(pair.their_head(), next);
    pair.remote.limits = Limits { advertisement_bytes_max: 1 << 20, ..short_limits() };
    let further = pair.commit(Some(next), &[("b", Some("3"))]);
    let refused = PushError::NotSent(GitError::TooLarge { what: Large::Advertisement, bytes_max: 1 << 20 });
    assert_eq!(pair.push(Some(next), further), Err(refused));
    // Who fetches asks for one of them.
    assert_eq!(pair.fetch(), Ok(Some(next)));
}
