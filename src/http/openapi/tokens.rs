//! Descriptions of the tokens' routes.

use serde_json::json;

use super::operation::Operation;
use super::requests::NewToken;
use crate::http::tokens::{IssuedJson, RevokedJson, TokensJson};

const TAG: &str = "Tokens";

pub fn list() -> Operation {
    Operation::new(TAG, "listTokens", "Your tokens, without their secrets").gives::<TokensJson>("Your tokens.")
}

pub fn create() -> Operation {
    Operation::new(TAG, "createToken", "Make a token")
        .about(
            "The token is in this answer and nowhere else. It cannot allow more or last longer than the one that it \
             is asked for with; without an end given it takes that one's.",
        )
        .takes::<NewToken>(json!({"name": "laptop", "scopes": ["read"], "expires": "90d"}))
        .gives::<IssuedJson>("The token was made.")
        .writes()
        .once()
        .refuses(&[
            (409, "token_issued_before"),
            (400, "wrong_type"),
            (403, "scope_not_held"),
            (403, "outlives_token"),
            (409, "too_many_tokens"),
            (422, "malformed_value"),
            (422, "unknown_value"),
            (422, "not_together"),
            (422, "too_long"),
            (422, "control_character"),
            (422, "empty"),
            (422, "not_an_administrator"),
        ])
}

pub fn revoke() -> Operation {
    Operation::new(TAG, "revokeToken", "End a token at once")
        .path("id", "The token's `id`.")
        .gives::<RevokedJson>("The token works no more.")
        .writes()
        .refuses(&[(404, "no_such_token")])
}
