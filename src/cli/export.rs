//! `codexmiroir export`

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::CliError;
use super::client::{ACCOUNT, Ask, Client, query};
use super::output::print;
use crate::domain::ids::FileName;
use crate::domain::lang::Lang;
use crate::service::archive::read_archive;
use crate::service::rules::files;

#[derive(Args)]
pub struct Export {
    /// markdown: the task files and rules as they are; json: everything that a user has, in one file; csv: a table of
    /// the tasks, for a spreadsheet; ics: the timeline as a calendar
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// The folder for markdown or the file for the others; - is standard output, for markdown as a tar
    #[arg(long, short, value_name = "PATH")]
    output: PathBuf,
    /// With the whole history, in json
    #[arg(long)]
    history: bool,
    /// Write over files that are there and differ
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
    Csv,
    Ics,
}

impl Export {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let is_stdout = self.output == Path::new("-");
        let format = match self.format {
            Format::Markdown | Format::Csv | Format::Ics if self.history => {
                return Err(CliError::Usage(
                    "only json has the history in it; leave out --history, or take --format json".to_owned(),
                ));
            }
            Format::Markdown if is_stdout && io::stdout().is_terminal() => {
                return Err(CliError::Usage(
                    "a tar is nothing for a terminal; name a folder with --output, or send it on with > or |"
                        .to_owned(),
                ));
            }
            Format::Markdown => "markdown",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Ics => "ics",
        };
        let history = self.history.then(|| "true".to_owned());
        let path = query("/api/export", &[("format", Some(format.to_owned())), ("history", history)]);
        let mut file = client.download(Ask::get(&path), ACCOUNT).await?;
        match self.format {
            Format::Json if is_stdout => json_to_stdout(&mut file),
            _ if is_stdout => to_stdout(&mut file),
            Format::Markdown => into_folder(file, &self.output, self.replace),
            Format::Json | Format::Csv | Format::Ics => into_file(&mut file, &self.output, self.replace),
        }
    }
}

/// Writes everything that an account has, history included, into a file that is not there yet. When this returns, it is
/// on disk, whole.
pub(super) async fn everything_of(client: &mut Client, account: &str, path: &Path) -> Result<(), CliError> {
    let mut file = client
        .download(Ask::get(&format!("{account}/export?format=json&history=true")).by_administrator(), ACCOUNT)
        .await?;
    into_file(&mut file, path, false)
}

/// Refuses a file that is there already.
pub(super) fn require_new(path: &Path, otherwise: &str) -> Result<(), CliError> {
    match path.symlink_metadata() {
        Ok(_) => Err(CliError::Said(format!("{} is there already; {otherwise}", path.display()))),
        Err(_) => Ok(()),
    }
}

/// As it is for a pipe, and without what steers a terminal for one.
fn to_stdout(file: &mut File) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    if !out.is_terminal() {
        io::copy(file, &mut out)?;
        return Ok(out.flush()?);
    }
    drop(out);
    print(&text_of(file)?)
}

fn json_to_stdout(file: &mut File) -> Result<(), CliError> {
    if io::stdout().is_terminal() { super::output::print_json(&text_of(file)?) } else { to_stdout(file) }
}

fn text_of(file: &mut File) -> Result<String, CliError> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> CliError + '_ {
    |error| CliError::Said(format!("cannot write {}: {error}; name another --output", path.display()))
}

fn into_file(file: &mut File, path: &Path, replace: bool) -> Result<(), CliError> {
    if !replace {
        require_new(path, "name another --output, or add --replace")?;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Whole or not at all, and at first its owner's alone: it is everything that somebody has.
    let mut written = tempfile::NamedTempFile::new_in(folder).map_err(failed(path))?;
    io::copy(file, &mut written).map_err(failed(path))?;
    written.as_file().sync_all().map_err(failed(path))?;
    written.persist(path).map_err(|error| failed(path)(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(path))?;
    print(&format!("wrote {}\n", path.display()))
}

/// Writes each file of a tar by its name alone, those of the rules into a folder of their own, so that nothing lands
/// outside; none if one of them is there already and differs.
fn into_folder(file: File, folder: &Path, replace: bool) -> Result<(), CliError> {
    let files = unpack(file)?;
    let rules = folder.join(files::FOLDER);
    let has_rules = files.iter().any(|(path, _)| path.starts_with(files::FOLDER));
    if has_rules && rules.is_symlink() {
        let rules = rules.display();
        return Err(CliError::Said(format!("{rules} is a link, which is not followed; name another --output")));
    }
    fs::create_dir_all(if has_rules { &rules } else { folder }).map_err(failed(folder))?;
    let differs = |path: &Path, raw: &[u8]| -> Result<bool, CliError> {
        match fs::read(path) {
            Ok(there) => Ok(there != raw),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(path)(error)),
        }
    };
    let mut differing = Vec::new();
    for (path, raw) in &files {
        if differs(&folder.join(path), raw)? {
            differing.push(path.display());
        }
    }
    if let (Some(first), false) = (differing.first(), replace) {
        let (count, folder) = (differing.len(), folder.display());
        return Err(CliError::Said(format!(
            "{folder} has {first} with another content ({count} such files); name another --output, or add --replace"
        )));
    }
    for (path, raw) in &files {
        write(&folder.join(path), raw)?;
    }
    let count = |folder: &Path| fs::read_dir(folder).map_err(failed(folder)).map(Iterator::count);
    let there = if has_rules { count(folder)? + count(&rules)? - 1 } else { count(folder)? };
    let others = there.saturating_sub(files.len());
    let beside = if others > 0 { format!(", beside {others} others that were there") } else { String::new() };
    print(&format!("wrote {} files into {}{beside}\n", files.len(), folder.display()))
}

/// Writes a file in place of the one that is there. A link in its place is replaced, and not followed.
fn write(path: &Path, raw: &[u8]) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path)(error)),
        _ => {}
    }
    let made = fs::OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(raw)).map_err(failed(path))
}

/// The files of an export by their paths within the folder. One that no document can have as its name stops it: it was
/// made by no server of ours.
fn unpack(file: File) -> Result<Vec<(PathBuf, Vec<u8>)>, CliError> {
    let broken = |detail: &str| CliError::Said(format!("the export cannot be unpacked: {detail}"));
    let folder = read_archive(io::BufReader::new(file)).map_err(|refusal| broken(&refusal.text(Lang::En)))?;
    if let Some((name, reason)) = folder.left_out.first() {
        return Err(broken(&format!("{name}: {}", reason.en)));
    }
    let named = |(name, raw): (String, Vec<u8>)| {
        let file = FileName::parse(&name).ok_or_else(|| broken(&format!("{name} is no task file's name")))?;
        Ok((PathBuf::from(file.as_str()), raw))
    };
    // What is none of these names was left out above.
    let rules = folder.rules.into_iter().map(|(name, raw)| Ok((Path::new(files::FOLDER).join(name), raw)));
    folder.files.into_iter().map(named).chain(rules).collect()
}
