//! A server behind TLS: its certificate decides whether the token is sent.

use super::ways::{Installation, Way};
use crate::binary::{Home, Ran};
use crate::tls::in_front_of;

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_checked_before_the_token_is_sent() {
    let at = Installation::of(Way::Beside);
    let (port, certificate) = in_front_of(at.server.as_ref().unwrap().address).await;
    let url = format!("https://localhost:{port}");
    let guest = Home::new();
    std::fs::write(guest.path("own.pem"), certificate).unwrap();
    std::fs::write(guest.path("token"), &at.token).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(guest.path("other.pem"), other.cert.pem()).unwrap();
    let run = |arguments: &[&str], trusted: &str| {
        let mut command = guest.command(arguments);
        Ran::of(command.env("SSL_CERT_FILE", guest.path(trusted)).env("CODEXMIROIR_TOKEN_FILE", "token"))
    };
    let list = ["task", "list", "--server", &url];
    let refused = run(&list, "other.pem");
    assert!(refused.refusal(1).contains("certificate") && refused.stderr.contains(&url), "{refused:?}");
    let taken = run(&list, "own.pem");
    assert_eq!((taken.code, taken.stdout.as_str(), taken.stderr.as_str()), (Some(0), "no open tasks\n", ""));
    assert_eq!(run(&["healthcheck", &url], "own.pem").stdout, "ready\n");
    let wrong_name = format!("https://127.0.0.1:{port}");
    assert!(run(&["healthcheck", &wrong_name], "own.pem").refusal(1).contains("certificate"));
}
