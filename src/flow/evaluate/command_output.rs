//! Reads and keeps what a command printed.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;

use crate::domain::gates::secrets::redact;
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::evaluate::bookkeeping;
use crate::platform::git::repo::Repo;
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
    let numbered = |number: usize| log_of(context.repo, name, number);
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

/// Where the log of a command is, or an older one.
pub fn log_of(repo: &Repo, name: &str, number: usize) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).take(100).collect();
    let folder = repo.state_dir().join("logs/commands");
    match number {
        0 => folder.join(format!("{name}.log")),
        _ => folder.join(format!("{name}.{number}.log")),
    }
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

/// How much of an output a model is shown that is to repair what failed: lines of its end, and lines
/// before that which tell most.
const END_LINES: usize = 60;
const TELLING_LINES: usize = 40;

/// Words of lines that tell what failed.
const TELLING: [&str; 12] = [
    "error",
    "fail",
    "panicked",
    "assert",
    "expected",
    "exception",
    "traceback",
    "undefined",
    "cannot ",
    "not found",
    "mismatch",
    "fatal",
];

/// What tells a model why a command failed: the end of what was printed, and the most telling lines
/// before it. Where lines are left out it says how many.
pub fn excerpt(printed: &[u8]) -> String {
    let lines: Vec<&[u8]> = printed.trim_end().lines().collect();
    let end_from = lines.len().saturating_sub(END_LINES);
    let tells = |line: &&[u8]| {
        let lower = line.to_ascii_lowercase();
        TELLING.iter().any(|word| lower.contains_str(word))
    };
    let telling = (0..end_from).filter(|at| tells(&lines[*at])).take(TELLING_LINES);
    let mut text = String::new();
    let mut next = 0;
    for at in telling.chain(end_from..lines.len()) {
        if at > next {
            let left = counted(at - next, "line");
            let _infallible = writeln!(text, "[{left} left out]");
        }
        let line: String = lines[at].to_str_lossy().chars().take(400).collect();
        text.push_str(&line);
        text.push('\n');
        next = at + 1;
    }
    text
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

    use super::{END_LINES, TAIL_BYTES, excerpt, last_line};

    fn of(text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        last_line(file.path())
    }

    #[test]
    fn an_excerpt_has_the_end_and_what_tells_most() {
        assert_eq!(excerpt(b"one\ntwo\n\n"), "one\ntwo\n");
        assert_eq!(excerpt(b""), "");
        let many = |range: std::ops::Range<usize>| {
            range.fold(String::new(), |text, number| text + &format!("line {number}\n"))
        };
        let printed = format!("{}AssertionError: 3 != 2\n{}", many(0..100), many(100..300));
        let shown = excerpt(printed.as_bytes());
        let begin =
            "[100 lines left out]\nAssertionError: 3 != 2\n[140 lines left out]\nline 240\n";
        assert!(shown.starts_with(begin), "{shown}");
        assert!(shown.ends_with("line 299\n"));
        assert_eq!(shown.lines().count(), END_LINES + 3);
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
