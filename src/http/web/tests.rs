use super::form::Errors;
use super::set_up::{self, SetUpPage};
use super::sign_in::{self, LoginPage};
use crate::domain::lang::{Lang, Phrase};
use crate::service::error::{Fault, Refusal};

const HOSTILE: &str = "\"><script>alert('x')</script>";

fn refused(field: &'static str, lang: Lang) -> Errors {
    Errors::of(&Refusal::field(field, Fault::Malformed { expected: Phrase { en: "right", de: "richtig" } }), lang)
}

fn set_up(lang: Lang, errors: Errors) -> String {
    let typed = || HOSTILE.to_owned();
    let page = SetUpPage {
        lang,
        code: typed(),
        name: typed(),
        time_zone: typed(),
        language: typed(),
        errors,
        is_insecure: false,
    };
    set_up::page(&page).into_string()
}

fn login(lang: Lang, is_insecure: bool) -> String {
    let notice = Some(HOSTILE.into());
    let page =
        LoginPage { lang, next: HOSTILE.to_owned(), name: HOSTILE.to_owned(), notice, is_insecure, is_vacant: false };
    sign_in::login(&page).into_string()
}

#[test]
fn what_was_typed_is_text_and_nothing_else() {
    let told = sign_in::told(Lang::En, HOSTILE, HOSTILE, Some((HOSTILE, HOSTILE))).into_string();
    for page in [set_up(Lang::En, Errors::default()), login(Lang::De, false), told] {
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(page.matches("&lt;script&gt;alert").count() >= 3, "{page}");
    }
}

#[test]
fn nothing_on_a_page_needs_more_than_its_policy_allows() {
    let pages = [
        set_up(Lang::De, refused("name", Lang::De)),
        login(Lang::En, true),
        set_up::no_link(Lang::En, false).into_string(),
    ];
    for page in pages {
        for inline in ["<style", "style=", "<script>", " onclick", "src=\"http", "href=\"http"] {
            assert!(!page.contains(inline), "{inline} in {page}");
        }
    }
}

#[test]
fn an_error_stands_at_its_field_in_the_words_of_the_page() {
    let page = set_up(Lang::En, refused("timeZone", Lang::En));
    assert!(page.contains("Time zone must be right."), "{page}");
    let field = page.split("<div class=\"field\">").find(|field| field.contains("name=\"timeZone\"")).unwrap();
    assert!(field.contains("aria-describedby=\"set-up-timeZone-hint set-up-timeZone-error\""), "{field}");
    assert!(field.contains("aria-invalid=\"true\""), "{field}");
    assert!(field.contains("id=\"set-up-timeZone-error\""), "{field}");
    let page = set_up(Lang::De, refused("timeZone", Lang::De));
    assert!(page.contains("Zeitzone muss so aussehen: richtig."), "{page}");
}

#[test]
fn what_is_wrong_with_a_task_is_said_in_the_words_of_its_form() {
    let said = |field, fault, at, lang| Errors::of(&Refusal::field(field, fault), lang).at(at).unwrap().to_owned();
    let expected = Phrase { en: "right", de: "richtig" };
    let no_date = || Fault::NotADate { value: "x".to_owned() };
    for (field, fault, at, en, de) in [
        ("fixedSlot.datum", no_date(), "datum", "“Fixed to the day” is “x”", "„Fest am Tag“ ist „x“"),
        ("fixedSlot.datum", Fault::Missing, "datum", "“Fixed to the day” is missing", "„Fest am Tag“ fehlt"),
        ("fixedSlot.zeit", Fault::Missing, "zeit", "The slot is missing", "Der Slot fehlt"),
        ("fixedSlot", Fault::Malformed { expected }, "fixedSlot", "What follows ! must", "Was auf ! folgt, muss so"),
        ("tags", Fault::TooLong { chars_max: 64 }, "tags", "A tag is longer", "Ein Schlagwort ist länger"),
        ("tags", Fault::TooMany { count_max: 9 }, "tags", "The list of tags has", "Die Liste der Schlagwörter hat"),
        ("horizon", Fault::Malformed { expected }, "horizon", "The number of days", "Die Zahl der geplanten Tage muss"),
        ("title", Fault::Empty, "title", "Title is empty; it has", "Titel ist leer und muss"),
    ] {
        for (lang, words) in [(Lang::En, en), (Lang::De, de)] {
            let told = said(field, fault.clone(), at, lang);
            assert!(told.starts_with(words), "{told}");
        }
    }
}

#[test]
fn an_error_that_belongs_to_no_field_is_told_all_the_same() {
    let errors = Errors::of(&Refusal::TooManyTokens, Lang::En);
    let page = set_up(Lang::En, errors);
    assert!(page.contains("<p class=\"alert\" role=\"alert\">This user has 1000 tokens"), "{page}");
    let errors = Errors::of(&Refusal::UserExists { name: "lena".to_owned() }, Lang::En);
    let page = set_up(Lang::En, errors);
    assert!(page.contains("id=\"set-up-name-error\">There is a user lena already"), "{page}");
}

#[test]
fn a_browser_guesses_until_somebody_has_chosen() {
    assert!(set_up(Lang::En, Errors::default()).contains("data-guess"));
    assert!(!set_up(Lang::En, refused("name", Lang::En)).contains("data-guess"));
}

#[test]
fn an_open_line_is_warned_of() {
    assert!(login(Lang::En, true).contains("not encrypted"));
    assert!(login(Lang::De, true).contains("nicht verschlüsselt"));
    assert!(!login(Lang::En, false).contains("not encrypted"));
}
