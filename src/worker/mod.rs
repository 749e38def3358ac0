//! Users' rules, run apart: in processes of their own, so that whatever a script does to its interpreter ends there.
//!
//! `pool` is what a planning thread asks, and the only door. It keeps warm processes (`process`), which are this program
//! started anew (`child`), limit themselves before they read anything (`limits`), and are asked in frames of MessagePack
//! (`protocol`). `seats` deals them out. What a worker answers is as untrusted as what comes from the network. `rests` remembers for a while which
//! rules could not be asked, so that they do not hold up a planning thread at each request.
//!
//! Operations decide whether a script takes too long, and they are counted within the worker. The wall clock is only a
//! backstop: what it cuts is tried once more elsewhere, and then counts as not answered for now.

mod author_tests;
mod child;
mod limits;
mod metrics;
mod pool;
mod process;
mod protocol;
mod rests;
mod seats;

pub use author_tests::{Report, Tested, run_tests};
pub use child::{is_asked, run};
pub use limits::MEMORY_BYTES_MAX;
pub use metrics::WorkerMetrics;
pub use pool::{List, Options, Pool};
pub use process::Program;
