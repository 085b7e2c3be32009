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
    out::talk(&format!("{question} {choice}"));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer)?;
    let answer = answer.trim().to_lowercase();
    Ok(Some(match answer.as_str() {
        "y" | "yes" => true,
        "" => read > 0 && on_enter == OnEnter::Yes,
        _ => false,
    }))
}
