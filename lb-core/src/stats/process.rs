//! What the process says of itself.

use std::sync::atomic::AtomicU32;
use std::time::SystemTime;

/// Facts about the process that are in no plan. The binary fills it in once and keeps its atomics up to date.
#[derive(Debug)]
pub struct Process {
    /// The product's name; tools expect `HAProxy`.
    pub product: String,
    /// The version, as `-v` claims it.
    pub version: String,
    /// The date of that version, `YYYY/MM/DD`.
    pub release_date: String,
    /// The process id.
    pub pid: u32,
    /// `node`, else the host's name.
    pub node: String,
    /// `description`.
    pub description: Option<String>,
    /// When it started.
    pub started: SystemTime,
    /// Limit of open files.
    pub files: AtomicU32,
    /// `maxconn` at start.
    pub hard_maxconn: AtomicU32,
    /// Warnings of the configuration.
    pub warnings: AtomicU32,
    /// What starting up printed.
    pub startup_logs: String,
    /// The environment after the configuration's changes to it: names and values.
    pub environment: Vec<(String, String)>,
    /// `stats socket` lines: address as written and level.
    pub sockets: Vec<(String, &'static str)>,
}
