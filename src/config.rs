//! The configuration: every setting, checked, and where its value came from.
//!
//! Flags go before the environment, that before the file, that before the defaults. `keys` is the one list of
//! settings: what reads, prints and explains them goes through it, so a key cannot be forgotten in one of them.

mod backup;
mod file;
mod git;
mod keys;
mod layers;
mod print;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;

use crate::http::PublicUrl;
use crate::http::listen::Limits;

pub use self::backup::BackupConfig;
pub use self::git::{GitConfig, GitMode};
pub use self::keys::{KEYS, Key};
pub use self::layers::{ConfigError, Effective, Flag, load};
pub use self::print::default_file;

/// The configuration file's name in the data directory.
pub const CONFIG_FILE: &str = "codexmiroir.toml";

/// Bytes of finished answers that are kept in memory unless told otherwise.
pub const HOT_MAP_BYTES_DEFAULT: u64 = 128 * 1024 * 1024;

/// What an administrator has set, each value one that the program can work with.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// The address that people use, behind a reverse proxy.
    pub public_url: Option<PublicUrl>,
    /// Where the key file is; none: in the data directory.
    pub key_file: Option<PathBuf>,
    /// Rule files in the order in which they apply; none: the built-in rules.
    pub rules: Vec<PathBuf>,
    /// Bytes of finished answers that are kept in memory.
    pub hot_map: u64,
    /// What is logged, as tracing's filters have it.
    pub log: String,
    /// Reverse proxies: they speak for many clients, and are believed in what they tell of them.
    pub proxies: Vec<IpNet>,
    limits: Limits,
    /// The address of a listener for `/metrics` alone.
    pub metrics_listen: Option<SocketAddr>,
    /// What to show at `/metrics`. A secret.
    pub metrics_token: Option<String>,
    pub backup: BackupConfig,
    pub git: GitConfig,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8484)),
            public_url: None,
            key_file: None,
            rules: Vec::new(),
            hot_map: HOT_MAP_BYTES_DEFAULT,
            log: "info".to_owned(),
            proxies: Vec::new(),
            limits: Limits::default(),
            metrics_listen: None,
            metrics_token: None,
            backup: BackupConfig::default(),
            git: GitConfig::default(),
        }
    }
}

impl Config {
    /// What a connection may take, with the exception for the proxies.
    pub fn http_limits(&self) -> Limits {
        let proxies = self.proxies.clone();
        let is_proxy = move |address| proxies.iter().any(|network| network.contains(&address));
        Limits { is_proxy: Arc::new(is_proxy), ..self.limits.clone() }
    }
}
