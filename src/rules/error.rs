//! What is wrong with a rule set, said so that its author finds the place and the right word.

use rhai::{EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::engine::{self, Trip};
use super::names;
use super::source::{self, Outline};

pub use crate::domain::script::RuleError;

impl RuleError {
    /// An error of a script as a whole.
    pub fn of_script(script: &str, message: impl Into<String>) -> RuleError {
        RuleError {
            script: script.to_owned(),
            function: None,
            line: None,
            column: None,
            message: engine::shortened(&message.into()),
            timed_out: false,
            task: None,
        }
    }

    /// A script that is too large: the error points at where it becomes so.
    pub(super) fn of_large_script(script: &str, source: &str) -> RuleError {
        let bytes = source.as_bytes();
        let kept = &bytes[..engine::SOURCE_BYTES_MAX.min(bytes.len())];
        let last_line = kept.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = kept.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = String::from_utf8_lossy(last_line).chars().count() + 1;
        let message = format!("the script is larger than {} KiB", engine::SOURCE_BYTES_MAX / 1024);
        RuleError {
            line: u32::try_from(line).ok(),
            column: u32::try_from(column).ok(),
            ..RuleError::of_script(script, message)
        }
    }

    /// An error of a function as a whole: it points at the function's definition.
    pub(super) fn of_function(
        script: &str,
        outline: &Outline,
        function: &str,
        message: impl Into<String>,
    ) -> RuleError {
        let place = outline.function(function).map(|found| (found.line, found.column));
        RuleError {
            function: Some(function.to_owned()),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            ..RuleError::of_script(script, message)
        }
    }

    /// An error of a word at a place, in the function that is written there.
    pub(super) fn of_word(
        script: &str,
        outline: &Outline,
        (line, column): (u32, u32),
        message: impl Into<String>,
    ) -> RuleError {
        let function =
            outline.functions().take_while(|function| (function.line, function.column) <= (line, column)).last();
        RuleError {
            function: function.map(|function| function.name.clone()),
            line: Some(line),
            column: Some(column),
            ..RuleError::of_script(script, message)
        }
    }

    /// An error that the parser found.
    pub(super) fn from_parsing(script: &str, source: &str, outline: &Outline, error: &ParseError) -> RuleError {
        let ParseError(kind, position) = error;
        if let Some((line, column)) = unclosed(kind, outline) {
            return RuleError::of_word(script, outline, (line, column), "this { is not closed by a }");
        }
        let written = || {
            let line = position.line().and_then(|line| u32::try_from(line).ok())?;
            let column = position.position().and_then(|column| u32::try_from(column).ok())?;
            source::word_at(source, line, column)
        };
        let message = match &**kind {
            ParseErrorType::VariableUndefined(name) => names::unknown_variable(name, outline),
            ParseErrorType::ExprTooDeep => "the expression is nested too deeply".to_owned(),
            ParseErrorType::TooManyFunctions => {
                format!("the script defines more than {} functions", engine::FUNCTIONS_MAX)
            }
            ParseErrorType::Reserved(word) if outline.function(word).is_some() => names::no_function_name(word),
            ParseErrorType::Reserved(word) => format!("{word} is not available in rules"),
            ParseErrorType::BadInput(LexError::ImproperSymbol(word, _))
                if engine::DISABLED.contains(&word.as_str()) =>
            {
                format!("{word} is not available in rules")
            }
            ParseErrorType::BadInput(LexError::MalformedChar(text)) => {
                format!("a text stands between double quotes: \"{text}\"")
            }
            ParseErrorType::PropertyExpected => names::no_property_name(written().as_deref().unwrap_or_default()),
            ParseErrorType::FnMissingName => match written() {
                Some(word) => names::no_function_name(&word),
                None => lower_first(&kind.to_string()),
            },
            other => lower_first(&other.to_string()),
        };
        let whole = RuleError::of_script(script, message).at(*position);
        // Of a wrong word it is known in which function it stands; where the grammar is wrong nobody can tell.
        match (&**kind, whole.line, whole.column) {
            (ParseErrorType::VariableUndefined(_), Some(line), Some(column)) => {
                RuleError::of_word(script, outline, (line, column), whole.message)
            }
            _ => whole,
        }
    }

    /// An error that came up while `hook` of the script ran; `named` is a type in the words of scripts.
    pub(super) fn from_running(
        script: &str,
        outline: &Outline,
        hook: &str,
        (error, named): (&EvalAltResult, &dyn Fn(&str) -> String),
        trip: Option<Trip>,
    ) -> RuleError {
        let mut function = hook;
        let mut inner = error;
        while let EvalAltResult::ErrorInFunctionCall(name, _, cause, _) = inner {
            if outline.function(name).is_some() {
                function = name;
            }
            inner = cause;
        }
        let message = trip.map_or_else(|| running_message(inner, outline, named), |trip| trip.to_string());
        let whole = RuleError::of_function(script, outline, function, message);
        RuleError { timed_out: matches!(trip, Some(Trip::Clock(_))), ..whole.at(inner.position()) }
    }

    /// The same error at a known position; an unknown one changes nothing.
    fn at(self, position: Position) -> RuleError {
        match position.line().and_then(|line| u32::try_from(line).ok()) {
            None => self,
            Some(line) => RuleError {
                line: Some(line),
                column: position.position().and_then(|column| u32::try_from(column).ok()),
                ..self
            },
        }
    }
}

/// Where the brace is that is not closed, if that is what the parser complains of.
fn unclosed(kind: &ParseErrorType, outline: &Outline) -> Option<(u32, u32)> {
    match kind {
        ParseErrorType::WrongFnDefinition => outline.unclosed(),
        ParseErrorType::MissingToken(token, _) if token == "}" => outline.unclosed(),
        _ => None,
    }
}

fn running_message(error: &EvalAltResult, outline: &Outline, named: &dyn Fn(&str) -> String) -> String {
    match error {
        EvalAltResult::ErrorVariableNotFound(name, _) => names::unknown_variable(name, outline),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => names::unknown_function(signature, outline),
        EvalAltResult::ErrorDotExpr(text, _) => names::unknown_property(text),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) => names::wrong_type(&named(wanted), &named(found)),
        EvalAltResult::ErrorRuntime(thrown, _) => match thrown.as_immutable_string_ref() {
            Ok(text) if !text.is_empty() => text.to_string(),
            _ => "the script gave up without saying why".to_owned(),
        },
        EvalAltResult::ErrorStackOverflow(_) => {
            format!("functions call one another more than {} levels deep", engine::CALL_LEVELS_MAX)
        }
        EvalAltResult::ErrorTooManyVariables(_) => {
            format!("there are more than {} variables at once", engine::VARIABLES_MAX)
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => too_large(what),
        other => lower_first(without_position(&other.to_string())),
    }
}

/// Rhai's name of the thing that grew too large, as a sentence with its limit.
fn too_large(what: &str) -> String {
    let limit = if what.contains("string") {
        format!("a text may have {} bytes", engine::STRING_BYTES_MAX)
    } else {
        format!("a list or map may have {} entries, those of lists within it included", engine::ENTRIES_MAX)
    };
    format!("a value grew too large: {limit}")
}

/// Rhai's messages end with `(line 3, position 5)`, which the error says in fields of its own.
fn without_position(text: &str) -> &str {
    text.rfind(" (line ").map_or(text, |at| &text[..at])
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "the script is not understood".to_owned(),
    }
}
