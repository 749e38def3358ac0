//! The table, and how it is read.

use std::fmt;

use reqwest::Method;

/// The columns: how somebody asks, and the names of those who do (see `cast`). All but the first two kinds have an
/// account with what is asked for.
pub const COLUMNS: [(&str, &[&str]); 12] = [
    // Without anything that says who it is: a program, and a browser that opens a page.
    ("nobody", &["nobody"]),
    ("page", &["page"]),
    // With a cookie that is no session, or none any more.
    ("stale", &["token as cookie", "expired session", "ended session", "disabled session", "removed session"]),
    // With a token that is none, or none any more.
    ("dead", &["session as token", "expired token", "revoked token", "disabled token", "removed token"]),
    // With a token of this scope alone; the last is an administrator's.
    ("read", &["read"]),
    ("write", &["write"]),
    ("feed", &["feed"]),
    ("admin", &["admin"]),
    // With a session: a user's, an administrator's.
    ("user", &["user"]),
    ("boss", &["boss"]),
    // At the control socket: for nobody, for a user.
    ("socket", &["socket"]),
    ("acting", &["acting"]),
];

/// The last two columns: what whoever is let in gets for ids of another user, and for those that nobody has.
const OF_IDS: [&str; 2] = ["other's", "none"];

/// What is answered, with one's own ids where a path has any. `sign` leads to the sign-in, a `-` is not asked.
pub const ROUTES: &str = "
                                            nobody page stale dead | read write feed admin | user boss | socket acting | other's none
GET    /codex                                  401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /api/tasks                              401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /api/tasks                              401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
GET    /api/tasks/{id}                         401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |     404  404
PUT    /api/tasks/{id}                         401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
PATCH  /api/tasks/{id}                         401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
DELETE /api/tasks/{id}                         401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
POST   /api/tasks/{id}/complete                401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
POST   /api/tasks/{id}/cancel                  401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
POST   /api/tasks/{id}/reopen                  401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
POST   /api/tasks/{id}/pin                     401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
POST   /api/tasks/{id}/unpin                   401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
GET    /api/tasks/{id}/explain                 401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |     404  404
GET    /api/tasks/{id}/history                 401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |     404  404
GET    /api/tasks/{id}/moves                   401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |     404  404
GET    /api/history                            401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /api/looking-back                       401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /api/undo                               401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
GET    /api/settings                           401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
PUT    /api/settings                           401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
PATCH  /api/settings                           401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
GET    /api/me                                 401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
PUT    /api/me/password                        401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
GET    /api/sessions                           401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
DELETE /api/sessions                           401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
DELETE /api/sessions/{id}                      401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
GET    /api/rules                              401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
PUT    /api/rules                              401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
DELETE /api/rules                              401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
POST   /api/rules/check                        401  401   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /api/rules/preview                      401  401   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /api/rules/versions                     401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /api/rules/versions/{n}                 401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |     404  404
POST   /api/rules/versions/{n}/restore         401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
GET    /api/events                             401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /sync                                   401 sign   401  401 |  403   409  403   403 |  405  405 |    400    409 |       -    -
POST   /sync                                   401  401   401  401 |  403   409  403   403 |  409  409 |    400    409 |       -    -
GET    /api/sync                               401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /api/sync/remote                        401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
PUT    /api/sync/remote                        401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
DELETE /api/sync/remote                        401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
POST   /github/webhook                         404  404   404  401 |  404   404  404   404 |  404  404 |    404    404 |       -    -
GET    /api/tokens                             401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /api/tokens                             401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
DELETE /api/tokens/{id}                        401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |     404  404
GET    /feeds/{file}                           200  200   200  200 |  200   200  200   200 |  200  200 |    200    200 |     200  401
GET    /api/export                             401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /api/import                             401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
GET    /api/admin/users                        401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
POST   /api/admin/users                        401  401   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
GET    /api/admin/users/{name}                 401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
PATCH  /api/admin/users/{name}                 401  401   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
DELETE /api/admin/users/{name}                 401  401   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
DELETE /api/admin/users/{name}/sessions        401  401   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
GET    /api/admin/backup                       401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
POST   /api/admin/backup                       401  401   401  401 |  403   403  403   403 |  403  403 |    200    403 |       -    -
GET    /api/admin/doctor                       401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
POST   /api/admin/doctor                       401  401   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
GET    /api/admin/verify                       401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
POST   /api/admin/compact                      401  401   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
GET    /api/admin/backups                      401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
GET    /api/admin/cache                        401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
GET    /api/admin/cache/{name}                 401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
GET    /api/admin/users/{name}/export          401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
GET    /                                       401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /looking-back                           401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /rules                                  401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /rules                                  401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
GET    /rules/edit                             401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /rules/edit                             401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
GET    /rules/edit/{script}                    401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
GET    /rules/tutorial                         401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /quick                                  401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
POST   /undo                                   401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
GET    /tasks                                  401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /tasks                                  401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
GET    /tasks/{id}                             401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |     404  404
POST   /tasks/{id}                             401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     404  404
POST   /tasks/{id}/complete                    401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /tasks/{id}/cancel                      401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /tasks/{id}/reopen                      401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /tasks/{id}/pin                         401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /tasks/{id}/unpin                       401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /tasks/{id}/remove                      401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
GET    /settings                               401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /settings                               401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
POST   /settings/password                      401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
POST   /settings/sessions                      401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /settings/tokens                        401  401   401  401 |  403   200  403   403 |  200  200 |    400    200 |       -    -
POST   /settings/tokens/revoke                 401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |     303  303
POST   /settings/git                           401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
POST   /settings/git/remove                    401  401   401  401 |  403   303  403   403 |  303  303 |    400    303 |       -    -
GET    /sync-status                            401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
POST   /sync-status                            401  401   401  401 |  403   422  403   403 |  422  422 |    400    422 |       -    -
GET    /admin                                  401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
POST   /admin/users                            401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |       -    -
GET    /admin/state                            401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
GET    /admin/doctor                           401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |       -    -
POST   /admin/compact                          401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |       -    -
GET    /admin/users/{name}/timeline            401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
GET    /admin/users/{name}                     401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
POST   /admin/users/{name}/disable             401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |     303  404
POST   /admin/users/{name}/enable              401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |     303  404
POST   /admin/users/{name}/admin               401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |     303  404
POST   /admin/users/{name}/password            401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |     303  404
POST   /admin/users/{name}/sign-out            401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |     303  404
GET    /admin/users/{name}/remove              401 sign   401  401 |  403   403  403   200 |  403  200 |    200    200 |     200  404
POST   /admin/users/{name}/remove              401  401   401  401 |  403   403  403   303 |  403  303 |    303    303 |     303  404
GET    /api                                    401 sign   401  401 |  200   403  403   403 |  200  200 |    200    200 |       -    -
GET    /openapi.json                           401 sign   401  401 |  200   403  403   403 |  200  200 |    200    200 |       -    -
GET    /assets/base.css                       200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/account.css                    200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/week.css                       200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/interface.css                  200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/set-up.js                      200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/app.js                         200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/morph.js                       200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/keys.js                        200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/week.js                        200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/quick.js                       200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/rules-editor.js                200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/icon.svg                       200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/icon-192.png                   200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/icon-512.png                   200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /assets/app.webmanifest                200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /keeper.js                             200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /login                                  200  200   200  401 |  303   303  303   303 |  303  303 |    200    303 |       -    -
POST   /auth/login                             200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
POST   /auth/logout                            200  200   200  401 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /welcome                                404  404   404  401 |  303   303  303   303 |  303  303 |    404    303 |       -    -
GET    /setup                                  404  404   404  401 |  404   404  404   404 |  404  404 |    404    404 |       -    -
POST   /setup                                  404  404   404  401 |  404   404  404   404 |  404  404 |    404    404 |       -    -
GET    /livez                                  200  200   200  200 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /readyz                                 200  200   200  200 |  200   200  200   200 |  200  200 |    200    200 |       -    -
GET    /metrics                                401  401   401  401 |  401   401  401   401 |  401  401 |    401    401 |       -    -
";

/// What is no route: only who is signed in is told so.
pub const OTHERS: &str = "
                                            nobody page stale dead | read write feed admin | user boss | socket acting | other's none
GET    /nowhere                                401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
POST   /nowhere                                401  401   401  401 |  403   404  403   403 |  404  404 |    404    404 |       -    -
GET    /api/admin                              401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
GET    /api/admin/nowhere                      401 sign   401  401 |  403   403  403   404 |  403  404 |    404    404 |       -    -
PUT    /codex                                  401  401   401  401 |  403   405  403   403 |  405  405 |    405    405 |       -    -
GET    /codex/                                 401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
GET    /codexes                                401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
GET    /assets/week.css.map                    401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
GET    /feeds                                  401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
GET    /feeds/                                 401  401   401  401 |  401   401  401   401 |  401  401 |    401    401 |       -    -
GET    /login/                                 401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
GET    /auth/login/x                           401 sign   401  401 |  404   403  403   403 |  404  404 |    404    404 |       -    -
";

/// The timeline once it is warm: answered before the router, by the shortcut past the HTTP library, and over HTTP/2.
pub const HOT: &str = "
                                            nobody page stale dead | read write feed admin | user boss | socket acting | other's none
GET    /codex                                  401 sign   401  401 |  200   403  403   403 |  200  200 |    400    200 |       -    -
";

/// What is expected in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    Status(u16),
    /// 303 to the page that signs in, and from there back.
    ToSignIn,
    NotAsked,
}

impl Cell {
    pub fn status(self) -> Option<u16> {
        match self {
            Cell::Status(status) => Some(status),
            Cell::ToSignIn => Some(303),
            Cell::NotAsked => None,
        }
    }

    /// Whether the asker gets what was asked for.
    pub fn lets_in(self) -> bool {
        matches!(self, Cell::Status(..400))
    }
}

/// A route, with what each column gets.
#[derive(Debug)]
pub struct Row {
    pub method: Method,
    pub path: &'static str,
    cells: Vec<Cell>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn columns() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name).chain(OF_IDS)
}

impl Row {
    pub fn cell(&self, column: &str) -> Cell {
        self.cells[columns().position(|name| name == column).unwrap()]
    }

    /// Whether a request names something that belongs to somebody.
    pub fn has_ids(&self) -> bool {
        self.cell("none") != Cell::NotAsked
    }
}

/// The rows of a table.
pub fn rows(table: &'static str) -> Vec<Row> {
    let mut lines = table.lines().filter(|line| !line.is_empty());
    let words = |line: &'static str| line.split_whitespace().filter(|word| *word != "|");
    assert!(words(lines.next().unwrap()).eq(columns()), "the columns are others");
    let row = |line| {
        let mut words = words(line);
        let (method, path) = (words.next().unwrap().parse().unwrap(), words.next().unwrap());
        let cell = |word: &str| match word {
            "-" => Cell::NotAsked,
            "sign" => Cell::ToSignIn,
            status => Cell::Status(status.parse().unwrap()),
        };
        let row = Row { method, path, cells: words.map(cell).collect() };
        assert_eq!(row.cells.len(), columns().count(), "{line}");
        row
    };
    lines.map(row).collect()
}
