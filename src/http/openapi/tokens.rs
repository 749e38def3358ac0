//! Descriptions of the tokens' routes.

use serde_json::json;

use super::operation::Operation;
use super::requests::NewToken;
use crate::domain::lang::both;
use crate::http::tokens::{IssuedJson, RevokedJson, TokensJson};

const TAG: &str = "Tokens";

pub fn list() -> Operation {
    Operation::new(TAG, "listTokens", both("Your tokens, without their secrets", "Deine Tokens, ohne ihre Geheimnisse"))
        .gives::<TokensJson>(both("Your tokens.", "Deine Tokens."))
}

pub fn create() -> Operation {
    Operation::new(TAG, "createToken", both("Make a token", "Ein Token machen"))
        .about(both(
            "The token is in this answer and nowhere else. It cannot allow more or last longer than the one \
             that it is asked for with; without an end given it takes that one's.",
            "Das Token steht in dieser Antwort und sonst nirgends. Es kann nicht mehr erlauben und nicht länger \
             gelten als das, mit dem es verlangt wird; ist kein Ende angegeben, gilt dessen Ende.",
        ))
        .takes::<NewToken>(json!({"name": "laptop", "scopes": ["read"], "expires": "90d"}))
        .gives::<IssuedJson>(both("The token was made.", "Das Token ist gemacht."))
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
    Operation::new(TAG, "revokeToken", both("End a token at once", "Ein Token sofort beenden"))
        .path("id", both("The token's `id`.", "Die `id` des Tokens."))
        .gives::<RevokedJson>(both("The token works no more.", "Das Token gilt nicht mehr."))
        .writes()
        .refuses(&[(404, "no_such_token")])
}
