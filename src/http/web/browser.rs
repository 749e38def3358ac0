//! What a browser is, in plain words, from what it says of itself.

use crate::domain::lang::Lang;

/// What somebody is told whose browser says nothing known, in characters.
const CHARS_MAX: usize = 60;

/// Programs by a word of what they say. Most say the words of others too, so the first that fits is right.
const PROGRAMS: [(&str, &str); 11] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// Such as “Firefox on Linux”; what cannot be told apart is shown as it is, cut short.
pub fn plain_name(says: &str, lang: Lang) -> String {
    let of = |known: &[(&str, &'static str)]| known.iter().find(|(word, _)| says.contains(word)).map(|(_, name)| *name);
    match (of(&PROGRAMS), of(&SYSTEMS)) {
        (Some(program), Some(system)) => {
            lang.pick(format!("{program} on {system}"), format!("{program} unter {system}"))
        }
        (Some(program), None) => program.to_owned(),
        (None, Some(system)) => lang.pick(format!("A browser on {system}"), format!("Ein Browser unter {system}")),
        (None, None) if says.trim().is_empty() => lang.pick("An unknown browser", "Ein unbekannter Browser").to_owned(),
        (None, None) => says.chars().take(CHARS_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (says, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.16.0", "curl"),
            ("Some reader (Linux)", "A browser on Linux"),
            ("Some reader", "Some reader"),
            (" ", "An unknown browser"),
        ] {
            assert_eq!(plain_name(says, Lang::En), name);
        }
        assert_eq!(plain_name("Firefox/1 (Linux)", Lang::De), "Firefox unter Linux");
        assert_eq!(plain_name(&"<b>".repeat(100), Lang::En).chars().count(), CHARS_MAX);
    }
}
