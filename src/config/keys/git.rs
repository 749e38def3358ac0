//! The settings of the repository that the users' files are in.

use std::path::PathBuf;

use super::{Key, Takes, whole};
use crate::config::values;

pub(super) const REMOTE: Key = Key {
    name: "git.remote",
    placeholder: "URL",
    about: "The repository that everybody's files are in who has none for oneself; none: no sync",
    form: "a URL, the whole path of a repository on this machine, or nothing",
    example: "\"https://git.example.org/team/tasks.git\"",
    takes: Takes::Text(|config, text| values::remote(text).map(|remote| config.git.remote = remote)),
    show: |config| config.git.remote.iter().cloned().collect(),
    is_secret: false,
};

pub(super) const BRANCH: Key = Key {
    name: "git.branch",
    placeholder: "BRANCH",
    about: "Its branch",
    form: "the name of a branch",
    example: "\"main\"",
    takes: Takes::Text(|config, text| values::branch(text).map(|branch| config.git.branch = branch)),
    show: |config| vec![config.git.branch.clone()],
    is_secret: false,
};

pub(super) const BASE_PATH: Key = Key {
    name: "git.base_path",
    placeholder: "FOLDER",
    about: "The folder in the repository with a folder for everybody; none: its root",
    form: "folders with / between them, or nothing",
    example: "\"codex-miroir\"",
    takes: Takes::Text(|config, text| values::folder(text).map(|folder| config.git.base_path = folder)),
    show: |config| vec![config.git.base_path.clone()],
    is_secret: false,
};

pub(super) const USERNAME: Key = Key {
    name: "git.username",
    placeholder: "NAME",
    about: "Who is said to ask, beside the token; none: what most forges take with any token",
    form: "a name, or nothing",
    example: "\"codexmiroir\"",
    takes: Takes::Text(|config, text| values::username(text).map(|name| config.git.username = name)),
    show: |config| config.git.username.iter().cloned().collect(),
    is_secret: false,
};

pub(super) const TOKEN: Key = Key {
    name: "git.token",
    placeholder: "TOKEN",
    about: "What the repository is asked with: a token, or a password",
    form: "text of one line, or nothing",
    example: "\"…\"",
    takes: Takes::Text(|config, text| values::token(text).map(|token| config.git.token = token)),
    show: |config| config.git.token.iter().cloned().collect(),
    is_secret: true,
};

pub(super) const TOKEN_FILE: Key = Key {
    name: "git.token_file",
    placeholder: "FILE",
    about: "The file that the token is in, read at the start",
    form: "a file, from this file's folder on, or nothing",
    example: "\"/run/secrets/git-token\"",
    takes: Takes::Path(|config, text, folder| {
        config.git.token_file = (!text.is_empty()).then(|| folder.join(text));
    }),
    show: |config| shown(config.git.token_file.as_ref()),
    is_secret: false,
};

pub(super) const MODE: Key = Key {
    name: "git.mode",
    placeholder: "MODE",
    about: "What is done with the repository: push writes to it and reads it, pull-only reads it, off leaves it alone",
    form: "push, pull-only or off",
    example: "\"push\"",
    takes: Takes::Text(|config, text| values::git_mode(text).map(|mode| config.git.mode = mode)),
    show: |config| vec![config.git.mode.as_str().to_owned()],
    is_secret: false,
};

pub(super) const WEBHOOK_SECRET: Key = Key {
    name: "git.webhook_secret",
    placeholder: "SECRET",
    about: "What the forge signs its calls to /github/webhook with, which are not taken without one",
    form: "16 to 255 visible ASCII characters",
    example: "\"…\"",
    takes: Takes::Text(|config, text| {
        values::webhook_secret(text).map(|secret| config.git.webhook_secret = Some(secret))
    }),
    show: |config| config.git.webhook_secret.iter().cloned().collect(),
    is_secret: true,
};

pub(super) const WEBHOOK_SECRET_FILE: Key = Key {
    name: "git.webhook_secret_file",
    placeholder: "FILE",
    about: "The file that this secret is in, read at the start",
    form: "a file, from this file's folder on, or nothing",
    example: "\"/run/secrets/git-webhook\"",
    takes: Takes::Path(|config, text, folder| {
        config.git.webhook_secret_file = (!text.is_empty()).then(|| folder.join(text));
    }),
    show: |config| shown(config.git.webhook_secret_file.as_ref()),
    is_secret: false,
};

pub(super) const ALLOW_HOSTS: Key = Key {
    name: "git.allow_hosts",
    placeholder: "HOST",
    about: "Hosts whose repositories may be in a private network, and may be asked without TLS",
    form: "a list of hosts, each with a port or without",
    example: "[\"git.home.example\", \"10.0.0.5:3000\"]",
    takes: Takes::List(|config, texts, _| values::hosts(texts).map(|hosts| config.git.allow_hosts = hosts)),
    show: |config| config.git.allow_hosts.clone(),
    is_secret: false,
};

pub(super) const ALLOW_LOCAL: Key = Key {
    name: "git.allow_local",
    placeholder: "BOOL",
    about: "Whether a repository may be a path of this machine",
    form: "true or false",
    example: "true",
    takes: Takes::Flag(|config, text| values::flag(text).map(|allowed| config.git.allow_local = allowed)),
    show: |config| vec![config.git.allow_local.to_string()],
    is_secret: false,
};

pub(super) const POLL: Key = Key {
    name: "git.poll",
    placeholder: "TIME",
    about: "How often the repository is asked without a webhook",
    form: "a time with s or m, from 10s to 60m",
    example: "\"15m\"",
    takes: Takes::Text(|config, text| values::poll(text).map(|span| config.git.poll = span)),
    show: |config| vec![values::timeout_text(config.git.poll)],
    is_secret: false,
};

pub(super) const COPY_MAX: Key = Key {
    name: "git.copy_max",
    placeholder: "SIZE",
    about: "The disk that the server's copy of it may take",
    form: "a number of bytes, KiB, MiB or GiB, from 1MiB on",
    example: "\"1GiB\"",
    takes: Takes::TextOrNumber(|config, text| values::copy_max(text).map(|bytes| config.git.copy_bytes_max = bytes)),
    show: |config| vec![values::bytes_text(config.git.copy_bytes_max)],
    is_secret: false,
};

pub(super) const OWN_COPY_MAX: Key = Key {
    name: "git.own_copy_max",
    placeholder: "SIZE",
    about: "The disk that the copy of a repository of somebody's own may take",
    form: "a number of bytes, KiB, MiB or GiB, from 1MiB on",
    example: "\"256MiB\"",
    takes: Takes::TextOrNumber(|config, text| {
        values::copy_max(text).map(|bytes| config.git.own_copy_bytes_max = bytes)
    }),
    show: |config| vec![values::bytes_text(config.git.own_copy_bytes_max)],
    is_secret: false,
};

fn shown(file: Option<&PathBuf>) -> Vec<String> {
    file.into_iter().map(whole).collect()
}
