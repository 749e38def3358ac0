//! Whatever bytes come over a connection: a real server with sample tasks answers each request in HTTP, never with its
//! own failure, and goes on serving others. `$TOKEN` in the input stands for a token that may read.
//!
//! A request for the timeline is answered in the same way on a connection that was used before, where the server may
//! take a shortcut, as on a new one, where it does not.

use codexmiroir::app::SyncSettings;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::service::demo;
use codexmiroir::store::{Origin, Scopes, Settings};

use super::house::{House, contains, now};

const HONEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What a connection is used for before.
const BEFORE: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub fn holds(bytes: &[u8]) {
    thread_local! {
        static SAMPLES: Samples = Samples::open();
    }
    SAMPLES.with(|samples| samples.is_civil_to(bytes));
}

/// A server with sample tasks, and a token that may read them.
struct Samples {
    house: House,
    token: String,
}

impl Samples {
    fn open() -> Samples {
        let house = House::open(SyncSettings::default());
        let token = house.runtime.block_on(async {
            let service = &house.running.service;
            let settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto };
            let user = service.add_user(demo::USER, false, settings, None).await.expect("a user");
            let origin = Origin { actor: demo::USER.to_owned(), through: "demo".into() };
            service.import(user.id, origin, demo::samples(now().date_naive()), false).await.expect("an import");
            let token = service.create_token(demo::USER, Scopes::READ, "fuzz", None).await.expect("a token");
            service.timeline(user.id, false).await.expect("a timeline that is at hand from now on");
            token
        });
        Samples { house, token }
    }

    fn is_civil_to(&self, bytes: &[u8]) {
        let bytes = &self.signed(bytes);
        self.house.runtime.block_on(async {
            let answers = self.house.said_to(bytes).await;
            if !bytes.starts_with(b"PRI") {
                are_answers(&answers, bytes);
            }
            if is_for_the_timeline(bytes) {
                let again = self.house.said_behind(BEFORE, bytes).await;
                assert_eq!(timeless(&answers), timeless(&again), "both ways give the same");
            }
            let honest = self.house.said_to(HONEST).await;
            assert!(honest.starts_with(b"HTTP/1.1 200 OK\r\n"), "an honest client is answered");
        });
    }

    /// The input with the token in it.
    fn signed(&self, input: &[u8]) -> Vec<u8> {
        let mut signed = Vec::with_capacity(input.len());
        let mut rest = input;
        while let Some((first, behind)) = rest.split_first() {
            match rest.strip_prefix(b"$TOKEN") {
                Some(behind) => {
                    signed.extend_from_slice(self.token.as_bytes());
                    rest = behind;
                }
                None => {
                    signed.push(*first);
                    rest = behind;
                }
            }
        }
        signed
    }
}

/// Whether this is one request, and for the timeline.
fn is_for_the_timeline(bytes: &[u8]) -> bool {
    let begins = [&b"GET /codex"[..], b"HEAD /codex"].iter().any(|begin| bytes.starts_with(begin));
    begins && bytes.windows(5).filter(|window| window == b"HTTP/").count() == 1
}

/// What was said, without what differs from one moment to the next.
fn timeless(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let kept = text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: "));
    kept.map(|line| if line.starts_with("server-timing: ") { "server-timing\r\n" } else { line }).collect()
}

/// Answers of HTTP/1, and not more than were asked for: a request has two line breaks at least.
fn are_answers(mut said: &[u8], asked: &[u8]) {
    let line_breaks = asked.iter().filter(|byte| **byte == b'\n').count();
    let mut answers = 0;
    while !said.is_empty() {
        let end = said.windows(4).position(|window| window == b"\r\n\r\n").expect("a head ends");
        let head = std::str::from_utf8(&said[..end]).expect("a head is text").to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status");
        assert!(head.starts_with("http/1.") && (100..500).contains(&status), "{head}");
        said = &said[end + 4..];
        if status < 200 {
            continue;
        }
        answers += 1;
        if head.contains("text/event-stream") || contains(asked, b"HEAD") {
            break;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        said = said.get(length..).expect("a body of the length that was told");
    }
    assert!(answers <= line_breaks + 1, "{answers} answers");
}
