//! Reads and keeps what a command printed.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;

use crate::domain::gates::secrets::redact;
use crate::flow::context::Context;
use crate::flow::evaluate::bookkeeping;
use crate::platform::store::permissions;
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// How much of a failed command's output is shown, in lines.
const TAIL_LINES: usize = 20;

/// How much of the end of an output is looked at for that, in bytes.
const TAIL_BYTES: usize = 16 * 1024;

/// How much of the end of an output is kept, in bytes.
const LOG_BYTES: u64 = 4 * 1024 * 1024;

/// How many logs of earlier runs are kept for each command.
const LOGS_KEPT: usize = 3;

/// The end of what a command printed, without secrets: tests like to print what they were
/// configured with.
pub fn printed(output: &Path, report: Option<&PathBuf>) -> Result<Vec<u8>> {
    let mut printed = Vec::new();
    for path in [Some(output), report.map(PathBuf::as_path)].into_iter().flatten() {
        let end = end_of(path, LOG_BYTES)
            .with_context(|| format!("could not read `{}`", path.display()))?;
        printed.extend(redact::redact(&end));
    }
    Ok(printed)
}

/// Keeps what a command printed where people find it, with some older ones; `None` where that
/// cannot be done, which is said.
pub fn keep_log(context: Context<'_>, name: &str, printed: &[u8]) -> Option<PathBuf> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).take(100).collect();
    let folder = context.repo.state_dir().join("logs/commands");
    let numbered = |number: usize| match number {
        0 => folder.join(format!("{name}.log")),
        _ => folder.join(format!("{name}.{number}.log")),
    };
    let keep = || -> io::Result<()> {
        for number in (0..LOGS_KEPT).rev() {
            // Another run may be turning the same logs over: the newest is what counts.
            drop(fs::rename(numbered(number), numbered(number + 1)));
        }
        let mut log = OpenOptions::new();
        permissions::open(&numbered(0), log.write(true).truncate(true))?.write_all(printed)
    };
    let kept = keep().with_context(|| format!("could not write `{}`", numbered(0).display()));
    let path = kept.is_ok().then(|| numbered(0));
    bookkeeping::warn_once(context, kept);
    path
}

/// At most so many bytes of the end of a file.
fn end_of(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut file = regular::open(path, LastLink::Refuse)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes_max)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end)
}

/// The last lines of what was printed.
pub fn tail(printed: &[u8]) -> Vec<String> {
    let end = &printed[printed.len().saturating_sub(TAIL_BYTES)..];
    let lines: Vec<&[u8]> = end.trim_end().lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    let text = |line: &&[u8]| line.to_str_lossy().chars().take(400).collect();
    lines[from..].iter().map(text).collect()
}

/// The last whole line that was printed so far, without secrets; empty where there is none. A line that goes
/// on, or of which only the end was read, may be a part of a secret that is not known by it.
pub fn last_line(output: &Path) -> String {
    let read = end_of(output, TAIL_BYTES as u64).unwrap_or_default();
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let Some(to) = read.iter().rposition(is_end) else { return String::new() };
    let from = match read.len() {
        TAIL_BYTES => read.iter().position(is_end).map_or(0, |at| at + 1),
        _ => 0,
    };
    let clean = redact::redact(read.get(from..to).unwrap_or_default());
    let last = clean.lines().rev().find(|line| !line.trim().is_empty());
    last.map(|line| line.to_str_lossy().chars().take(400).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{TAIL_BYTES, last_line};

    fn of(text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        last_line(file.path())
    }

    #[test]
    fn the_last_line_is_whole_and_has_no_secret() {
        let long = "x".repeat(TAIL_BYTES);
        let key = ["AK", "IA", "Q7R3T5V2X4Z6B8N1"].concat();
        let (begin, body) =
            (["-----BEGIN RSA PRIV", "ATE KEY-----"].concat(), "MIIEowIBAAKCAQEAq7".repeat(3));
        for (text, line) in [
            ("", ""),
            ("one", ""),
            ("one\ntwo", "one"),
            ("one\n\n  \ntwo", "one"),
            ("10 %\r20 %\r30", "10 %\r20 %"),
            (&format!("{long}\n"), ""),
            (&format!("{long}\nend\n"), "end"),
            (&format!("token: {key}\n"), "token: [redacted:generic-secret]"),
            (&format!("token: {key}"), ""),
            (&format!("{begin}\n{body}\n{body}\n"), "[redacted:private-key]"),
        ] {
            assert_eq!(of(text), line);
        }
    }
}
