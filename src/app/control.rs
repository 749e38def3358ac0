//! The control socket: a Unix socket in the data directory that speaks the HTTP API. Whoever can open it is the
//! administrator, so it is its owner's alone.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

const SOCKET_FILE: &str = "control.sock";

/// Where a new socket is made, out of everybody's reach, before it takes its place.
const MAKING_DIR: &str = "control.new";

/// The longest path that a socket's address holds on every system, in bytes.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// The socket's file, which is removed when this is dropped. Only who has the database may hold it.
pub(super) struct ControlFile(PathBuf);

impl Drop for ControlFile {
    fn drop(&mut self) {
        // One that stays behind refuses every connection, and the next server replaces it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens on the data directory's socket, in the place of one that a killed server left: to be called by
/// whoever has the database, so that nobody else can be listening.
///
/// The socket is made in a directory that is closed to others and moved from there: at no moment may anybody else
/// open it, whatever the mask of new files.
pub(super) fn listen(data_dir: &Path) -> io::Result<(UnixListener, ControlFile)> {
    let making = data_dir.join(MAKING_DIR);
    remove(&making);
    fs::DirBuilder::new().mode(0o700).create(&making)?;
    let listened = (|| {
        let reach = Reach::of(&making)?;
        let listener = UnixListener::bind(&reach.path)?;
        let made = making.join(SOCKET_FILE);
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
        let file = ControlFile(data_dir.join(SOCKET_FILE));
        fs::rename(&made, &file.0)?;
        Ok((listener, file))
    })();
    remove(&making);
    listened
}

/// Takes away what an interrupted start left.
fn remove(making: &Path) {
    let _ = fs::remove_file(making.join(SOCKET_FILE));
    let _ = fs::remove_dir(making);
}

/// Whether a server that runs on the data directory could be spoken to.
pub(super) fn is_there(data_dir: &Path) -> bool {
    data_dir.join(SOCKET_FILE).exists()
}

/// A connection to the server of the data directory.
///
/// # Errors
/// Nobody listens there, or it is somebody else's.
pub async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    let reach = Reach::of(data_dir)?;
    UnixStream::connect(&reach.path).await
}

/// A path to a directory's socket that fits into a socket's address.
struct Reach {
    path: PathBuf,
    /// Keeps the path valid where it leads over an open directory.
    _dir: Option<fs::File>,
}

impl Reach {
    fn of(dir: &Path) -> io::Result<Reach> {
        let path = dir.join(SOCKET_FILE);
        if path.as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES_MAX {
            return Ok(Reach { path, _dir: None });
        }
        Reach::through_open(dir)
    }

    /// On Linux an open directory has a short path of its own.
    #[cfg(target_os = "linux")]
    fn through_open(dir: &Path) -> io::Result<Reach> {
        use std::os::fd::AsRawFd;

        let dir = fs::File::open(dir)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(SOCKET_FILE);
        Ok(Reach { path, _dir: Some(dir) })
    }

    #[cfg(not(target_os = "linux"))]
    fn through_open(_: &Path) -> io::Result<Reach> {
        let detail = format!("its path is longer than {SOCKET_PATH_BYTES_MAX} bytes with {SOCKET_FILE}");
        Err(io::Error::other(detail))
    }
}
