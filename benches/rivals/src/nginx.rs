//! nginx with the same bodies as files.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Foreign;
use super::load::Target;
use super::redis::{connect, free_address};
use super::warm::Rival;

/// `None`, and a word about it, when it is not installed. Its configuration and files go beside the bodies.
pub fn start(bodies: &Path) -> Option<Rival> {
    let count = std::fs::read_dir(bodies).unwrap().count();
    let (address, home) = (free_address(), bodies.with_extension("nginx"));
    std::fs::create_dir_all(&home).unwrap();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = paths.map(|name| format!("{name}_temp_path {}/{name};", home.display())).join(" ");
    let configuration = format!(
        "worker_processes auto; daemon off; pid {home}/pid; error_log {home}/error.log; events {{ worker_connections 1024; }}
        http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; open_file_cache max=2000;
        open_file_cache_valid 600s; {paths} server {{ listen {address}; root {bodies}; default_type application/json; }} }}",
        home = home.display(),
        bodies = bodies.display(),
    );
    let file = home.join("nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    // Its worker has rights of its own, and the folder is its owner's.
    open_to_all(bodies);
    let error_log = format!("{}/error.log", home.display());
    let mut command = Command::new("nginx");
    command.arg("-e").arg(error_log).arg("-c").arg(&file).stdout(Stdio::null());
    let role = match command.spawn() {
        Ok(child) => Foreign(child),
        Err(error) => {
            println!("nginx cannot be started, so it is left out: {error}");
            return None;
        }
    };
    drop(connect(address));
    let request = |number: usize| format!("GET /{number} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes();
    let target = Target::learn(address, (0..count).map(request).collect(), b"HTTP/1.1 200");
    Some(("nginx, files".to_owned(), target, role.0.id(), Box::new(role)))
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
