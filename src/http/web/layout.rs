//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

use crate::domain::lang::Lang;

/// A page in its frame. `style` names its style sheet beside the one that all pages share, and is its class.
pub fn document(lang: Lang, title: &str, style: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.pick("en", "de")) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · CodexMiroir" }
                link rel="stylesheet" href="/assets/base.css";
                link rel="stylesheet" href={ "/assets/" (style) ".css" };
                link rel="icon" href="data:,";
            }
            body class=(style) { (content) }
        }
    }
}
