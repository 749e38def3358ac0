//! Questions to the person at the terminal.

use std::io::{BufRead, IsTerminal, Read, Write};

use super::CliError;

/// More than any password or token has, so that a wrong file is not read into memory.
const SECRET_BYTES_MAX: u64 = 4_096;

/// More than a document holds; the API says how much that is.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// The first line of standard input; `what` it holds is said where it cannot be read.
pub fn line_of_stdin(what: &str) -> Result<String, CliError> {
    let mut text = String::new();
    let read = std::io::stdin().take(SECRET_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| CliError::Said(format!("cannot read the {what} from standard input: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A text as it was given, or for `-` all of standard input.
pub fn text_or_stdin(text: String) -> Result<String, CliError> {
    if text != "-" {
        return Ok(text);
    }
    let mut read = String::new();
    let failed = |error| CliError::Said(format!("cannot read the text from standard input: {error}"));
    std::io::stdin().take(TEXT_BYTES_MAX).read_to_string(&mut read).map_err(failed)?;
    Ok(read)
}

/// Whether there is somebody to ask.
pub fn is_possible() -> bool {
    std::io::stdin().is_terminal()
}

/// Asks for a secret, which the terminal does not show.
///
/// # Errors
/// There is no terminal; `otherwise` is the flag to use then.
pub fn secret(question: &str, otherwise: &str) -> Result<String, CliError> {
    if !is_possible() {
        return Err(CliError::Said(format!("there is no terminal to ask at; use {otherwise}")));
    }
    rpassword::prompt_password(question).map_err(|error| CliError::Said(format!("cannot ask at the terminal: {error}")))
}

/// Asks for a new password twice. An empty one is `None` where there may be none.
pub fn new_password(may_be_none: bool) -> Result<Option<String>, CliError> {
    let question = if may_be_none { "Password (empty for none): " } else { "New password: " };
    let password = secret(question, "--password-stdin")?;
    if password.is_empty() && may_be_none {
        return Ok(None);
    }
    once_more(password, "--password-stdin", "passwords").map(Some)
}

/// Asks for a new secret twice; `plural` is what two of them are called.
pub fn new_secret(question: &str, otherwise: &str, plural: &str) -> Result<String, CliError> {
    once_more(secret(question, otherwise)?, otherwise, plural)
}

fn once_more(first: String, otherwise: &str, plural: &str) -> Result<String, CliError> {
    match secret("Once more: ", otherwise)? == first {
        true => Ok(first),
        false => Err(CliError::Said(format!("the two {plural} differ; try again"))),
    }
}

/// Tells something before a question.
pub fn tell(sentence: &str) -> Result<(), CliError> {
    Ok(writeln!(std::io::stderr(), "{sentence}")?)
}

/// Asks a question that only a yes answers with yes.
pub fn confirm(question: &str) -> Result<bool, CliError> {
    let mut out = std::io::stderr();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().take(SECRET_BYTES_MAX).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "j" | "ja"))
}
