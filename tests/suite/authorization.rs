//! Who may do what: one row for each route, one column for each way of asking. The routes come from the router, by the
//! document that is made of it: one without a row fails the test, and so does a row without a route.

mod asking;
mod cast;
mod rows;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::documented::document;
use crate::harness::Answer;
pub use cast::session;

use asking::{Ids, is_stream, normalized};
use cast::{Asker, Cast};
use rows::{COLUMNS, Cell, HOT, OTHERS, ROUTES, Row, rows};

/// The methods of each path that is described.
async fn described() -> BTreeSet<(String, String)> {
    let operations = document().await.operations().into_iter();
    operations.map(|(path, method, _)| (method.to_uppercase(), path.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_row_and_every_row_a_route() {
    let described = described().await;
    let name_of = |table| -> Vec<_> {
        rows(table).into_iter().map(|row| (row.method.to_string(), row.path.to_owned())).collect()
    };
    let rows = name_of(ROUTES);
    let written: BTreeSet<_> = rows.iter().cloned().collect();
    let without_row: Vec<_> = described.difference(&written).collect();
    assert!(without_row.is_empty(), "the table has no row for {without_row:?}");
    let without_route: Vec<_> = written.difference(&described).collect();
    assert!(without_route.is_empty(), "there is no such route: {without_route:?}");
    assert_eq!(written.len(), rows.len(), "a row is there twice");
    assert!(name_of(OTHERS).iter().all(|other| !described.contains(other)), "a route is among those that are none");
}

/// What is wrong, all of it, so that a row can be mended at once.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, is_right: bool, fault: impl FnOnce() -> String) {
        if !is_right {
            self.0.push(fault());
        }
    }

    /// A status that is another than the table's, or the word of another error than of those that belong to it.
    fn expect(&mut self, row: &Row, asker: &str, ids: Ids, expected: Cell, answer: &Answer) {
        let Answer { status, text, .. } = answer;
        let told = || format!("{row} by {asker} with {ids:?} ids: {status} instead of {expected:?}: {text:.300}");
        self.unless(expected.status() == Some(*status), told);
        let is_led = answer.header("location").starts_with("/login");
        self.unless(is_led == (expected == Cell::ToSignIn), || {
            format!("{row} by {asker}: led to {}", answer.header("location"))
        });
        let codes: &[&str] = match status {
            400 => &["user_needed"],
            401 => &["sign_in_needed", "invalid_token"],
            403 => &["scope_missing", "not_over_the_network"],
            404 => &["no_such_", "link_used"],
            405 => &["method_not_allowed"],
            _ => return,
        };
        let code = serde_json::from_str::<Value>(text).unwrap_or_default()["code"].clone();
        let is_told = code.as_str().is_some_and(|code| codes.iter().any(|begin| code.starts_with(begin)));
        let is_page = answer.header("content-type").starts_with("text/html");
        self.unless(is_told || is_page || text.is_empty(), || format!("{row} by {asker}: {text:.300}"));
    }

    /// Something of the cast's that a row must not change.
    async fn expect_as_before(&mut self, cast: &Cast, row: &Row) {
        for (what, text) in cast.everything().await {
            let before = &cast.before()[&what];
            self.unless(*before == text, || format!("{row} changed {what}:\n    {before}\n    {text}"));
        }
    }

    fn must_be_none(self) {
        let Faults(faults) = self;
        assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
    }
}

/// Everybody who is refused, with all ids there are; then nothing is changed. Reading changes nothing either.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_refused_and_changes_nothing() {
    let cast = Cast::gathered().await;
    let mut faults = Faults::default();
    for row in rows(ROUTES).iter().chain(&rows(OTHERS)) {
        for (column, askers) in COLUMNS {
            let expected = row.cell(column);
            if expected.lets_in() && !row.method.is_safe() {
                continue;
            }
            for asker in cast.askers(askers) {
                refused_or_read(&cast, row, asker, expected, &mut faults).await;
            }
        }
        faults.expect_as_before(&cast, row).await;
    }
    faults.must_be_none();
    cast.passwords_still_work().await;
}

/// One asker, with all ids: who is refused is told the same whatever was asked for.
async fn refused_or_read(cast: &Cast, row: &Row, asker: &Asker, expected: Cell, faults: &mut Faults) {
    let name = asker.name;
    let own = cast.ask(row, asker, Ids::Own).await;
    faults.expect(row, name, Ids::Own, expected, &own);
    if row.method == Method::GET && !is_stream(&own) {
        let head = cast.ask_head(row, asker).await;
        let is_same = (head.status, head.text.as_str()) == (own.status, "");
        faults.unless(is_same, || format!("HEAD instead of {row} by {name}: {}", head.status));
    }
    if !row.has_ids() || expected.lets_in() {
        return;
    }
    for ids in [Ids::Others, Ids::None] {
        let answer = cast.ask(row, asker, ids).await;
        let [own, other] =
            [(&own, Ids::Own), (&answer, ids)].map(|(answer, ids)| normalized(answer, &cast.id(row, ids)));
        faults.unless(own == other, || format!("{row} by {name} with {ids:?} ids:\n    {own:?}\n    {other:?}"));
    }
}

/// Whoever is let in is let in to one's own alone: what is somebody else's is answered as what is not there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebody_elses_is_answered_as_what_is_not_there() {
    let cast = Cast::gathered().await;
    let (mut faults, mut tried) = (Faults::default(), 0);
    for row in rows(ROUTES).iter().filter(|row| row.has_ids()) {
        let (others, none) = (row.cell("other's"), row.cell("none"));
        for (_, askers) in COLUMNS.iter().filter(|(column, _)| row.cell(column).lets_in()) {
            for (asker, spelling) in cast.askers(askers).flat_map(|asker| (0..row.spellings()).map(move |s| (asker, s)))
            {
                let of_nobody = cast.ask_spelled(row, asker, Ids::None, spelling).await;
                faults.expect(row, asker.name, Ids::None, none, &of_nobody);
                tried += 1;
                // The administration is there to reach others.
                if others != none {
                    continue;
                }
                let of_other = cast.ask_spelled(row, asker, Ids::Others, spelling).await;
                let [of_nobody, of_other] = [(&of_nobody, Ids::None), (&of_other, Ids::Others)]
                    .map(|(answer, ids)| normalized(answer, &cast.id_spelled(row, ids, spelling)));
                let told = || format!("{row} by {}:\n    {of_nobody:?}\n    {of_other:?}", asker.name);
                faults.unless(of_other == of_nobody, told);
            }
        }
        faults.expect_as_before(&cast, row).await;
    }
    faults.must_be_none();
    assert!(tried > 50, "{tried}");
}

/// Whoever may change something can: the table does not refuse everybody. Each has an account of one's own for it.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_can_and_nobody_else_notices() {
    let cast = Cast::gathered().await;
    let mut faults = Faults::default();
    for row in rows(ROUTES).iter().filter(|row| !row.method.is_safe()) {
        for (column, askers) in COLUMNS {
            let expected = row.cell(column);
            for asker in askers.iter().filter(|_| expected.lets_in()) {
                let answer = cast.fresh(row, asker).await.ask(row).await;
                faults.expect(row, asker, Ids::Own, expected, &answer);
            }
        }
        faults.expect_as_before(&cast, row).await;
    }
    faults.must_be_none();
}

/// A page of another site sends a request with the browser's cookies: nothing is done, whoever is signed in.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_site_sends_is_refused_and_changes_nothing() {
    let cast = Cast::gathered().await;
    let own = cast.origin();
    let forged: [&[(&str, &str)]; 9] = [
        &[],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &own)],
        &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", &own), ("Origin", "https://evil.example")],
    ];
    let with_cookies = ["nobody", "page", "stale", "user", "boss"];
    let (mut faults, mut tried) = (Faults::default(), 0);
    for row in rows(ROUTES).iter().filter(|row| !row.method.is_safe() && !row.is_signed()) {
        let columns = COLUMNS.iter().filter(|(column, _)| with_cookies.contains(column));
        // Somebody who would be refused anyway is told why first.
        for (_, askers) in columns.filter(|(column, _)| !matches!(row.cell(column), Cell::Status(401 | 403))) {
            for (asker, fields) in
                cast.askers(askers).flat_map(|asker| forged.iter().map(move |fields| (asker, fields)))
            {
                let answer = cast.ask_from(row, asker, fields).await;
                // A browser gets a page that says it.
                let is_page = answer.header("content-type").starts_with("text/html");
                let is_refused = answer.status == 403 && (is_page || answer.code() == "cross_site");
                let is_refused = is_refused && !answer.headers.contains_key("set-cookie");
                faults.unless(is_refused, || format!("{row} by {} {fields:?}: {}", asker.name, answer.text));
                tried += 1;
            }
        }
        faults.expect_as_before(&cast, row).await;
    }
    faults.must_be_none();
    assert!(tried > 100, "{tried}");
    cast.passwords_still_work().await;
}

/// The hot answer is given before the router is asked, in three ways. None lets anybody in whom the others refuse.
#[tokio::test(flavor = "multi_thread")]
async fn the_hot_answer_passes_the_same_gate() {
    let cast = Cast::gathered().await;
    let (mut faults, row) = (Faults::default(), &rows(HOT)[0]);
    for (column, askers) in COLUMNS {
        let expected = row.cell(column);
        for asker in cast.askers(askers) {
            // The first makes it warm for everybody who gets it.
            let _cold = cast.ask(row, asker, Ids::Own).await;
            let warm = cast.ask(row, asker, Ids::Own).await;
            faults.expect(row, asker.name, Ids::Own, expected, &warm);
            let is_hot = expected.lets_in();
            faults.unless((warm.header("x-cache") == "hot") == is_hot, || format!("is it hot? {}", asker.name));
            let Some(fields) = asker.fields() else { continue };
            for (way, got) in
                [("the shortcut", cast.ask_at_once(&fields).await), ("HTTP/2", cast.ask_http2(&fields).await)]
            {
                faults.unless(got == (warm.status, is_hot), || format!("{way}, by {}: {got:?}", asker.name));
            }
        }
    }
    faults.must_be_none();
}
