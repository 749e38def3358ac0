//! The line that adds a task, in a browser without scripts.

use serde_json::json;

use crate::account_pages::assert_led;
use crate::harness::{Answer, places};
use crate::task_pages::{follow, hidden, told, tom};

#[tokio::test]
async fn a_line_is_looked_at_added_and_taken_back() {
    let (_server, mut browser, tom) = tom().await;
    let before = tom.codex().await;
    let line = "Steuer abgeben !do abends #finanzen @privat bis 31.10.";
    let page = browser.form("/quick", &[("line", line), ("look", "true")]).await;
    assert_eq!(page.status, 200, "who only looks is told that the slot is held: {}", page.text);
    assert!(page.text.contains("0019 Parents' evening at school"), "{}", page.text);
    assert!(page.text.contains(&format!("value=\"{line}\"")), "what was typed stays");

    let line = "Steuer abgeben !fr abends #finanzen @privat bis 31.10.";
    let page = browser.form("/quick", &[("line", line), ("look", "true")]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let understood = page.text.split("class=\"understood\"").nth(1).unwrap().split("</form>").next().unwrap();
    for part in
        ["Steuer abgeben", "@privat", "#finanzen", "due 31.10.2025", "fixed to 17.10.2025 abends", "It would stand at"]
    {
        assert!(understood.contains(part), "no {part:?} in {understood}");
    }
    assert_eq!(tom.codex().await, before, "looking changes nothing");

    let key = hidden(&page, "/quick", "key");
    let fields = [("line", line), ("key", key.as_str())];
    let added = browser.form("/quick", &fields).await;
    let twice = browser.form("/quick", &fields).await;
    assert_eq!(added.header("location"), twice.header("location"), "a double click adds one task");
    let page = follow(&mut browser, added).await;
    assert_eq!(told(&page), "0040 Steuer abgeben is added: 17.10.2025 abends.");
    let codex = tom.codex().await;
    assert_eq!(places(&codex, "0040-Steuer-abgeben.md"), ["17.10.2025 abends"]);

    let undo = hidden(&page, "/undo", "generation");
    let undone = browser.form("/undo", &[("generation", undo.as_str()), ("back", "/tasks?q=x")]).await;
    assert_led(&undone, "/tasks?q=x&done=undone");
    assert_eq!(tom.get("/api/tasks/40").await.status, 404);
    let again = browser.form("/undo", &[("generation", undo.as_str())]).await;
    assert_eq!(again.status, 422, "{}", again.text);
    assert!(again.text.contains("class=\"alert\""), "{}", again.text);
}

#[tokio::test]
async fn a_line_that_names_no_whole_slot_gets_one_that_is_free() {
    let (_server, mut browser, tom) = tom().await;
    for (line, place) in [
        // Monday afternoon is fixed to another, so the morning is what is left.
        ("Eins !heute", "13.10.2025 morgens"),
        ("Zwei !abends", "13.10.2025 abends"),
        ("Drei !abends", "15.10.2025 abends"),
        ("Vier !18.10. afternoon", "18.10.2025 nachmittags"),
    ] {
        let added = browser.form("/quick", &[("line", line)]).await;
        let page = follow(&mut browser, added).await;
        assert!(told(&page).ends_with(&format!("is added: {place}.")), "{line}: {}", told(&page));
    }
    let generation = tom.generation().await;
    for (line, sentence) in [
        ("", "Title is empty"),
        ("Fünf !irgendwann", "What follows ! must be a day"),
        ("Fünf @bürro", "Category cannot be “bürro”"),
        ("#nur #tags", "Title is empty"),
    ] {
        let page = browser.form("/quick", &[("line", line)]).await;
        assert_eq!(page.status, 422, "{line}: {}", page.text);
        let error = page.text.split("id=\"quick-error\"").nth(1).unwrap_or_else(|| panic!("{line}: {}", page.text));
        assert!(error.split('>').nth(1).unwrap().starts_with(sentence), "{line}: {error}");
    }
    assert_eq!(tom.generation().await, generation);
    // A word that is no slot of the rules belongs to the title.
    browser.form("/quick", &[("line", "Fünf !19.10. nachts")]).await;
    assert_eq!(tom.task("44").await["title"], "Fünf nachts");
}

#[tokio::test]
async fn a_line_that_is_refused_shows_what_was_understood_and_what_is_free() {
    let (_server, mut browser, tom) = tom().await;
    let generation = tom.generation().await;
    let understood = |page: &Answer| {
        let part = page.text.split("class=\"understood\"").nth(1).unwrap_or_else(|| panic!("{}", page.text));
        part.split("</form>").next().unwrap().to_owned()
    };
    let line = "Steuer abgeben !do abends #finanzen @privat by Oct 31";
    let page = browser.form("/quick", &[("line", line), ("look", "true")]).await;
    assert!(page.text.contains("0019 Parents' evening at school"), "{}", page.text);
    for part in ["<strong>Steuer abgeben</strong>", "@privat", "#finanzen", "due 31.10.2025", "Free instead:"] {
        assert!(understood(&page).contains(part), "no {part:?} in {}", understood(&page));
    }
    let offered = understood(&page);
    let offered: Vec<&str> =
        offered.split("name=\"slot\" value=\"").skip(1).map(|value| value.split('"').next().unwrap()).collect();
    assert_eq!(offered, ["16.10.2025/morgens", "17.10.2025/abends"]);
    // A slot that the day does not have, and a word that is none at all.
    let page = browser.form("/quick", &[("line", "Eins !irgendwann bis next friday")]).await;
    assert_eq!(page.status, 422, "{}", page.text);
    let part = understood(&page);
    assert!(part.contains("due 24.10.2025") && !part.contains("name=\"slot\""), "{part}");
    tom.patch("/api/settings", &json!({"language": "de"})).await;
    let page = browser.form("/quick", &[("line", line)]).await;
    assert!(page.status == 422 && understood(&page).contains("Hinzufügen am 17.10.2025 abends"), "{}", page.text);
    for slot in ["garbage", "16.10.2025/abends", "16.10.2025/never"] {
        let page = browser.form("/quick", &[("line", line), ("slot", slot)]).await;
        assert_eq!(page.status, 422, "{slot}: {}", page.text);
    }
    assert_eq!(tom.generation().await, generation + 1, "only the language is another");
    tom.patch("/api/settings", &json!({"language": "en"})).await;
    let added = browser.form("/quick", &[("line", line), ("slot", offered[1])]).await;
    let page = follow(&mut browser, added).await;
    assert_eq!(told(&page), "0040 Steuer abgeben is added: 17.10.2025 abends.");
    assert_eq!(tom.task("40").await["deadline"], "31.10.2025");
}
