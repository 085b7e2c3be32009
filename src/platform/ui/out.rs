//! Streams and colours: results on standard output, talk on standard error.

use crate::domain::model::error::{Hinted, NotEvaluated};
use std::io::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub const HINT: Style = AnsiColor::Cyan.on_default();
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
pub const DIM: Style = Style::new().dimmed();

/// Switches colours on or off for the whole program; without this they follow the terminal,
/// `NO_COLOR` and `CLICOLOR`.
pub fn choose_color(choice: anstream::ColorChoice) {
    choice.write_global();
}

/// Prints a line of a result.
pub fn result(text: &str) {
    // A reader that went away is no error of ours.
    drop(writeln!(anstream::stdout(), "{text}"));
}

/// Prints a result without a line end of ours.
pub fn result_raw(text: &[u8]) {
    drop(std::io::stdout().write_all(text));
}

/// Waits until the reader of standard output has gone (`| head`), at most that long. A program that
/// goes on printing until it is stopped asks this: with nothing to write it would never learn it.
pub fn reader_left(within: Option<Duration>) -> bool {
    let limit = within.map(|within| Timespec {
        tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(within.subsec_nanos()),
    });
    let stdout = std::io::stdout();
    loop {
        // Only what is always reported is waited for: an error, or that the reader has gone.
        let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut asked, limit.as_ref()) {
            Ok(_) => {
                let told = asked[0].revents();
                if told.contains(PollFlags::NVAL) {
                    // Some systems cannot wait for a device: then only time passes.
                    std::thread::park_timeout(within.unwrap_or_default());
                }
                return told.intersects(PollFlags::ERR | PollFlags::HUP);
            }
            Err(Errno::INTR) if within.is_none() => {}
            Err(_) => return false,
        }
    }
}

/// Prints a line of talk.
pub fn talk(text: &str) {
    drop(writeln!(anstream::stderr(), "{text}"));
}

/// Prints what may need attention, once.
pub fn warn(text: &str) {
    talk(&format!("{WARNING}warning{WARNING:#}: {text}"));
}

/// Prints what to do next.
pub fn hint(text: &str) {
    talk(&format!("{HINT}hint{HINT:#}: {text}"));
}

/// Prints an error with its causes, as the last thing before the program ends.
pub fn error(error: &anyhow::Error) {
    talk(&format!("{ERROR}error{ERROR:#}: {error}"));
    for cause in error.chain().skip(1) {
        talk(&format!("  caused by: {cause}"));
    }
    let hinted = error.downcast_ref::<Hinted>().map(|error| &error.hint);
    let needed = error.downcast_ref::<NotEvaluated>().map(|error| &error.hint);
    if let Some(text) = hinted.or(needed) {
        hint(text);
    }
}
