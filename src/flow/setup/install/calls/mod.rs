//! Whether a script or a configuration of another program runs tribunal for a hook, and whether what it
//! answers counts. A text that only names the call, such as a comment or what is printed, is none.

use bstr::ByteSlice as _;

use crate::flow::setup::install::shell;
use crate::flow::setup::install::shell::{BlockKind, Joint, Part, Script, ShellCommand};

#[cfg(test)]
mod tests;

/// The programs that understand tribunal's lines.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "ksh", "zsh"];

/// What runs the words behind it, and what only prints them.
const RUNNERS: [&str; 6] = ["exec", "command", "env", "nice", "npx", "bunx"];
const PRINTERS: [&str; 3] = ["echo", "printf", ":"];

/// How many calls of a script are looked at.
const CALLS_MAX: usize = 20;

/// A line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    /// From 1.
    pub number: usize,
    pub text: String,
}

/// How a script calls tribunal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookCall {
    Absent,
    /// Each time, once what stands before it lets it come so far.
    Runs {
        behind: Option<ScriptLine>,
    },
    /// The script names it, and is in a language that is not read here.
    Named,
    /// The script names it, and is no whole script of a shell.
    Unread,
    /// What stands there ends the script before it.
    Unreached(ScriptLine),
    /// Only where what begins there lets it.
    Sometimes(ScriptLine),
    /// The script does not end with what it answers.
    Ignored(ScriptLine),
    /// The script has Windows line ends, which a shell takes for parts of words.
    WindowsLines,
}

/// How a hook's script calls tribunal. With `errexit` it is run by `sh -e`, as husky does.
pub fn in_script(text: &[u8], event: &str, errexit: bool) -> HookCall {
    if !text.contains_str("tribunal") {
        return HookCall::Absent;
    }
    let named = |call: HookCall| if names(text, event) { call } else { HookCall::Absent };
    if !is_shell(text) {
        return named(HookCall::Named);
    }
    let unix = text.replace("\r\n", "\n");
    let errexit = errexit || shebang(text).is_some_and(|line| line.contains_str(" -e"));
    let script = shell::read(&unix);
    if !script.is_whole {
        return named(HookCall::Unread);
    }
    match in_shell(&script, &unix, event, errexit) {
        HookCall::Absent => HookCall::Absent,
        _ if has_windows_lines(text) => HookCall::WindowsLines,
        call => call,
    }
}

/// Whether lines end as on Windows.
pub fn has_windows_lines(text: &[u8]) -> bool {
    text.contains_str("\r\n")
}

/// Whether a configuration of another hook manager has it call tribunal for a hook: by a command, or by
/// the id that `.pre-commit-hooks.yaml` has for it.
pub fn in_configuration(text: &[u8], event: &str) -> bool {
    let id = format!("id: tribunal-{event}");
    text.lines().filter(|line| names(line, event) || line.contains_str(&id)).any(|line| {
        let line = line.to_str_lossy();
        let line = line.trim().trim_start_matches(['-', '{', ' ']);
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        if line.trim_end_matches(['}', ' ']) == id {
            return true;
        }
        let Some(command) = command_of(line) else { return false };
        runs(command.as_bytes(), event, true)
    })
}

/// What a line of a configuration has run; `None` where it is another setting's.
fn command_of(line: &str) -> Option<String> {
    let is_key = |key: &str| {
        let key = key.trim().trim_matches(['"', '\'']);
        !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let separated = line.split_once(": ").or_else(|| line.split_once(" = "));
    let Some((key, value)) = separated.filter(|(key, _)| is_key(key)) else {
        return Some(line.to_owned());
    };
    if !["run", "entry"].contains(&key.trim().trim_matches(['"', '\''])) {
        return None;
    }
    let value = value.trim().trim_end_matches([',', '}', ' ']);
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|it| it.strip_suffix(quote)) {
            return Some(inner.replace("\\\"", "\""));
        }
    }
    Some(value.to_owned())
}

/// Whether a line that is no comment has the words of the call, in their order.
fn names(text: &[u8], event: &str) -> bool {
    let is_whole = |rest: &[u8]| {
        !rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
    };
    let is_comment = |line: &[u8]| {
        let line = line.trim_start();
        line.starts_with(b"#") || line.starts_with(b"//")
    };
    let behind = |rest: &'_ [u8], word: &str| Some(rest.find(word)? + word.len());
    let has_all = |line: &[u8]| {
        let mut rest = Some(line);
        for word in ["tribunal", "hook", event] {
            rest = rest.and_then(|rest| Some(&rest[behind(rest, word)?..]));
        }
        rest.is_some_and(is_whole)
    };
    text.lines().any(|line| !is_comment(line) && has_all(line))
}

fn shebang(text: &[u8]) -> Option<&[u8]> {
    text.lines().next().filter(|line| line.starts_with(b"#!"))
}

/// Whether a script is one of a shell that understands tribunal's lines; one that names no program is run by
/// `sh`.
pub fn is_shell(text: &[u8]) -> bool {
    if text.contains(&0) {
        return false;
    }
    let Some(line) = shebang(text) else { return true };
    let words = line[2..].split_str(b" ").filter(|word| !word.trim().is_empty());
    let mut names = words.map(|word| word.trim().rsplit_str(b"/").next().unwrap_or_default());
    let name = names.find(|name| *name != b"env" && !name.starts_with(b"-"));
    name.is_some_and(|name| SHELLS.iter().any(|shell| shell.as_bytes() == name))
}

/// The line behind which nothing of a script runs a second time: older versions of husky begin a script with one
/// that runs all of it once more. `None` where the script begins with another command.
pub fn line_of_husky(text: &[u8]) -> Option<usize> {
    let script = shell::read(text);
    let first = script.commands.first()?;
    (is_husky(first) && first.within.is_empty() && first.after == Joint::End)
        .then_some(first.lines.1)
}

fn is_husky(command: &ShellCommand) -> bool {
    matches!(&command.words[..], [dot, file, ..]
        if [".", "source"].contains(&dot.as_str()) && file.ends_with("/husky.sh"))
}

/// Whether a text for `sh -c` runs it.
fn runs(text: &[u8], event: &str, errexit: bool) -> bool {
    matches!(in_shell(&shell::read(text), text, event, errexit), HookCall::Runs { .. })
}

fn in_shell(script: &Script, text: &[u8], event: &str, errexit: bool) -> HookCall {
    let errexit = errexit || script.commands.first().is_some_and(is_husky);
    let is_after = event.starts_with("post-");
    let looked = Looked { script, text, errexit, is_after };
    let calls = (0..script.commands.len()).filter(|at| is_call(&script.commands[*at], event));
    let mut found = calls.take(CALLS_MAX).map(|at| looked.call(at)).peekable();
    let first = found.peek().cloned().unwrap_or(HookCall::Absent);
    found.find(|call| matches!(call, HookCall::Runs { .. })).unwrap_or(first)
}

/// Whether a command is `tribunal hook NAME`, by whatever path and through whatever runs it.
fn is_call(command: &ShellCommand, event: &str) -> bool {
    let words = &command.words;
    let hands_on = |word: &String| is_assignment(word) || RUNNERS.contains(&word.as_str());
    let first = words.iter().find(|word| !hands_on(word)).map_or("", |word| base(word));
    if SHELLS.contains(&first) {
        let flag = words.iter().position(|word| word.starts_with('-') && word.ends_with('c'));
        let inner = flag.and_then(|at| words.get(at + 1));
        return inner.is_some_and(|inner| runs(inner.as_bytes(), event, false));
    }
    let Some(at) = words.iter().position(|word| base(word) == "tribunal") else { return false };
    let mut rest = words[at + 1..].iter().skip_while(|word| word.starts_with('-'));
    let is_hook = rest.next().is_some_and(|word| word == "hook")
        && rest.next().is_some_and(|word| word == event);
    let before = words[..at].last().map_or("", String::as_str);
    let is_handed_on = ["--", "exec", "run"].contains(&before) && !PRINTERS.contains(&first);
    is_hook && (words[..at].iter().all(hands_on) || is_handed_on)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// A script that is looked at.
struct Looked<'a> {
    script: &'a Script,
    text: &'a [u8],
    errexit: bool,
    /// Whether git runs it once all is done.
    is_after: bool,
}

impl Looked<'_> {
    fn call(&self, at: usize) -> HookCall {
        let commands = &self.script.commands;
        if let Some(line) = self.condition(at) {
            return HookCall::Sometimes(self.place(line));
        }
        if let Some(end) = (0..at).find(|before| self.ends_before(*before, at)) {
            return HookCall::Unreached(self.place(commands[end].lines.0));
        }
        // What comes behind a commit cannot stop it.
        if !self.is_after && !self.answer_counts(at) {
            return HookCall::Ignored(self.place(commands[at].lines.0));
        }
        let behind = (0..at).find(|before| !self.is_harmless(*before, at));
        HookCall::Runs { behind: behind.map(|before| self.place(commands[before].lines.0)) }
    }

    /// Whether a command can keep none behind it from running, where tribunal is there.
    fn is_harmless(&self, before: usize, at: usize) -> bool {
        let commands = &self.script.commands;
        let command = &commands[before];
        let is_known = match command.words[0].as_str() {
            "set" | "shopt" | "export" | ":" => true,
            "exec" => command.words.len() == 1,
            _ => command.words.iter().all(|word| is_assignment(word)),
        };
        let is_where_it_lacks =
            command.before == Joint::Or && commands[..before].last().is_some_and(mentions);
        // Where a function is called is a command of its own.
        let is_kept = command
            .within
            .iter()
            .any(|(id, _)| self.script.blocks[*id].kind == BlockKind::Function);
        is_known
            || is_where_it_lacks
            || is_kept
            || command.after == Joint::Pipe
            || mentions(command)
            || is_husky(command)
            || other_way(command, &commands[at])
    }

    fn place(&self, number: usize) -> ScriptLine {
        let line = self.text.lines().nth(number - 1).unwrap_or_default();
        ScriptLine { number, text: line.trim().to_str_lossy().into_owned() }
    }

    /// The line that says when a command runs, where that is not each time. Whether tribunal is there is no
    /// such condition.
    fn condition(&self, at: usize) -> Option<usize> {
        let commands = &self.script.commands;
        for (id, part) in &commands[at].within {
            let block = &self.script.blocks[*id];
            let holds = match (block.kind, part) {
                (BlockKind::Group | BlockKind::Subshell, _) | (BlockKind::If, Part::Condition) => {
                    true
                }
                (BlockKind::If, part) => {
                    let mut tests = commands.iter().filter(|command| {
                        command.within.contains(&(*id, Part::Condition)) && mentions(command)
                    });
                    tests.next().is_some_and(|test| test.negated == (*part == Part::Else))
                }
                (BlockKind::Loop | BlockKind::Case | BlockKind::Function, _) => false,
            };
            if !holds {
                return Some(block.line);
            }
        }
        let mut first = at;
        while first > 0 && commands[first].before == Joint::Pipe {
            first -= 1;
        }
        let before = &commands[first.checked_sub(1)?];
        let is_joined = matches!(commands[first].before, Joint::And | Joint::Or);
        (is_joined && !mentions(before)).then_some(before.lines.0)
    }

    /// Whether a command ends the script each time before another one.
    fn ends_before(&self, end: usize, at: usize) -> bool {
        let commands = &self.script.commands;
        let command = &commands[end];
        let ends = match command.words[0].as_str() {
            "exit" | "return" => true,
            "exec" => command.words.len() > 1,
            _ => false,
        };
        let is_alone = !matches!(command.before, Joint::And | Joint::Or)
            && !matches!(command.after, Joint::Pipe | Joint::Background);
        ends && is_alone && commands[at].within.starts_with(&command.within)
    }

    /// Whether the script ends with an error where the command does.
    fn answer_counts(&self, at: usize) -> bool {
        let commands = &self.script.commands;
        let command = &commands[at];
        let of_block = command.within.iter().map(|(id, _)| &self.script.blocks[*id]);
        if of_block.clone().any(|block| {
            block.kind == BlockKind::Subshell
                || matches!(block.after, Joint::Pipe | Joint::Background)
        }) {
            return false;
        }
        if let Some((id, Part::Condition)) = command.within.last() {
            return commands.iter().any(|it| {
                let inside =
                    it.within.iter().any(|(block, part)| block == id && *part != Part::Condition);
                inside && is_end(it)
            });
        }
        let next = commands.get(at + 1);
        match command.after {
            Joint::Pipe | Joint::Background => false,
            Joint::Or => next.is_some_and(|next| {
                let group = next.within.get(command.within.len()).map(|(id, _)| *id);
                let in_group = |it: &&ShellCommand| {
                    group.is_some_and(|group| it.within.iter().any(|(id, _)| *id == group))
                };
                is_end(next) || commands.iter().filter(in_group).any(is_end)
            }),
            Joint::And => !self.is_followed(at, true),
            Joint::End => {
                command.words[0] == "exec"
                    || self.stops_at_errors(at)
                    || !self.is_followed(at, false)
                    || next.is_some_and(|next| next.words.iter().any(|word| word.contains("$?")))
            }
        }
    }

    /// Whether other commands run behind a command; with `past_list` behind what is joined to it.
    fn is_followed(&self, at: usize, past_list: bool) -> bool {
        let commands = &self.script.commands;
        let mut from = at + 1;
        while past_list && commands.get(from).is_some_and(|next| next.before != Joint::End) {
            from += 1;
        }
        commands[from.min(commands.len())..].iter().any(|other| !other_way(other, &commands[at]))
    }

    fn stops_at_errors(&self, at: usize) -> bool {
        let sets = |command: &ShellCommand| {
            let flag =
                |word: &String| word == "errexit" || word.starts_with('-') && word.contains('e');
            command.words[0] == "set" && command.words.iter().any(flag) && command.within.is_empty()
        };
        self.errexit || self.script.commands[..at].iter().any(sets)
    }
}

/// Whether a command ends the script, with an error as far as can be seen.
fn is_end(command: &ShellCommand) -> bool {
    let ends = ["exit", "return", "false"].contains(&command.words[0].as_str());
    ends && command.words.get(1).is_none_or(|code| code != "0")
}

/// Whether a command asks for tribunal, or calls it.
fn mentions(command: &ShellCommand) -> bool {
    command.words.iter().any(|word| base(word) == "tribunal")
}

/// Whether two commands are in ways of one `if` of which only one is gone.
fn other_way(one: &ShellCommand, other: &ShellCommand) -> bool {
    let is_other = |(id, part): &(usize, Part)| {
        let of = other.within.iter().find(|(of, _)| of == id);
        of.is_some_and(|(_, of)| of != part && *part != Part::Condition && *of != Part::Condition)
    };
    one.within.iter().any(is_other)
}
