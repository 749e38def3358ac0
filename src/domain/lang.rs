//! The two languages that sentences for people are written in.

/// The language of a sentence for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    #[default]
    En,
    De,
}

impl Lang {
    /// Chooses by an `Accept-Language` header (RFC 9110, 12.5.4): the supported language with the
    /// highest weight, the earlier one among equals, English when neither is named.
    pub fn from_accept_language(header: &str) -> Lang {
        let mut best = (Lang::En, 0.0_f32);
        for item in header.split(',') {
            let (tag, weight) = match item.split_once(';') {
                None => (item.trim(), 1.0),
                Some((tag, parameter)) => {
                    let weight = parameter.trim().strip_prefix("q=");
                    (tag.trim(), weight.and_then(|q| q.parse().ok()).unwrap_or(0.0))
                }
            };
            let lang = match tag.split('-').next().unwrap_or_default() {
                primary if primary.eq_ignore_ascii_case("de") => Lang::De,
                primary if primary.eq_ignore_ascii_case("en") => Lang::En,
                _ => continue,
            };
            if weight > best.1 {
                best = (lang, weight);
            }
        }
        best.0
    }

    /// The sentence of the two that is in this language.
    pub fn pick<T>(self, en: T, de: T) -> T {
        match self {
            Lang::En => en,
            Lang::De => de,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_is_weighed() {
        assert_eq!(Lang::from_accept_language("de-DE,de;q=0.9,en;q=0.8"), Lang::De);
        assert_eq!(Lang::from_accept_language("en;q=0.4, DE;q=0.5"), Lang::De);
        assert_eq!(Lang::from_accept_language("fr, en-GB;q=0.3"), Lang::En);
        assert_eq!(Lang::from_accept_language("de;q=x"), Lang::En);
        assert_eq!(Lang::from_accept_language(""), Lang::En);
    }
}
