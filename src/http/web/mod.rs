//! The pages. Reading them needs no script.

mod form;
mod interface;
mod layout;
pub mod set_up;
pub mod sign_in;
mod week;

pub use form::Errors;
pub use interface::page as interface;
pub use week::page;

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};

use super::errors::HttpError;
use super::extract::Asked;
use super::respond::{Asset, BY_ASKER, PRIVATE};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
static BASE_STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new(CSS, include_str!("base.css")));
static ACCOUNT_STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new(CSS, include_str!("account.css")));
static SET_UP_SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new(SCRIPT, include_str!("set-up.js")));
static WEEK_STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new(CSS, include_str!("week.css")));
static INTERFACE_STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new(CSS, include_str!("interface.css")));

/// `GET /`: the week.
pub async fn week(asked: Asked) -> Result<Response, HttpError> {
    let answer = asked.site.service.answer(asked.actor.user).await?;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [(CONTENT_TYPE, html), (CACHE_CONTROL, PRIVATE), (VARY, BY_ASKER)];
    Ok((headers, page(&answer).into_string()).into_response())
}

/// `GET /assets/base.css`
pub async fn base_style(headers: HeaderMap) -> Response {
    BASE_STYLE.answer(&headers)
}

/// `GET /assets/account.css`
pub async fn account_style(headers: HeaderMap) -> Response {
    ACCOUNT_STYLE.answer(&headers)
}

/// `GET /assets/set-up.js`
pub async fn set_up_script(headers: HeaderMap) -> Response {
    SET_UP_SCRIPT.answer(&headers)
}

/// `GET /assets/week.css`
pub async fn week_style(headers: HeaderMap) -> Response {
    WEEK_STYLE.answer(&headers)
}

/// `GET /assets/interface.css`
pub async fn interface_style(headers: HeaderMap) -> Response {
    INTERFACE_STYLE.answer(&headers)
}

#[cfg(test)]
mod tests;
