//! A flag for every setting of the configuration.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::CliError;
use crate::app::{BackupOptions, SyncMode, SyncSettings};
use crate::config::{BackupConfig, Config, Effective, Flag, GitConfig, GitMode, KEYS, Key};

/// The flags that were given.
#[derive(Default)]
pub struct SettingFlags(pub Vec<Flag>);

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let defaults = Config::default();
        command.args(KEYS.iter().map(|key| argument(key, &defaults)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |key: &'static Key| {
            let texts = matches.get_many::<String>(key.name)?.cloned().collect();
            Some(Flag { key, texts })
        };
        Ok(SettingFlags(KEYS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(key: &'static Key, defaults: &Config) -> Arg {
    let default = match key.text(defaults) {
        none if none.is_empty() => none,
        default => format!("[default: {default}] "),
    };
    let about = format!("{} {default}[env: {}]", key.about, key.variable());
    // What refuses a flag here repeats its value; a secret is left to whoever reads the configuration.
    let check = |text: &str| if key.hides(text) { Ok(()) } else { key.check(text) };
    let read = move |text: &str| check(text).map(|()| text.to_owned());
    let argument = Arg::new(key.name).long(key.flag()).value_name(key.placeholder).help(about).value_parser(read);
    let argument = argument.action(if key.is_list() { ArgAction::Append } else { ArgAction::Set });
    // The short help is for what most people set.
    match key.name.split_once('.') {
        Some(("limits", _)) => argument.help_heading("Limits").hide_short_help(true),
        Some(("backup", _)) => argument.help_heading("Backup").hide_short_help(true),
        Some(("git", _)) => argument.help_heading("Git").hide_short_help(true),
        _ => argument,
    }
}

/// Whether the settings of the sync go with each other, before a secret is read.
pub(super) fn check_sync(effective: &Effective) -> Result<(), CliError> {
    let checked = sync_settings(effective.config.git.clone()).options(PathBuf::new());
    let said = |(name, detail): (&str, String)| {
        let place = effective.place_of(name);
        CliError::Said(format!("{place}: the setting {name} cannot be used: {detail}"))
    };
    checked.map(drop).map_err(said)
}

/// The backups that the server makes by itself; none unless they are set.
pub(super) fn backup_options(backup: BackupConfig) -> Option<BackupOptions> {
    let BackupConfig { every, keep, dir } = backup;
    every.zip(dir).map(|(every, dir)| BackupOptions { every, keep, dir })
}

/// What is to be synced with, as it was set; the secrets were read from their files before.
pub(super) fn sync_settings(git: GitConfig) -> SyncSettings {
    SyncSettings {
        remote: git.remote,
        branch: git.branch,
        base_path: git.base_path,
        username: git.username,
        token: git.token.map(Into::into),
        mode: match git.mode {
            GitMode::Push => SyncMode::Push,
            GitMode::PullOnly => SyncMode::PullOnly,
            GitMode::Off => SyncMode::Off,
        },
        webhook_secret: git.webhook_secret.map(Into::into),
        allow_hosts: git.allow_hosts,
        allow_local: git.allow_local,
        poll: git.poll,
        copy_bytes_max: git.copy_bytes_max,
        own_copy_bytes_max: git.own_copy_bytes_max,
    }
}
