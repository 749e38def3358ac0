//! Every route behind the gate, and nothing else.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::errors::HttpError;
use super::site::Site;
use super::{codex, tasks, web};

pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/codex", get(codex::get))
        .route("/api/tasks", get(tasks::list).post(tasks::create))
        .route("/api/tasks/{id}", get(tasks::show).put(tasks::update).patch(tasks::update).delete(tasks::remove))
        .route("/api/tasks/{id}/complete", axum::routing::post(tasks::complete))
        .route("/", get(web::week))
        .route("/assets/week.css", get(web::style))
        .fallback(async || HttpError::NoSuchRoute)
        .method_not_allowed_fallback(async || HttpError::MethodNotAllowed)
        .with_state(site)
}
