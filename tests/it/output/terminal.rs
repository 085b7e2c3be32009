//! Runs a program on a terminal of its own.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

use bstr::ByteSlice as _;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Everything that a program printed on a terminal. Its input is the terminal where it is given none: there
/// every question is answered with no.
pub fn on_terminal(command: Command, input: &[u8]) -> Vec<u8> {
    printed(command, input, "n\n\u{4}", 0)
}

/// As [`on_terminal`], where the terminal is so many columns wide.
pub fn on_terminal_of(columns: u16, command: Command) -> Vec<u8> {
    printed(command, b"", "n\n\u{4}", columns)
}

/// Everything that a program printed on a terminal where somebody typed that.
pub fn on_terminal_typing(command: Command, typed: &str) -> Vec<u8> {
    printed(command, b"", typed, 0)
}

/// What a person sees in the end of what was printed, row by row: what was written over is gone.
pub fn seen(printed: &[u8]) -> Vec<String> {
    let (mut rows, mut at) = (vec![Vec::new()], 0);
    for c in printed.to_str_lossy().chars() {
        let row = rows.last_mut().unwrap();
        match c {
            '\r' => at = 0,
            '\n' => {
                rows.push(Vec::new());
                at = 0;
            }
            c => {
                row.resize(row.len().max(at + 1), ' ');
                row[at] = c;
                at += 1;
            }
        }
    }
    let text = |row: Vec<char>| row.into_iter().collect::<String>().trim_end().to_owned();
    rows.into_iter().map(text).collect()
}

fn printed(mut command: Command, input: &[u8], typed: &str, columns: u16) -> Vec<u8> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    if columns > 0 {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).unwrap();
    }
    let name = ptsname(&ours, Vec::new()).unwrap();
    let open =
        || File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    command.env("TERM", "xterm-256color").stdout(open()).stderr(open());
    if input.is_empty() {
        command.stdin(open());
    } else {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    // The end of what is read is that nobody has the other side any more.
    drop(command);
    let mut ours = File::from(ours);
    match child.stdin.take() {
        Some(mut stdin) => drop(stdin.write_all(input)),
        None => ours.write_all(typed.as_bytes()).unwrap(),
    }
    let mut printed = Vec::new();
    if let Err(error) = ours.read_to_end(&mut printed) {
        // So Linux says that the other side is closed.
        assert!(
            error.raw_os_error() == Some(5) || error.kind() == ErrorKind::UnexpectedEof,
            "{error}"
        );
    }
    child.wait().unwrap();
    // The terminal's own echo of the end of input.
    printed.replace("^D\u{8}\u{8}", "")
}

/// Leaves out what takes a line of our own away, as is done with one that tells for how long something works:
/// spaces over all of it, and two for what the terminal writes behind it. Any other return to the beginning of a line stays.
pub fn without_moving_lines(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\r') {
        left.push_str(before);
        let line = left.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count();
        let spaces = after.chars().take_while(|c| *c == ' ').count();
        // A character may take two columns.
        let covers = line > 0 && (line..=line * 2 + 2).contains(&spaces);
        let taken = after[spaces..].strip_prefix('\r').filter(|_| covers);
        left.push(if taken.is_some() { '\n' } else { '\r' });
        rest = taken.unwrap_or(after);
    }
    left + rest
}

#[test]
fn only_a_line_of_our_own_is_taken_away() {
    let away = without_moving_lines;
    assert_eq!(away("a\nworks: 2 s\r            \rdone\n"), "a\nworks: 2 s\ndone\n");
    assert_eq!(away("w: 1 s\r        \rw: 10 s\r         \r"), "w: 1 s\nw: 10 s\n");
    for other in ["a\rb", "blocked: x\r  \rfine", "\r  \r", "a\n\r  \r", "ab\r    x\r"] {
        assert!(away(other).contains('\r'), "{other:?}");
    }
}
