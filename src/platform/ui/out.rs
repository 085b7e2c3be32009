//! Streams and colours: results on standard output, talk on standard error.
//!
//! All that the program prints goes through here and is made safe on the way: see [`StyledText`].

use std::io;
use std::io::{IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use bstr::ByteSlice as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::tcgetwinsize;
use serde::Serialize;
use serde_json::json;

use crate::domain::model::error::{Hinted, NotEvaluated};
use crate::domain::model::terminal::{columns, cut, printable};
use crate::domain::model::text::without_error_numbers;
use crate::platform::ui::json;
use crate::platform::ui::styled_text::StyledText;

pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub const HINT: Style = AnsiColor::Cyan.on_default();
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
pub const DIM: Style = Style::new().dimmed();

/// Switches colours on or off for the whole program; with `None` they follow the terminal,
/// `NO_COLOR` and `CLICOLOR`.
pub fn choose_color(always: Option<bool>) {
    match always {
        None => ColorChoice::Auto,
        Some(true) => ColorChoice::Always,
        Some(false) => ColorChoice::Never,
    }
    .write_global();
}

/// How many characters of a line the terminal shows that results go to; `None` where they go elsewhere.
pub fn width() -> Option<usize> {
    let stdout = io::stdout();
    let size = tcgetwinsize(&stdout).ok().filter(|_| stdout.is_terminal())?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Prints a result, of one or more lines.
pub fn result(text: impl Into<StyledText>) {
    let text = text.into().safe();
    let mut moving = moving();
    take_away(&mut moving);
    // A reader that went away is no error of ours.
    drop(writeln!(anstream::stdout(), "{text}"));
}

/// Prints a part of a result without a line end of ours.
pub fn result_part(text: &str) {
    let mut moving = moving();
    take_away(&mut moving);
    drop(write!(anstream::stdout(), "{}", StyledText::from(text).safe()));
}

/// Prints a patch. For a program, byte by byte; on a terminal safely, as any other text.
pub fn patch(bytes: &[u8]) {
    if io::stdout().is_terminal() {
        return result_part(&bytes.to_str_lossy());
    }
    let mut moving = moving();
    take_away(&mut moving);
    drop(io::stdout().write_all(bytes));
}

/// Prints an object as JSON on one line, with the version of its form.
pub fn json(object: &impl Serialize) {
    match serde_json::to_value(object) {
        Ok(value) => result(&json::text(&json::versioned(value))),
        Err(cause) => error(&anyhow::Error::new(cause).context("could not write JSON")),
    }
}

/// Waits until the reader of standard output has gone (`| head`), at most that long. A program that
/// goes on printing until it is stopped asks this: with nothing to write it would never learn it.
pub fn reader_left(within: Option<Duration>) -> bool {
    let limit = within.map(|within| Timespec {
        tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(within.subsec_nanos()),
    });
    let stdout = io::stdout();
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

/// The last line, where it is one that the next line replaces; else empty. Held while anything is written,
/// so that a line that another thread moves never ends up inside another.
static MOVING: Mutex<String> = Mutex::new(String::new());

/// How wide a terminal is taken to be that does not tell.
const COLUMNS: usize = 80;

fn moving() -> MutexGuard<'static, String> {
    MOVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a line that [`move_on`] and all other output replace; where there is no terminal it stays.
pub fn begin_moving(text: &str) {
    if io::stderr().is_terminal() { replace_line(&mut moving(), text) } else { talk(text) }
}

/// Prints another line in the place of the last, where that one moves.
pub fn move_on(text: &str) {
    let mut moving = moving();
    if !moving.is_empty() {
        replace_line(&mut moving, text);
    }
}

/// Whether lines can move: standard error is a terminal.
pub fn can_move() -> bool {
    io::stderr().is_terminal()
}

/// Prints a line that all other output replaces; nothing where there is no terminal.
pub fn show_moving(text: &str) {
    if io::stderr().is_terminal() {
        replace_line(&mut moving(), text);
    }
}

/// Takes a line that moves away.
pub fn end_moving() {
    take_away(&mut moving());
}

fn take_away(moving: &mut String) {
    if !moving.is_empty() {
        drop(write!(io::stderr(), "{}", blank(moving, room())));
        moving.clear();
    }
}

/// Writes over the line with what every terminal knows. It never reaches the last column: a line that
/// goes on in the next row cannot be taken away.
fn replace_line(moving: &mut String, text: &str) {
    let room = room();
    let text = cut(&printable(text), room);
    if text == *moving {
        return;
    }
    drop(write!(io::stderr(), "{}{text}", blank(moving, room)));
    *moving = text;
}

/// What takes a line away, with the `^C` that the terminal itself may have written behind it.
fn blank(line: &str, room: usize) -> String {
    let width = (columns(line) + 2).min(room);
    format!("\r{:width$}\r", "")
}

/// How many columns a line may take.
fn room() -> usize {
    let wide = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    if wide == 0 { COLUMNS - 1 } else { wide - 1 }
}

/// Prints talk, of one or more lines.
pub fn talk(text: impl Into<StyledText>) {
    let text = text.into().safe();
    let mut moving = moving();
    take_away(&mut moving);
    drop(writeln!(anstream::stderr(), "{text}"));
}

/// Prints what may need attention, once.
pub fn warn(text: &str) {
    talk(headed(WARNING, "warning", text));
}

/// Prints what to do next.
pub fn hint(text: &str) {
    talk(headed(HINT, "hint", text));
}

/// Prints an error with its causes, as the last thing before the program ends.
pub fn error(error: &anyhow::Error) {
    talk(headed(ERROR, "error", &error.to_string()));
    for cause in error.chain().skip(1) {
        let cause = without_error_numbers(&cause.to_string());
        talk(&format!("  caused by: {}", indented(&cause)));
    }
    if let Some(text) = hint_of(error) {
        hint(text);
    }
}

/// Prints an error for programs that asked for JSON.
pub fn json_error(error: &anyhow::Error) {
    let texts = error.chain().map(|cause| without_error_numbers(&cause.to_string()));
    let mut texts: Vec<String> = texts.collect();
    let message = texts.remove(0);
    json(&json!({"error": {"message": message, "causes": texts, "hint": hint_of(error)}}));
}

/// What an error says that the person can do.
fn hint_of(error: &anyhow::Error) -> Option<&str> {
    let hinted = error.downcast_ref::<Hinted>().map(|error| error.hint.as_str());
    hinted.or(error.downcast_ref::<NotEvaluated>().map(|error| error.hint.as_str()))
}

/// One of our streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnStream {
    Output,
    Error,
}

/// Passes on what a program printed, as it is; on a terminal safely, as any other text. An error is that
/// nobody reads it any more, or that it has no room.
pub fn relay(bytes: &[u8], to: OwnStream) -> io::Result<()> {
    let mut moving = moving();
    take_away(&mut moving);
    let text = || StyledText::from(&*bytes.to_str_lossy()).safe();
    match to {
        OwnStream::Output if io::stdout().is_terminal() => write!(anstream::stdout(), "{}", text()),
        OwnStream::Error if io::stderr().is_terminal() => write!(anstream::stderr(), "{}", text()),
        OwnStream::Output => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        OwnStream::Error => io::stderr().write_all(bytes),
    }
}

/// Prints what is wrong with the command line, in the words of what read it.
pub fn usage_error(text: &str) {
    let text = text.trim_end();
    match text.strip_prefix("error: ") {
        Some(said) => talk(StyledText::default().styled(ERROR, "error").text(": ").text(said)),
        None => talk(text),
    }
}

fn headed(style: Style, word: &str, text: &str) -> StyledText {
    let text = indented(&without_error_numbers(text));
    StyledText::default().styled(style, word).text(": ").text(text)
}

/// Text whose further lines are set in, so that none of them reads like a message of its own.
pub fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

/// An event of the log, which is written at once, as a line that is safe: people read the file as it
/// is. Whatever is in it, it stays one line.
pub fn log_line(event: &[u8]) -> String {
    let event = String::from_utf8_lossy(event);
    let line = printable(event.strip_suffix('\n').unwrap_or(&event));
    StyledText::from(&line).text("\n").safe()
}

/// Standard error for the log.
pub struct LogLines;

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut moving = moving();
        take_away(&mut moving);
        io::stderr().write_all(log_line(bytes).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
