//! Every route, and nothing else: what answers it, and what the document says of it.

use hyper::HeaderMap;

use super::openapi::{Routes, delete, get, patch, post, put};
use super::query::Query;
use super::web::assets;
use super::{
    account, admin, auth, backup, backups, cache, codex, doctor, events, explain, feed, history, looking_back, moves,
    openapi, rules, sessions, sync, tasks, tokens, transfer, verify, web, webhook,
};

pub fn routes() -> Routes {
    use super::openapi::{account as of_account, admin as of_admin, auth as of_auth, beside};
    use super::openapi::{history as of_history, looking_back as of_back, tasks as of_tasks};
    use super::openapi::{rules as of_rules, sync as of_sync, timeline, tokens as of_tokens, transfer as of_transfer};
    with_assets(with_pages(Routes::default()))
        .open("/login", [get(auth::login_page, of_auth::login_page)])
        .open("/auth/login", [post(auth::login, of_auth::login)])
        .open("/auth/logout", [post(auth::logout, of_auth::logout)])
        .open("/welcome", [get(auth::welcome, of_auth::welcome)])
        .open("/setup", [get(auth::set_up_page, of_auth::set_up_page), post(auth::set_up, of_auth::set_up)])
        .at("/codex", [get(codex::get, timeline::timeline)])
        .at("/api/tasks", [get(tasks::list, of_tasks::list), post(tasks::create, of_tasks::create)])
        .at("/api/tasks/{id}", [get(tasks::show, of_tasks::show), delete(tasks::remove, of_tasks::remove)])
        .at("/api/tasks/{id}", [put(tasks::update, of_tasks::change), patch(tasks::update, of_tasks::patch)])
        .at("/api/tasks/{id}/complete", [post(tasks::complete, of_tasks::complete)])
        .at("/api/tasks/{id}/cancel", [post(tasks::cancel, of_tasks::cancel)])
        .at("/api/tasks/{id}/reopen", [post(tasks::reopen, of_tasks::reopen)])
        .at("/api/tasks/{id}/pin", [post(tasks::pin, of_tasks::pin)])
        .at("/api/tasks/{id}/unpin", [post(tasks::unpin, of_tasks::unpin)])
        .at("/api/tasks/{id}/explain", [get(explain::explain, of_tasks::explain)])
        .at("/api/tasks/{id}/history", [get(history::of_task, of_history::of_task)])
        .at("/api/tasks/{id}/moves", [get(moves::of_task, of_history::moves)])
        .at("/api/history", [get(history::list, of_history::all)])
        .at("/api/looking-back", [get(looking_back::show, of_back::looking_back)])
        .at("/api/undo", [post(history::undo, of_history::undo)])
        .at("/api/settings", [get(account::settings, of_account::settings)])
        .at("/api/settings", [put(account::change_settings, of_account::change_settings)])
        .at("/api/settings", [patch(account::change_settings, of_account::patch_settings)])
        .at("/api/me", [get(account::me, of_account::me)])
        .at("/api/me/password", [put(sessions::change_password, of_auth::change_password)])
        .at("/api/sessions", [get(sessions::list, of_auth::sessions), delete(sessions::end_all, of_auth::end_sessions)])
        .at("/api/sessions/{id}", [delete(sessions::end, of_auth::end_session)])
        .at("/api/rules", [get(rules::show, of_rules::show), put(rules::set, of_rules::set)])
        .at("/api/rules", [delete(rules::remove, of_rules::remove)])
        .at("/api/rules/check", [post(rules::check, of_rules::check)])
        .at("/api/rules/preview", [post(rules::preview, of_rules::preview)])
        .at("/api/rules/versions", [get(rules::versions, of_rules::versions)])
        .at("/api/rules/versions/{n}", [get(rules::version, of_rules::version)])
        .at("/api/rules/versions/{n}/restore", [post(rules::restore, of_rules::restore)])
        .at("/api/events", [get(events::stream, timeline::events)])
        .at("/sync", [get(sync::by_get, of_sync::by_get), post(sync::by_post, of_sync::by_post)])
        .at("/api/sync", [get(sync::status, of_sync::status)])
        .at("/api/sync/remote", [get(sync::remote, of_sync::remote), put(sync::set_remote, of_sync::set_remote)])
        .at("/api/sync/remote", [delete(sync::remove_remote, of_sync::remove_remote)])
        .signed("/github/webhook", [post(webhook::github, of_sync::github)])
        .at("/api/tokens", [get(tokens::list, of_tokens::list), post(tokens::create, of_tokens::create)])
        .at("/api/tokens/{id}", [delete(tokens::revoke, of_tokens::revoke)])
        .at("/feeds/{file}", [get(feed::get, timeline::feed)])
        .at("/api/export", [get(transfer::export, of_transfer::export)])
        .at("/api/import", [post(transfer::import, of_transfer::import)])
        .at("/api/admin/users", [get(admin::users, of_admin::users), post(admin::add_user, of_admin::add_user)])
        .at("/api/admin/users/{name}", [get(admin::user, of_admin::user), patch(admin::change_user, of_admin::change)])
        .at("/api/admin/users/{name}", [delete(admin::remove_user, of_admin::remove)])
        .at("/api/admin/users/{name}/export", [get(transfer::export_of, of_admin::export)])
        .at("/api/admin/users/{name}/sessions", [delete(sessions::end_all_of, of_auth::end_sessions_of)])
        .at("/api/admin/backup", [get(backup::backup, of_admin::backup)])
        .at("/api/admin/backup", [post(backup::backup_with_secrets, of_admin::backup_with_secrets)])
        .at("/api/admin/doctor", [get(doctor::look, of_admin::look), post(doctor::mend, of_admin::mend)])
        .at("/api/admin/verify", [get(verify::verify, of_admin::verify)])
        .at("/api/admin/compact", [post(doctor::compact, of_admin::compact)])
        .at("/api/admin/backups", [get(backups::list, of_admin::backups)])
        .at("/api/admin/cache", [get(cache::room, of_admin::cache)])
        .at("/api/admin/cache/{name}", [get(cache::of_user, of_admin::inspect)])
        .at("/api", [get(openapi::page, beside::page)])
        .at("/openapi.json", [get(openapi::document, beside::document)])
        // Answered before the router, because they are for whoever runs the server.
        .beside("/livez", beside::live)
        .beside("/readyz", beside::ready)
        .beside("/metrics", beside::metrics)
}

/// What a browser opens.
fn with_pages(routes: Routes) -> Routes {
    use super::openapi::{beside, looking_back as of_back, pages, task_pages};
    use super::web::{admin as administration, settings};
    routes
        .at("/", [get(web::week, task_pages::week)])
        .at("/looking-back", [get(web::looking_back::show, of_back::shown)])
        .at("/rules", [get(web::rules::show, task_pages::rules), post(web::rules::change, task_pages::change_rules)])
        .at(
            "/rules/edit",
            [get(web::rules::begin, task_pages::new_rule), post(web::rules::send, task_pages::send_rule)],
        )
        .at("/rules/edit/{script}", [get(web::rules::open, task_pages::edit_rule)])
        .at("/rules/tutorial", [get(web::rules::tutorial, task_pages::tutorial)])
        .at("/quick", [post(web::quick::send, task_pages::quick)])
        .at("/undo", [post(web::acts::undo, task_pages::undo)])
        .at("/tasks", [get(web::tasks::list, task_pages::tasks), post(web::tasks::act_on_several, task_pages::several)])
        .at("/tasks/{id}", [get(web::tasks::show, task_pages::task), post(web::tasks::save, task_pages::save)])
        .at("/tasks/{id}/complete", [post(web::acts::complete, task_pages::complete)])
        .at("/tasks/{id}/cancel", [post(web::acts::cancel, task_pages::cancel)])
        .at("/tasks/{id}/reopen", [post(web::acts::reopen, task_pages::reopen)])
        .at("/tasks/{id}/pin", [post(web::acts::pin, task_pages::pin)])
        .at("/tasks/{id}/unpin", [post(web::acts::unpin, task_pages::unpin)])
        .at("/tasks/{id}/remove", [post(web::acts::remove, task_pages::remove)])
        .at("/settings", [get(settings::show, pages::settings), post(settings::change, pages::change_settings)])
        .at("/settings/password", [post(settings::change_password, pages::change_password)])
        .at("/settings/sessions", [post(settings::end_sessions, pages::end_sessions)])
        .at("/settings/tokens", [post(settings::make_token, pages::make_token)])
        .at("/settings/tokens/revoke", [post(settings::revoke_token, pages::revoke_token)])
        .at("/settings/git", [post(settings::git::set, pages::set_remote)])
        .at("/settings/git/remove", [post(settings::git::remove, pages::remove_remote)])
        .at("/sync-status", [get(web::sync::show, pages::sync), post(web::sync::now, pages::sync_now)])
        .at("/admin", [get(administration::accounts, pages::accounts)])
        .at("/admin/state", [get(administration::state, pages::state)])
        .at("/admin/doctor", [get(administration::look, pages::doctor)])
        .at("/admin/compact", [post(administration::compact, pages::compact)])
        .at("/admin/users", [post(administration::add, pages::add)])
        .at("/admin/users/{name}", [get(administration::account, pages::account)])
        .at("/admin/users/{name}/timeline", [get(administration::timeline, pages::timeline)])
        .at("/admin/users/{name}/disable", [post(administration::disable, pages::disable)])
        .at("/admin/users/{name}/enable", [post(administration::enable, pages::enable)])
        .at("/admin/users/{name}/admin", [post(administration::set_admin, pages::set_admin)])
        .at("/admin/users/{name}/password", [post(administration::set_password, pages::set_password)])
        .at("/admin/users/{name}/sign-out", [post(administration::sign_out, pages::sign_out)])
        .at("/admin/users/{name}/remove", [get(administration::removal, pages::removal)])
        .at("/admin/users/{name}/remove", [post(administration::remove, pages::remove)])
        .open(assets::KEEPER, [get(assets::keeper, beside::keeper)])
}

/// What pages are made of beside their text.
fn with_assets(routes: Routes) -> Routes {
    assets::FILES.iter().enumerate().fold(routes, |routes, (at, file)| {
        let answer = async move |headers: HeaderMap, query: Query| assets::answer(at, &headers, &query);
        routes.open(file.path, [get(answer, file.describe)])
    })
}
