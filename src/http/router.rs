//! Every route behind the gate, and nothing else.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

use super::errors::HttpError;
use super::site::Site;
use super::{account, admin, cache, codex, events, history, tasks, tokens, transfer, web};

pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/codex", get(codex::get))
        .route("/api/tasks", get(tasks::list).post(tasks::create))
        .route("/api/tasks/{id}", get(tasks::show).put(tasks::update).patch(tasks::update).delete(tasks::remove))
        .route("/api/tasks/{id}/complete", post(tasks::complete))
        .route("/api/tasks/{id}/cancel", post(tasks::cancel))
        .route("/api/tasks/{id}/reopen", post(tasks::reopen))
        .route("/api/tasks/{id}/pin", post(tasks::pin))
        .route("/api/tasks/{id}/unpin", post(tasks::unpin))
        .route("/api/tasks/{id}/history", get(history::of_task))
        .route("/api/history", get(history::list))
        .route("/api/undo", post(history::undo))
        .route("/api/settings", get(account::settings).put(account::change_settings).patch(account::change_settings))
        .route("/api/me", get(account::me))
        .route("/api/events", get(events::stream))
        .route("/api/export", get(transfer::export))
        .route("/api/import", post(transfer::import))
        .route("/api/tokens", get(tokens::list).post(tokens::create))
        .route("/api/tokens/{id}", delete(tokens::revoke))
        .route("/api/admin/users", get(admin::users).post(admin::add_user))
        .route("/api/admin/users/{name}", get(admin::user).patch(admin::change_user).delete(admin::remove_user))
        .route("/api/admin/cache", get(cache::room))
        .route("/api/admin/cache/{name}", get(cache::of_user))
        .route("/", get(web::week))
        .route("/assets/week.css", get(web::style))
        .fallback(async || HttpError::NoSuchRoute)
        .method_not_allowed_fallback(async || HttpError::MethodNotAllowed)
        .with_state(site)
}
