//! The processes that started this one.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::time::Duration;

use crate::platform::process::command::Cmd;

/// A process that started this one, directly or through others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    pub pid: i32,
    /// Its command line.
    pub words: Vec<OsString>,
}

/// The processes that started this one, nearest first, at most `most`, each read when it is asked for. What cannot be read ends the list.
pub fn ancestors(most: usize) -> impl Iterator<Item = Ancestor> {
    let mut pid = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    let next = move || {
        let at = pid.filter(|pid| *pid > 1)?;
        let (parent, words) = proc_entry(at).or_else(|| ps_entry(at))?;
        pid = parent;
        Some(Ancestor { pid: at, words })
    };
    std::iter::from_fn(next).take(most)
}

/// Linux: the parent and the command line from `/proc`.
#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn proc_entry(pid: i32) -> Option<(Option<i32>, Vec<OsString>)> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    let words = line.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    Some((parent.trim().parse().ok(), words.collect()))
}

/// Elsewhere: the same from `ps`, where a word with spaces in it falls into several.
fn ps_entry(pid: i32) -> Option<(Option<i32>, Vec<OsString>)> {
    let output = Cmd::new("ps", Path::new("/"))
        .args(["-o", "ppid=,args=", "-p", &pid.to_string()])
        .deadline(Duration::from_secs(2))
        .capture()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let parent = words.next()?.parse().ok();
    Some((parent, words.map(OsString::from).collect()))
}
