//! The settings of the backups that the server makes by itself.

use super::{Key, Takes, whole};
use crate::config::values;

pub(super) const EVERY: Key = Key {
    name: "backup.every",
    placeholder: "TIME",
    about: "How often the server makes a backup by itself; none: never",
    form: "a time with m, h or d, from 1m to 366d, or nothing",
    example: "\"6h\"",
    takes: Takes::Text(|config, text| values::interval(text).map(|every| config.backup.every = every)),
    show: |config| config.backup.every.map(values::interval_text).into_iter().collect(),
    is_secret: false,
};

pub(super) const KEEP: Key = Key {
    name: "backup.keep",
    placeholder: "N",
    about: "How many of these stay; the oldest are removed",
    form: "a number from 1 to 100000",
    example: "14",
    takes: Takes::Number(|config, text| values::keep(text).map(|keep| config.backup.keep = keep)),
    show: |config| vec![config.backup.keep.to_string()],
    is_secret: false,
};

pub(super) const DIR: Key = Key {
    name: "backup.dir",
    placeholder: "DIR",
    about: "The folder for them, which must be there, for this server alone and not in the data directory",
    form: "a folder, from this file's folder on, or nothing",
    example: "\"/var/backups/codexmiroir\"",
    takes: Takes::Path(|config, text, folder| config.backup.dir = (!text.is_empty()).then(|| folder.join(text))),
    show: |config| config.backup.dir.iter().map(whole).collect(),
    is_secret: false,
};
