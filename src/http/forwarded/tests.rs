//! Whom a request is from, by tables and by laws. The proxies here are 10.0.0.0/8 and 2001:db8:f::/48.

use hyper::Request;
use hyper::header::HeaderValue;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::head::read_head;
use super::*;

const PROXY: &str = "10.0.0.1";
const HOST: &str = "backend:8484";

fn is_proxy(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[0] == 10,
        IpAddr::V6(address) => address.segments()[..3] == [0x2001, 0xdb8, 0xf],
    }
}

/// The client of a request with these fields, its scheme and the host that counts, as the gate finds them.
fn seen_from<V: AsRef<[u8]>>(peer: &str, fields: &[(&str, V)], public: Option<&PublicUrl>) -> (String, bool, String) {
    let mut request = Request::builder().uri("/").header("host", HOST);
    for (name, value) in fields {
        request = request.header(*name, HeaderValue::from_bytes(value.as_ref()).unwrap());
    }
    let (request, peer) = (request.body(()).unwrap(), peer.parse().unwrap());
    let fields = Fields::of(request.headers());
    let mut head = read_head(&request, &fields).unwrap();
    head.host = host(peer, &fields, &is_proxy).unwrap_or(head.host);
    let client = client(peer, &head, &is_proxy, public);
    let port = head.host.port().map(|port| format!(":{port}")).unwrap_or_default();
    (client.address.to_string(), client.is_https, format!("{}{port}", head.host.name))
}

fn seen(fields: &[(&str, &str)]) -> (String, bool, String) {
    seen_from(PROXY, fields, None)
}

/// What `Forwarded` with this value, or one of its lines, tells of the client's address.
fn address_by(lines: &[&str]) -> String {
    seen(&lines.iter().map(|line| ("forwarded", *line)).collect::<Vec<_>>()).0
}

#[test]
fn only_a_proxy_is_believed() {
    let fields = [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "tasks.example.org"),
        ("forwarded", "for=198.51.100.7;proto=https;host=tasks.example.org"),
    ];
    let believed = ("198.51.100.7".to_owned(), true, "tasks.example.org".to_owned());
    for fields in [&fields[..3], &fields[3..], &fields[..]] {
        assert_eq!(seen_from(PROXY, fields, None), believed);
        assert_eq!(seen_from("2001:db8:f::1", fields, None), believed);
        for peer in ["198.51.100.1", "127.0.0.1", "::1", "2001:db8::1"] {
            assert_eq!(seen_from(peer, fields, None), (peer.to_owned(), false, HOST.to_owned()));
        }
    }
}

#[test]
fn elements_of_forwarded() {
    for (lines, address) in [
        (&["for=192.0.2.43"][..], "192.0.2.43"),
        (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
        (&["for=\"[2001:DB8:cafe::17]\""], "2001:db8:cafe::17"),
        (&["for=\"192.0.2.43:47011\";by=203.0.113.43"], "192.0.2.43"),
        (&["FOR=\"192.0.2.43:_hidden-port\""], "192.0.2.43"),
        (&["for=\"[::ffff:192.0.2.43]\""], "192.0.2.43"),
        (&["proto=http ; for=192.0.2.43 ; x=\"a, \\\" for=1.1.1.1\""], "192.0.2.43"),
        (&[";;for=192.0.2.43;"], "192.0.2.43"),
        (&[",, for=192.0.2.43 ,\t,"], "192.0.2.43"),
        // Several elements and lines: the last that names no proxy.
        (&["for=1.1.1.1, for=192.0.2.43"], "192.0.2.43"),
        (&["for=1.1.1.1, for=192.0.2.43, for=10.0.0.2, for=\"[2001:db8:f::3]\""], "192.0.2.43"),
        (&["for=1.1.1.1", "for=192.0.2.43,for=10.0.0.2", "for=10.0.0.3"], "192.0.2.43"),
        (&["garbage\"", "for=192.0.2.43"], "192.0.2.43"),
        (&["for=unknown, for=192.0.2.43"], "192.0.2.43"),
        // A proxy asks for itself.
        (&["for=10.0.0.9, for=10.0.0.2"], "10.0.0.9"),
        // Whoever is before the first that is hidden or malformed may be anybody.
        (&["for=192.0.2.43, for=unknown"], PROXY),
        (&["for=192.0.2.43, for=_x, for=10.0.0.2"], PROXY),
        (&["for=192.0.2.43, for=\"_x:80\""], PROXY),
        (&["for=192.0.2.43, proto=https"], PROXY),
        (&["for=192.0.2.43", "garbage", "for=10.0.0.2"], PROXY),
    ] {
        assert_eq!(address_by(lines), address, "{lines:?}");
    }
}

#[test]
fn what_is_malformed_in_forwarded_is_not_believed() {
    for line in [
        "",
        " ",
        ",",
        ";",
        "for",
        "for=",
        "for=;",
        "=192.0.2.43",
        "for =192.0.2.43",
        "for= 192.0.2.43",
        "for:192.0.2.43",
        "192.0.2.43",
        "for=192.0.2.43;for=192.0.2.44",
        "for=192.0.2.43;proto=http;proto=https",
        "for=192.0.2.43 for=192.0.2.44",
        "for=192.0.2.43;x",
        "for=192.0.2.43;x=\"",
        "for=\"192.0.2.43",
        "for=\"192.0.2.43\\\"",
        "for=\"192.0.2.43\"x",
        "for=\"\\192.0.2.43\"",
        "for=\" 192.0.2.43\"",
        "for=192.0.2.43:80",
        "for=[2001:db8:cafe::17]",
        "for=\"2001:db8:cafe::17\"",
        "for=\"[192.0.2.43]\"",
        "for=\"[2001:db8:cafe::17\"",
        "for=\"[2001:db8:cafe::17]4711\"",
        "for=\"[fe80::1%eth0]\"",
        "for=\"192.0.2.43:\"",
        "for=\"192.0.2.43:http\"",
        "for=\"192.0.2.43:123456\"",
        "for=\"192.0.2.43:_\"",
        "for=192.0.2.043",
        "for=192.0.2",
        "for=0xc0.0.2.43",
        "for=localhost",
        "for=\"\u{e4}\"",
        "for=192.0.2.43, \"",
    ] {
        assert_eq!(address_by(&[line]), PROXY, "{line}");
    }
}

#[test]
fn addresses_by_custom() {
    let address_by = |lines: &[&str]| {
        let fields: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        seen(&fields).0
    };
    for (lines, address) in [
        (&["192.0.2.43"][..], "192.0.2.43"),
        (&["192.0.2.43:4711"], "192.0.2.43"),
        (&["2001:db8:cafe::17"], "2001:db8:cafe::17"),
        (&["[2001:db8:cafe::17]"], "2001:db8:cafe::17"),
        (&["[2001:db8:cafe::17]:4711"], "2001:db8:cafe::17"),
        (&["::ffff:192.0.2.43"], "192.0.2.43"),
        (&["1.1.1.1, 192.0.2.43,10.0.0.2 ,\t2001:db8:f::3"], "192.0.2.43"),
        (&["1.1.1.1", "192.0.2.43, 10.0.0.2", "10.0.0.3"], "192.0.2.43"),
        (&["\"", "unknown,, 192.0.2.43,"], "192.0.2.43"),
        (&["::ffff:10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        (&["192.0.2.43, unknown"], PROXY),
        (&["192.0.2.43, unknown, 10.0.0.2"], PROXY),
        (&["192.0.2.43, 192.0.2"], PROXY),
        (&["192.0.2.43, \"198.51.100.7\""], PROXY),
        (&["192.0.2.43, for=198.51.100.7"], PROXY),
        (&["192.0.2.43 198.51.100.7"], PROXY),
        (&["192.0.2.43, \u{e4}"], PROXY),
        (&[""], PROXY),
        (&[","], PROXY),
    ] {
        assert_eq!(address_by(lines), address, "{lines:?}");
    }
}

#[test]
fn the_scheme_and_the_host_are_those_that_the_client_asked_by() {
    let by = |fields: &[(&str, &str)]| {
        let (_, is_https, host) = seen(fields);
        (is_https, host)
    };
    for (fields, is_https, host) in [
        (&[("forwarded", "for=1.1.1.1;proto=https;host=a.example")][..], true, "a.example"),
        (&[("forwarded", "proto=HTTPS;host=\"A.example:8443\"")], true, "A.example:8443"),
        (&[("forwarded", "host=\"[2001:db8::1]:80\"")], false, "2001:db8::1:80"),
        (&[("forwarded", "for=unknown;proto=https;host=a.example")], true, "a.example"),
        // The outer proxy was asked by https; between the two http is spoken.
        (&[("forwarded", "for=1.1.1.1;proto=https;host=a.example, for=10.0.0.2;proto=http;host=b")], true, "a.example"),
        // The client's own words are before those of the proxy.
        (&[("forwarded", "for=10.0.0.9;proto=https;host=a.example, for=1.1.1.1;proto=http")], false, HOST),
        (&[("forwarded", "for=1.1.1.1;proto=ftp;host=\"a b\"")], false, HOST),
        (&[("forwarded", "for=1.1.1.1;proto=https;host=a.example;host=a.example")], false, HOST),
        (&[("x-forwarded-proto", "https")], true, HOST),
        (&[("x-forwarded-proto", "Https"), ("x-forwarded-host", "a.example:81")], true, "a.example:81"),
        (&[("x-forwarded-proto", "https, http"), ("x-forwarded-host", "b, a.example")], false, "a.example"),
        (&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")], false, HOST),
        (&[("x-forwarded-host", "b"), ("x-forwarded-host", "a.example")], false, "a.example"),
        (&[("x-forwarded-host", "a.example, x@b")], false, HOST),
        (&[("x-forwarded-host", "")], false, HOST),
        (&[("x-forwarded-proto", "http s"), ("x-forwarded-host", "http://a.example")], false, HOST),
    ] {
        assert_eq!(by(fields), (is_https, host.to_owned()), "{fields:?}");
    }
}

#[test]
fn where_both_kinds_are_there_only_what_both_tell_counts() {
    let custom =
        [("x-forwarded-for", "192.0.2.43"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "a.example:81")];
    for (forwarded, address, is_https, host) in [
        ("for=\"192.0.2.43:80\";proto=https;host=\"A.example:81\"", "192.0.2.43", true, "a.example:81"),
        ("for=192.0.2.44;proto=https;host=\"a.example:81\"", PROXY, true, "a.example:81"),
        ("for=192.0.2.43;proto=http;host=a.example", "192.0.2.43", false, HOST),
        ("for=192.0.2.43", "192.0.2.43", false, HOST),
        ("proto=https", PROXY, true, HOST),
        ("\"", PROXY, false, HOST),
        ("", PROXY, false, HOST),
    ] {
        let fields = [&custom[..], &[("forwarded", forwarded)]].concat();
        let (found, by_https, asked) = seen(&fields);
        let expected = (address.to_owned(), is_https, host.to_owned());
        assert_eq!((found, by_https, asked.to_lowercase()), expected, "{forwarded}");
    }
    // One field of the other kind suffices.
    let mixed = [("forwarded", "for=192.0.2.43;proto=https;host=a.example"), ("x-forwarded-proto", "http")];
    assert_eq!(seen(&mixed), (PROXY.to_owned(), false, HOST.to_owned()));
}

#[test]
fn whoever_asks_for_the_public_host_speaks_its_scheme() {
    let [https, http] = ["https://a.example", "http://a.example"].map(|url| PublicUrl::parse(url).unwrap());
    let is_https = |peer, fields: &[(&str, &str)], public| seen_from(peer, fields, Some(public)).1;
    for (fields, by_https) in [
        (&[("x-forwarded-host", "A.Example")][..], true),
        (&[("x-forwarded-host", "a.example:443")], true),
        (&[("x-forwarded-host", "a.example"), ("x-forwarded-proto", "http")], true),
        (&[("x-forwarded-host", "a.example:8484")], false),
        (&[("x-forwarded-host", "b.example")], false),
        (&[], false),
    ] {
        assert_eq!(is_https(PROXY, fields, &https), by_https, "{fields:?}");
        assert!(!is_https(PROXY, fields, &http) && !is_https("192.0.2.1", fields, &https), "{fields:?}");
    }
}

/// What somebody may write into a field: anything, or something that is nearly right.
fn written() -> impl Strategy<Value = Vec<u8>> {
    let anything = prop::collection::vec(prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8], 0..40);
    let words = select(
        &[
            "for=",
            "proto=",
            "host=",
            "by=",
            "x=",
            "FOR=",
            "\"",
            "\\",
            ",",
            ";",
            " ",
            "\t",
            "=",
            ":",
            "[",
            "]",
            "_",
            "unknown",
            "http",
            "https",
            "a.example",
            "198.51.100.9",
            "10.0.0.7",
            "2001:db8:f::7",
            "[2001:db8::9]",
            ":80",
            "\u{e4}",
        ][..],
    );
    let nearly = prop::collection::vec(words, 0..14).prop_map(|words| words.concat().into_bytes());
    prop_oneof![anything, nearly]
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name = select(&["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"][..]);
    prop::collection::vec((name, written()), 0..6)
}

/// What the last proxy makes of a list that it was sent: its own word at the end, or in a line of its own.
fn added(name: &'static str, sent: Option<&[u8]>, own: &str, in_a_line: bool) -> Vec<(&'static str, Vec<u8>)> {
    match sent {
        Some(sent) if in_a_line => vec![(name, sent.to_vec()), (name, own.into())],
        Some(sent) => vec![(name, [sent, b", ", own.as_bytes()].concat())],
        None => vec![(name, own.into())],
    }
}

proptest! {
    #[test]
    fn nobody_but_a_proxy_says_anything(fields in fields(), peer in select(&["192.0.2.1", "::1", "127.0.0.1"][..])) {
        prop_assert_eq!(seen_from(peer, &fields, None), (peer.to_owned(), false, HOST.to_owned()));
    }

    #[test]
    fn anything_may_be_written(fields in fields()) {
        seen_from(PROXY, &fields, None);
    }

    #[test]
    fn what_a_client_writes_changes_nothing_in_the_list_of_addresses(
        sent in prop::option::of(written()),
        through in 0..3_usize,
        in_a_line in any::<bool>(),
    ) {
        let own = ["192.0.2.43", "192.0.2.43, 10.0.0.2", "192.0.2.43, 10.0.0.2, 2001:db8:f::3"][through];
        let fields = added("x-forwarded-for", sent.as_deref(), own, in_a_line);
        prop_assert_eq!(seen_from(PROXY, &fields, None).0, "192.0.2.43");
    }

    /// An open quote may make it unreadable what the proxy added in the same line, but not make it say something else.
    #[test]
    fn what_a_client_writes_is_not_believed_in_forwarded(
        sent in prop::option::of(written()),
        in_a_line in any::<bool>(),
    ) {
        let own = "for=192.0.2.43;proto=http;host=b.example, for=10.0.0.2;proto=https;host=c.example";
        let fields = added("forwarded", sent.as_deref(), own, in_a_line);
        let found = seen_from(PROXY, &fields, None);
        let told = ("192.0.2.43".to_owned(), false, "b.example".to_owned());
        let untold = (PROXY.to_owned(), false, HOST.to_owned());
        prop_assert!(found == told || (found == untold && !in_a_line && sent.is_some()), "{:?}", found);
    }

    /// The proxy sets one kind of fields and knows nothing of the other.
    #[test]
    fn the_kind_that_the_proxy_hands_on_as_it_came_is_not_believed(sent in fields(), sets_forwarded in any::<bool>()) {
        let own = match sets_forwarded {
            true => vec![("forwarded", "for=192.0.2.43;proto=http;host=b.example")],
            false => vec![
                ("x-forwarded-for", "192.0.2.43"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-host", "b.example"),
            ],
        };
        let others = sent.into_iter().filter(|(name, _)| (*name == "forwarded") != sets_forwarded);
        let fields: Vec<_> = own.into_iter().map(|(name, value)| (name, value.into())).chain(others).collect();
        let (address, is_https, host) = seen_from(PROXY, &fields, None);
        prop_assert!(["192.0.2.43", PROXY].contains(&address.as_str()), "{}", address);
        prop_assert!(!is_https && ["b.example", HOST].contains(&host.as_str()), "{}", host);
    }
}
