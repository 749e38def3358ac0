//! What use cases refuse, as HTTP has it.

use hyper::StatusCode;

use crate::service::error::{AccessRefusal, ExportRefusal, Fault, PastRefusal, Refusal, SyncRefusal};

/// 400 where the old system answered so; 422 for everything else that is understood but cannot be.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Field { field, fault } => match (*field, fault) {
            (_, Fault::WrongType { .. }) => StatusCode::BAD_REQUEST,
            ("kategorie" | "fixedSlot" | "fixedSlot.datum" | "fixedSlot.zeit" | "datum" | "zeit", _) => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Refusal::UnknownField { .. }
        | Refusal::Unreadable { .. }
        | Refusal::NotEditable { .. }
        | Refusal::TooLarge
        | Refusal::NoNumberLeft
        | Refusal::RulesRefused { .. }
        | Refusal::NotAnAdministrator { .. }
        | Refusal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NoSuchTask { .. }
        | Refusal::NoSuchUser { .. }
        | Refusal::NoSuchToken { .. }
        | Refusal::NoSuchRulesVersion { .. }
        | Refusal::NoSuchChange { .. } => StatusCode::NOT_FOUND,
        Refusal::MalformedArchive => StatusCode::BAD_REQUEST,
        Refusal::Export(refusal) => export_status(refusal),
        Refusal::ArchiveTooLarge | Refusal::ArchiveHeadersTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::ScopeNotHeld { .. } | Refusal::OutlivesToken => StatusCode::FORBIDDEN,
        Refusal::Ambiguous { .. }
        | Refusal::SlotTaken { .. }
        | Refusal::TouchedSince { .. }
        | Refusal::BroughtChange { .. }
        | Refusal::KeyInFlight
        | Refusal::LastAdmin { .. }
        | Refusal::TooManyTokens
        | Refusal::TokenIssuedBefore { .. }
        | Refusal::UserExists { .. } => StatusCode::CONFLICT,
        Refusal::Changed { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::IfMatchNeeded => StatusCode::PRECONDITION_REQUIRED,
        Refusal::Access(refusal) => access_status(*refusal),
        Refusal::Sync(refusal) => sync_status(refusal),
        Refusal::Past(refusal) => past_status(refusal),
    }
}

/// The stable word that clients can go by.
pub(super) fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Field { fault, .. } => fault.code(),
        Refusal::UnknownField { .. } => "unknown_field",
        Refusal::NoSuchTask { .. } => "no_such_task",
        Refusal::Ambiguous { .. } => "ambiguous_id",
        Refusal::Changed { .. } => "changed",
        Refusal::IfMatchNeeded => "if_match_needed",
        Refusal::Unreadable { .. } => "unreadable_document",
        Refusal::NotEditable { .. } => "not_editable",
        Refusal::TooLarge => "document_too_large",
        Refusal::SlotTaken { .. } => "slot_taken",
        Refusal::NoNumberLeft => "no_number_left",
        Refusal::KeyReused => "idempotency_key_reused",
        Refusal::KeyInFlight => "idempotency_key_in_flight",
        Refusal::NoSuchChange { .. } => "no_such_change",
        Refusal::TouchedSince { .. } => "touched_since",
        Refusal::BroughtChange { .. } => "brought_change",
        Refusal::NoSuchUser { .. } => "no_such_user",
        Refusal::UserExists { .. } => "user_exists",
        Refusal::LastAdmin { .. } => "last_admin",
        Refusal::NoSuchToken { .. } => "no_such_token",
        Refusal::TokenIssuedBefore { .. } => "token_issued_before",
        Refusal::TooManyTokens => "too_many_tokens",
        Refusal::ScopeNotHeld { .. } => "scope_not_held",
        Refusal::OutlivesToken => "outlives_token",
        Refusal::MalformedArchive => "malformed_archive",
        Refusal::Export(refusal) => export_code(refusal),
        Refusal::ArchiveTooLarge | Refusal::ArchiveHeadersTooLarge => "too_large",
        Refusal::RulesRefused { .. } => "rules_refused",
        Refusal::NoSuchRulesVersion { .. } => "no_such_version",
        Refusal::NotAnAdministrator { .. } => "not_an_administrator",
        Refusal::Access(refusal) => access_code(*refusal),
        Refusal::Sync(refusal) => sync_code(refusal),
        Refusal::Past(refusal) => past_code(refusal),
    }
}

fn export_status(refusal: &ExportRefusal) -> StatusCode {
    match refusal {
        ExportRefusal::NotJson { .. } | ExportRefusal::NotAnExport | ExportRefusal::Wrong { .. } => {
            StatusCode::BAD_REQUEST
        }
        ExportRefusal::UnknownField { .. } | ExportRefusal::Newer { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        ExportRefusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
    }
}

fn export_code(refusal: &ExportRefusal) -> &'static str {
    match refusal {
        ExportRefusal::NotJson { .. } | ExportRefusal::NotAnExport | ExportRefusal::Wrong { .. } => "malformed_export",
        ExportRefusal::UnknownField { .. } => "unknown_field",
        ExportRefusal::Newer { .. } => "newer_export",
        ExportRefusal::TooLarge => "too_large",
    }
}

fn access_status(refusal: AccessRefusal) -> StatusCode {
    match refusal {
        AccessRefusal::SignInFailed => StatusCode::UNAUTHORIZED,
        AccessRefusal::WrongPassword => StatusCode::UNPROCESSABLE_ENTITY,
        AccessRefusal::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        AccessRefusal::TooManyPasswords | AccessRefusal::PasswordsUnavailable | AccessRefusal::KeyFileUnusable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        AccessRefusal::LinkUsed => StatusCode::NOT_FOUND,
        AccessRefusal::SetUpBefore => StatusCode::CONFLICT,
        AccessRefusal::NotOverTheNetwork => StatusCode::FORBIDDEN,
    }
}

fn access_code(refusal: AccessRefusal) -> &'static str {
    match refusal {
        AccessRefusal::SignInFailed => "sign_in_failed",
        AccessRefusal::WrongPassword => "wrong_password",
        AccessRefusal::TooManyAttempts { .. } => "too_many_attempts",
        AccessRefusal::TooManyPasswords => "busy",
        AccessRefusal::PasswordsUnavailable | AccessRefusal::KeyFileUnusable => "passwords_unavailable",
        AccessRefusal::LinkUsed => "link_used",
        AccessRefusal::SetUpBefore => "set_up_before",
        AccessRefusal::NotOverTheNetwork => "not_over_the_network",
    }
}

fn sync_status(refusal: &SyncRefusal) -> StatusCode {
    match refusal {
        SyncRefusal::NoRemote | SyncRefusal::SwitchedOff => StatusCode::CONFLICT,
        SyncRefusal::NoSuchBranch { .. } | SyncRefusal::NoSuchCommit { .. } => StatusCode::NOT_FOUND,
        SyncRefusal::Unusable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        // What may be over in a moment is this server's to try again; the rest somebody has to mend there.
        SyncRefusal::Trouble(trouble) => match trouble.kind.retry_after() {
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
            None => StatusCode::BAD_GATEWAY,
        },
    }
}

fn sync_code(refusal: &SyncRefusal) -> &'static str {
    match refusal {
        SyncRefusal::NoRemote => "no_remote",
        SyncRefusal::SwitchedOff => "sync_off",
        SyncRefusal::NoSuchBranch { .. } => "no_such_branch",
        SyncRefusal::NoSuchCommit { .. } => "no_such_commit",
        SyncRefusal::Unusable { .. } => "malformed_value",
        SyncRefusal::Trouble(trouble) => trouble.kind.code(),
    }
}

fn past_status(refusal: &PastRefusal) -> StatusCode {
    match refusal {
        PastRefusal::NotReached { .. } | PastRefusal::Brought { .. } | PastRefusal::NotKept { .. } => {
            StatusCode::NOT_FOUND
        }
        PastRefusal::OtherBasis { .. } => StatusCode::CONFLICT,
    }
}

fn past_code(refusal: &PastRefusal) -> &'static str {
    match refusal {
        PastRefusal::NotReached { .. } => "no_such_generation",
        PastRefusal::Brought { .. } => "brought_generation",
        PastRefusal::NotKept { .. } => "generation_not_kept",
        PastRefusal::OtherBasis { .. } => "other_basis",
    }
}
