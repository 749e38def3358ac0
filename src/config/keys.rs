//! The settings: the one list of them.

mod backup;
mod git;

use std::path::{self, Path, PathBuf};

use super::Config;
use super::values::{self, quoted, quoted_list};

/// A setting.
pub struct Key {
    /// Its name in the file; a dot parts the table from the key.
    pub name: &'static str,
    /// What stands for its value in the usage.
    pub placeholder: &'static str,
    /// What it does, for whoever reads the help or the default file.
    pub about: &'static str,
    /// What its values are, with their unit.
    pub(super) form: &'static str,
    /// A right value as TOML has it.
    pub(super) example: &'static str,
    pub(super) takes: Takes,
    /// The value that a configuration has; of a list, each.
    show: Show,
    /// Whether its value is never shown.
    pub(super) is_secret: bool,
}

type Show = fn(&Config) -> Vec<String>;
type SetOne = fn(&mut Config, &str) -> Result<(), String>;
/// The folder is where relative paths begin.
type SetPath = fn(&mut Config, &str, &Path);
type SetList = fn(&mut Config, &[String], &Path) -> Result<(), String>;

/// The type of a setting's values in the file, and how one is set.
pub(super) enum Takes {
    Text(SetOne),
    Number(SetOne),
    TextOrNumber(SetOne),
    Flag(SetOne),
    Path(SetPath),
    List(SetList),
}

impl Key {
    /// The key for a time-out.
    const fn timeout(name: &'static str, about: &'static str, set: SetOne, show: Show) -> Key {
        let form = "a time with ms, s or m, from 10ms to 60m";
        Key {
            name,
            placeholder: "TIME",
            about,
            form,
            example: "\"5s\"",
            takes: Takes::Text(set),
            show,
            is_secret: false,
        }
    }

    /// The key for a number of connections.
    const fn connections(name: &'static str, about: &'static str, set: SetOne, show: Show) -> Key {
        let form = "a number from 1 to 1000000";
        Key { name, placeholder: "N", about, form, example: "1024", takes: Takes::Number(set), show, is_secret: false }
    }

    /// The name of its flag, without the dashes before it.
    pub fn flag(&self) -> String {
        self.name.replace(['.', '_'], "-")
    }

    /// The name of its environment variable.
    pub fn variable(&self) -> String {
        format!("CODEXMIROIR_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Its value as it is written on the command line; of a secret only that there is one.
    pub fn text(&self, config: &Config) -> String {
        let shown = (self.show)(config).join(",");
        if self.is_secret && !shown.is_empty() { "…".to_owned() } else { shown }
    }

    /// Its value as TOML.
    pub(super) fn toml(&self, config: &Config) -> String {
        match self.takes {
            Takes::Number(_) | Takes::Flag(_) => self.text(config),
            Takes::Text(_) | Takes::TextOrNumber(_) | Takes::Path(_) => quoted(&self.text(config)),
            Takes::List(_) => quoted_list(&(self.show)(config)),
        }
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Whether a value, as it is written on the command line, must not be repeated to anybody.
    pub fn hides(&self, text: &str) -> bool {
        self.is_secret || values::has_credentials(text)
    }

    /// Whether its line can only be a comment: a secret that is set has to be put in by hand, and nothing is no value of
    /// each.
    pub(super) fn is_comment(&self, config: &Config) -> bool {
        match self.text(config) {
            text if text.is_empty() => self.check(&text).is_err(),
            _ => self.is_secret,
        }
    }

    /// Whether it takes several values.
    pub fn is_list(&self) -> bool {
        matches!(self.takes, Takes::List(_))
    }

    /// Whether a value, as it is written on the command line, can be used.
    ///
    /// # Errors
    /// What to write instead.
    pub fn check(&self, text: &str) -> Result<(), String> {
        self.set(&mut Config::default(), &self.values_in(text), Path::new(""))
    }

    /// The values in one text: of a list, those between commas.
    pub(super) fn values_in(&self, text: &str) -> Vec<String> {
        if !self.is_list() {
            return vec![text.to_owned()];
        }
        text.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// Sets it. A key that takes one value gets a list of one.
    pub(super) fn set(&self, config: &mut Config, values: &[String], folder: &Path) -> Result<(), String> {
        match self.takes {
            Takes::Text(set) | Takes::Number(set) | Takes::TextOrNumber(set) | Takes::Flag(set) => {
                set(config, values.first().map_or("", String::as_str))
            }
            Takes::Path(set) => {
                set(config, values.first().map_or("", String::as_str), folder);
                Ok(())
            }
            Takes::List(set) => set(config, values, folder),
        }
    }

    /// Its table, if it is in one, and its name there.
    pub(super) fn place(&self) -> (Option<&'static str>, &'static str) {
        self.name.split_once('.').map_or((None, self.name), |(table, name)| (Some(table), name))
    }
}

/// A path that means the same wherever it is read.
fn whole(file: &PathBuf) -> String {
    path::absolute(file).unwrap_or_else(|_| file.clone()).to_string_lossy().into_owned()
}

/// Every setting, those outside of tables first.
pub static KEYS: [Key; 34] = [
    Key {
        name: "listen",
        placeholder: "ADDR",
        about: "Address and port to listen on; port 0 takes a free one",
        form: "an IP address and a port",
        example: "\"127.0.0.1:8484\"",
        takes: Takes::Text(|config, text| values::address(text).map(|listen| config.listen = listen)),
        show: |config| vec![config.listen.to_string()],
        is_secret: false,
    },
    Key {
        name: "public_url",
        placeholder: "URL",
        about: "The address that people use, behind a reverse proxy; its host name is then answered for",
        form: "a URL without a path, or nothing",
        example: "\"https://tasks.example.org\"",
        takes: Takes::Text(|config, text| values::public_url(text).map(|url| config.public_url = url)),
        show: |config| config.public_url.iter().map(|public| public.url.clone()).collect(),
        is_secret: false,
    },
    Key {
        name: "rules",
        placeholder: "FILE",
        about: "Placement rules instead of the built-in ones, by file or by name; several apply in the order given",
        form: "a list of files, from this file's folder on",
        example: "[\"my.rhai\"]",
        takes: Takes::List(|config, texts, folder| {
            config.rules = texts.iter().map(|text| folder.join(text)).collect();
            Ok(())
        }),
        show: |config| config.rules.iter().map(whole).collect(),
        is_secret: false,
    },
    Key {
        name: "key_file",
        placeholder: "FILE",
        about: "Keep the key that passwords are sealed with in this file, and not in the data directory",
        form: "a file, from this file's folder on, or nothing",
        example: "\"/run/secrets/codexmiroir.key\"",
        takes: Takes::Path(|config, text, folder| config.key_file = (!text.is_empty()).then(|| folder.join(text))),
        show: |config| config.key_file.iter().map(whole).collect(),
        is_secret: false,
    },
    Key {
        name: "hot_map",
        placeholder: "SIZE",
        about: "Memory for finished answers",
        form: "a number of bytes, KiB, MiB or GiB",
        example: "\"128MiB\"",
        takes: Takes::TextOrNumber(|config, text| values::bytes(text).map(|bytes| config.hot_map = bytes)),
        show: |config| vec![values::bytes_text(config.hot_map)],
        is_secret: false,
    },
    Key {
        name: "log",
        placeholder: "LEVEL",
        about: "How much is logged to standard error",
        form: "off, error, warn, info, debug or trace; or a list like warn,codexmiroir=debug",
        example: "\"info\"",
        takes: Takes::Text(|config, text| values::log(text).map(|log| config.log = log)),
        show: |config| vec![config.log.clone()],
        is_secret: false,
    },
    Key::connections(
        "limits.connections",
        "Connections at the same time; one more is answered 503",
        |config, text| values::connections(text).map(|count| config.limits.connections_max = count),
        |config| vec![config.limits.connections_max.to_string()],
    ),
    Key::connections(
        "limits.connections_per_address",
        "Of these, connections of one IPv4 address or one IPv6 /64 network",
        |config, text| values::connections(text).map(|count| config.limits.connections_per_address_max = count),
        |config| vec![config.limits.connections_per_address_max.to_string()],
    ),
    Key {
        name: "limits.proxies",
        placeholder: "ADDR",
        about: "Reverse proxies: Forwarded and X-Forwarded-… of theirs are believed, connections_per_address is not for them",
        form: "a list of IP addresses and networks",
        example: "[\"127.0.0.1\", \"10.0.0.0/8\"]",
        takes: Takes::List(|config, texts, _| values::networks(texts).map(|proxies| config.proxies = proxies)),
        show: |config| config.proxies.iter().map(values::network_text).collect(),
        is_secret: false,
    },
    Key::timeout(
        "limits.first_byte",
        "How long a new connection may be silent",
        |config, text| values::timeout(text).map(|span| config.limits.first_byte = span),
        |config| vec![values::timeout_text(config.limits.first_byte)],
    ),
    Key::timeout(
        "limits.headers",
        "How long a request's head may take from its first byte to its last",
        |config, text| values::timeout(text).map(|span| config.limits.headers = span),
        |config| vec![values::timeout_text(config.limits.headers)],
    ),
    Key::timeout(
        "limits.idle",
        "How long a connection may be silent between requests, or not take its answer",
        |config, text| values::timeout(text).map(|span| config.limits.idle = span),
        |config| vec![values::timeout_text(config.limits.idle)],
    ),
    Key::timeout(
        "limits.body_idle",
        "The longest pause in a request's body",
        |config, text| values::timeout(text).map(|span| config.limits.body_idle = span),
        |config| vec![values::timeout_text(config.limits.body_idle)],
    ),
    Key::timeout(
        "limits.body_total",
        "How long a request's body may take",
        |config, text| values::timeout(text).map(|span| config.limits.body_total = span),
        |config| vec![values::timeout_text(config.limits.body_total)],
    ),
    Key::timeout(
        "limits.drain",
        "How long open requests may take when the server is stopped",
        |config, text| values::timeout(text).map(|span| config.limits.drain = span),
        |config| vec![values::timeout_text(config.limits.drain)],
    ),
    Key {
        name: "metrics.listen",
        placeholder: "ADDR",
        about: "Address and port of a listener for /metrics alone; port 0 takes a free one",
        form: "an IP address and a port, or nothing",
        example: "\"127.0.0.1:9484\"",
        takes: Takes::Text(|config, text| values::maybe_address(text).map(|listen| config.metrics_listen = listen)),
        show: |config| config.metrics_listen.iter().map(ToString::to_string).collect(),
        is_secret: false,
    },
    Key {
        name: "metrics.token",
        placeholder: "TOKEN",
        about: "What to show as a bearer token at /metrics, which is then among the other routes as well",
        form: "16 to 255 visible ASCII characters, or nothing",
        example: "\"…\"",
        takes: Takes::Text(|config, text| values::secret(text).map(|token| config.metrics_token = token)),
        show: |config| config.metrics_token.iter().cloned().collect(),
        is_secret: true,
    },
    backup::EVERY,
    backup::KEEP,
    backup::DIR,
    git::REMOTE,
    git::BRANCH,
    git::BASE_PATH,
    git::USERNAME,
    git::TOKEN,
    git::TOKEN_FILE,
    git::MODE,
    git::WEBHOOK_SECRET,
    git::WEBHOOK_SECRET_FILE,
    git::ALLOW_HOSTS,
    git::ALLOW_LOCAL,
    git::POLL,
    git::COPY_MAX,
    git::OWN_COPY_MAX,
];
