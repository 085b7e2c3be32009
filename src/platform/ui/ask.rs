//! Asks the person on the terminal.

use std::io::{self, IsTerminal as _};

use crate::platform::ui::out;

/// The answer that an empty line gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEnter {
    Yes,
    No,
}

/// Whether there is somebody to ask.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that is answered with yes or no; `None` where nobody is there to answer. What is
/// neither, and the end of the input, is a no.
pub fn yes_or_no(question: &str, on_enter: OnEnter) -> io::Result<Option<bool>> {
    if !can_ask() {
        return Ok(None);
    }
    let choice = if on_enter == OnEnter::Yes { "[Y/n]" } else { "[y/N]" };
    let answer = line(&format!("{question} {choice}"))?;
    Ok(Some(match answer.map(|answer| answer.to_lowercase()).as_deref() {
        Some("y" | "yes") => true,
        Some("") => on_enter == OnEnter::Yes,
        Some(_) | None => false,
    }))
}

/// Asks for a line; `None` where nobody is there to answer, and at the end of the input.
pub fn line(question: &str) -> io::Result<Option<String>> {
    if !can_ask() {
        return Ok(None);
    }
    out::talk(question);
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer)?;
    Ok((read > 0).then(|| answer.trim().to_owned()))
}
