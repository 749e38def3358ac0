//! The store on a disk that fails: what was acknowledged is there, whatever the disk does.

mod calls;
mod power;
mod run;
