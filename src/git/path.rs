//! Which paths may be written.

use gix::validate::path::component;

/// The longest name that is written, in bytes: what common file systems allow.
const NAME_BYTES_MAX: usize = 255;

/// Whether a file or folder may have this name: in no clone, on no system, may it be what Git keeps its own things in,
/// or lead out of the clone.
pub fn is_writable_name(name: &str) -> bool {
    let options = component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
    let is_plain = !name.contains(['/', '\\']) && !name.chars().any(|c| c == '\0');
    is_plain && name.len() <= NAME_BYTES_MAX && component(name.into(), None, options).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_git_s_own_in_any_spelling() {
        for name in [
            "",
            ".",
            "..",
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            ".git ",
            ".git.",
            ".git...",
            ".git::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            ".\u{200d}git",
            "a/b",
            "/",
            "a\\b",
            "..\\a",
            "a\0b",
            &"a".repeat(256),
        ] {
            assert!(!is_writable_name(name), "{name:?}");
        }
        for name in [
            "0042-Zahnarzt anrufen.md",
            ".gitignore",
            ".github",
            "git",
            "a..b",
            "...",
            "aux.md",
            "0001-Fahrrad: Kette.md",
            "Ä.md",
            &"a".repeat(255),
        ] {
            assert!(is_writable_name(name), "{name:?}");
        }
    }
}
