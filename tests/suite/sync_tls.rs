//! A repository over https: the certificate of its host decides whether anything is sent.

use std::os::unix::fs::PermissionsExt;

use crate::binary::{Home, Ran, Serving};
use crate::shared::{Shared, document};
use crate::tls::in_front_of;

const TOKEN: &str = "a token for the host behind tls";

/// A home with lena, and the settings of a server that syncs with a repository of `localhost`.
fn home(repository: &str) -> Home {
    let home = Home::new();
    home.did(&["user", "add", "lena", "--time-zone", "Europe/Berlin", "--language", "en"]);
    std::fs::write(home.path("token"), TOKEN).unwrap();
    std::fs::set_permissions(home.path("token"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = format!("[git]\nremote = \"{repository}\"\nusername = \"lena\"\ntoken_file = \"token\"\n");
    std::fs::write(home.path("my.toml"), format!("{settings}allow_hosts = [\"localhost\", \"127.0.0.1\"]\n")).unwrap();
    home
}

/// A server that trusts this certificate alone.
fn serve(home: &Home, trusted: &str) -> Serving {
    std::fs::write(home.path("trusted.pem"), trusted).unwrap();
    let config = home.path("my.toml");
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()]);
    Serving::of(command.env("SSL_CERT_FILE", home.path("trusted.pem")))
}

fn synced(home: &Home) -> Ran {
    home.run(&["sync"])
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_there_and_come_back_where_the_certificate_is_trusted() {
    let shared = Shared::new();
    shared.host.let_in_only("lena", TOKEN);
    let clone = shared.clone_of("clone");
    clone.write("codex-miroir/lena/tasks/0007-dort.md", Some(&document("Dort", "", "")));
    clone.push("a task");
    let (port, certificate) = in_front_of(shared.host.host.parse().unwrap()).await;
    let home = home(&format!("https://localhost:{port}/tasks.git"));
    let _server = serve(&home, &certificate);
    let ran = synced(&home);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(home.did(&["task", "list"]).contains("Dort"));
    home.did(&["task", "add", "Hier"]);
    let ran = synced(&home);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert_eq!(shared.files("codex-miroir/lena/tasks"), ["0007-dort.md", "0008-Hier.md"]);
    assert!(shared.host.pushes() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_is_told_of_and_nothing_is_sent() {
    let shared = Shared::new();
    let (port, certificate) = in_front_of(shared.host.host.parse().unwrap()).await;
    let (_, other) = in_front_of(shared.host.host.parse().unwrap()).await;
    for (host, trusted) in [("localhost", &other), ("127.0.0.1", &certificate)] {
        let home = home(&format!("https://{host}:{port}/tasks.git"));
        let _server = serve(&home, trusted);
        let ran = synced(&home);
        let said = ran.refusal(1);
        assert!(said.contains("certificate") && said.contains("SSL_CERT_FILE"), "{ran:?}");
        assert!(!ran.stderr.contains(TOKEN));
        let status = home.did(&["sync", "--status"]);
        assert!(status.contains("SSL_CERT_FILE"), "{status}");
    }
    assert!(shared.host.requests().is_empty());
}
