//! The audit of what the program is built from.

use std::process::Command;

use serde_json::Value;

use crate::source::root;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Licences that ask for no more than a notice.
const PERMISSIVE: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // Of data: a list of certificates, for systems that have none.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    // LLVM's: what fuzzing is built on.
    "NCSA",
    "Unicode-3.0",
    "Zlib",
];

/// Under the Mozilla licence, which asks that changes to their own files stay open; they are used unchanged.
const MOZILLA: [&str; 4] = ["cssparser", "dtoa-short", "option-ext", "smartstring"];

/// Crates that bring code in another language, or the names of a system's own library.
const NATIVE: [&str; 14] = [
    // C, built with the program: the allocator, and the arithmetic of TLS.
    "libmimalloc-sys",
    "ring",
    // C, built with the program: the compression of backups.
    "zstd-sys",
    // C++, for the fuzz targets alone.
    "libfuzzer-sys",
    // Constants and types alone.
    "dirs-sys",
    "linux-raw-sys",
    // Small devices, where a library of dates can be used: built for none of ours.
    "defmt",
    // Other systems than Linux.
    "core-foundation-sys",
    "jni-sys",
    "js-sys",
    "security-framework-sys",
    "wasm-bindgen-shared",
    "web-sys",
    "windows-sys",
];

/// The packages of this repository: the program, and its fuzz targets.
const OWN: [&str; 2] = [env!("CARGO_PKG_NAME"), "codexmiroir-fuzz"];

/// What cargo knows of all packages; of this system's alone where the others' were never fetched.
fn packages() -> Vec<Value> {
    let ask = |more: &[&str]| {
        let arguments = ["metadata", "--offline", "--locked", "--format-version", "1"];
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).args(more).current_dir(root()).output().unwrap()
    };
    let mut answer = ask(&[]);
    if !answer.status.success() {
        let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
        let version = String::from_utf8(version.stdout).unwrap();
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        answer = ask(&["--filter-platform", host]);
    }
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let mut metadata: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else { panic!("no packages") };
    assert!(packages.len() > 100, "cargo names {} packages only", packages.len());
    packages.into_iter().filter(|package| !OWN.contains(&name(package))).collect()
}

/// A package of Cargo.lock that is not our own; what is not said of it is empty.
struct Locked {
    name: String,
    version: String,
    source: String,
    checksum: String,
}

fn locked() -> Vec<Locked> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let packages = lock.split("[[package]]").skip(1).map(|package| {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        Locked { name: field("name"), version: field("version"), source: field("source"), checksum: field("checksum") }
    });
    packages.filter(|package| !OWN.contains(&package.name.as_str())).collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// Whether the licence can be chosen so that all of it is permissive: `MIT OR (Apache-2.0 AND ISC)`.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let result = any_of(&tokens, &mut at);
    result && at == tokens.len()
}

fn any_of(tokens: &[&str], at: &mut usize) -> bool {
    let mut result = all_of(tokens, at);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        result |= all_of(tokens, at);
    }
    result
}

fn all_of(tokens: &[&str], at: &mut usize) -> bool {
    let mut result = one(tokens, at);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        result &= one(tokens, at);
    }
    result
}

fn one(tokens: &[&str], at: &mut usize) -> bool {
    let token = tokens.get(*at).copied().unwrap_or_default();
    *at += 1;
    if token == "(" {
        let result = any_of(tokens, at);
        *at += 1;
        return result;
    }
    // An exception only ever grants more.
    if tokens.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    PERMISSIVE.contains(&token)
}

#[test]
fn every_dependency_comes_from_crates_io() {
    let locked = locked();
    for Locked { name, source, checksum, .. } in &locked {
        assert_eq!(source, CRATES_IO, "{name}");
        assert_eq!(checksum.len(), 64, "{name}");
    }
    assert!(locked.len() > 100, "Cargo.lock was not read");
    for package in packages() {
        assert_eq!(package["source"], CRATES_IO, "{}", name(&package));
    }
}

#[test]
fn every_licence_is_permissive() {
    let packages = packages();
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !MOZILLA.contains(&name(package)))
        .filter(|package| !package["license"].as_str().is_some_and(is_permissive))
        .map(|package| format!("{}: {}", name(package), package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    for exception in MOZILLA {
        let package = packages.iter().find(|package| name(package) == exception);
        let package = package.unwrap_or_else(|| panic!("{exception} is no dependency any more; take it off the list"));
        assert!(package["license"].as_str().unwrap().starts_with("MPL-2.0"), "{}", package["license"]);
    }
}

#[test]
fn native_code_is_named() {
    let packages = packages();
    let is_native = |package: &Value| !package["links"].is_null() || name(package).ends_with("-sys");
    let unknown: Vec<&str> =
        packages.iter().filter(|package| is_native(package)).map(name).filter(|name| !NATIVE.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    // What compiles C or C++ while it is built, whatever its name.
    let compiles = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|one| one["kind"] == "build" && one["optional"] == false)
            .any(|one| matches!(one["name"].as_str(), Some("cc" | "cmake" | "bindgen" | "pkg-config")))
    };
    let compiling: Vec<&str> = packages.iter().filter(|package| compiles(package)).map(name).collect();
    let known = ["libfuzzer-sys", "libmimalloc-sys", "ring", "iana-time-zone-haiku", "zstd-sys"];
    let unknown = compiling.iter().filter(|name| !known.contains(name));
    assert_eq!(unknown.count(), 0, "{compiling:?}");
}

#[test]
fn the_audit_can_refuse() {
    for good in ["MIT", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception"] {
        assert!(is_permissive(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND MPL-2.0", "", "LGPL-2.1-or-later", "MIT GPL-3.0"] {
        assert!(!is_permissive(bad), "{bad}");
    }
}

/// Where cargo keeps what the registry said of a crate, below its cache of the index.
fn place_in_index(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

/// Whether the registry took this version back, by a file of cargo's cache; `None` where that does not know it.
/// Between zeros the file has versions and their descriptions.
fn is_yanked(cached: &[u8], version: &str) -> Option<bool> {
    let described = cached.split(|byte| *byte == 0).filter(|piece| piece.starts_with(b"{"));
    let versions = described.filter_map(|piece| serde_json::from_slice::<Value>(piece).ok());
    let found = versions.into_iter().find(|described| described["vers"] == version)?;
    found["yanked"].as_bool()
}

#[test]
fn no_dependency_was_taken_back() {
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.unwrap_or_else(|| std::env::home_dir().unwrap().join(".cargo"));
    // Where cargo has asked no registry there is none, and nothing is known.
    let registries = std::fs::read_dir(home.join("registry/index")).into_iter().flatten();
    let caches: Vec<_> = registries.map(|registry| registry.unwrap().path().join(".cache")).collect();
    let mut yanked = Vec::new();
    for Locked { name, version, .. } in locked() {
        let files = caches.iter().filter_map(|cache| std::fs::read(cache.join(place_in_index(&name))).ok());
        if files.into_iter().any(|cached| is_yanked(&cached, &version) == Some(true)) {
            yanked.push(format!("{name} {version}"));
        }
    }
    assert!(yanked.is_empty(), "taken back by their authors; cargo update finds others: {yanked:?}");
}

#[test]
fn what_was_taken_back_is_seen() {
    let cached = b"\x03\x02\0\0\0etag\x001.0.0\0{\"name\":\"a\",\"vers\":\"1.0.0\",\"yanked\":true}\x001.0.1\0\
        {\"name\":\"a\",\"vers\":\"1.0.1\",\"yanked\":false}\0";
    assert_eq!(["1.0.0", "1.0.1", "1.0.2"].map(|version| is_yanked(cached, version)), [Some(true), Some(false), None]);
    assert_eq!(
        ["a", "ab", "abc", "abcd", "Inflector"].map(place_in_index),
        ["1/a", "2/ab", "3/a/abc", "ab/cd/abcd", "in/fl/inflector"]
    );
}
