//! Reads a shell script as far as it takes to say which of its commands run: their words, what joins them, and
//! the blocks around them. What it cannot read to its end is said to be so.

mod words;

use crate::flow::setup::install::shell::words::{Reader, ShellToken};

/// How deep blocks may be within each other, and how many commands a script may have: nobody writes more.
const DEPTH_MAX: usize = 50;
const COMMANDS_MAX: usize = 10_000;

/// A script that was read.
#[derive(Debug, Default)]
pub struct Script {
    pub commands: Vec<ShellCommand>,
    pub blocks: Vec<ShellBlock>,
    /// Whether each quotation and each block ends.
    pub is_whole: bool,
}

/// One simple command.
#[derive(Debug)]
pub struct ShellCommand {
    /// The lines on which it begins and ends, from 1.
    pub lines: (usize, usize),
    /// Without their quotes; never empty.
    pub words: Vec<String>,
    /// The blocks around it, the outermost first, by their place in [`Script::blocks`].
    pub within: Vec<(usize, Part)>,
    /// Whether `!` is before it.
    pub negated: bool,
    /// What joins it to the command before, and to the one behind.
    pub before: Joint,
    pub after: Joint,
}

/// What encloses commands.
#[derive(Debug)]
pub struct ShellBlock {
    pub kind: BlockKind,
    pub line: usize,
    /// What stands behind its end.
    pub after: Joint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    If,
    Loop,
    Case,
    Function,
    Group,
    Subshell,
}

/// Where in an `if` a command is; elsewhere it is in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Condition,
    Body,
    /// Behind `else` or `elif`.
    Else,
}

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// A line's end or `;`.
    End,
    And,
    Or,
    Pipe,
    Background,
}

/// Reads a script.
pub fn read(text: &[u8]) -> Script {
    let mut parser = Parser {
        reader: Reader::new(text),
        script: Script::default(),
        open: Vec::new(),
        closed: None,
        words: Vec::new(),
        lines: (0, 0),
        negated: false,
        joint: Joint::End,
        expects_function: false,
    };
    let is_read = parser.read_all().is_some();
    parser.script.is_whole = is_read && parser.open.is_empty() && !parser.reader.is_broken;
    parser.script
}

struct Parser<'a> {
    reader: Reader<'a>,
    script: Script,
    open: Vec<OpenBlock>,
    /// The block that was closed last, until something follows.
    closed: Option<usize>,
    words: Vec<String>,
    lines: (usize, usize),
    negated: bool,
    joint: Joint,
    /// The next block is a function's.
    expects_function: bool,
}

struct OpenBlock {
    id: usize,
    part: Part,
    /// In a `case`: what comes is a pattern.
    in_pattern: bool,
}

impl Parser<'_> {
    /// `None` where a block ends that did not begin, or a bound is passed.
    fn read_all(&mut self) -> Option<()> {
        while let Some(token) = self.reader.next() {
            if self.open.last().is_some_and(|block| block.in_pattern) {
                self.pattern(&token);
                continue;
            }
            match token {
                ShellToken::Word { text, is_plain } => self.word(text, is_plain)?,
                ShellToken::Operator(operator) => self.operator(operator)?,
            }
            if self.script.commands.len() > COMMANDS_MAX {
                return None;
            }
        }
        self.flush(Joint::End);
        Some(())
    }

    fn pattern(&mut self, token: &ShellToken) {
        match token {
            ShellToken::Word { text, is_plain: true } if text == "esac" => {
                self.closed = self.open.pop().map(|block| block.id);
            }
            ShellToken::Operator(")") => {
                if let Some(block) = self.open.last_mut() {
                    block.in_pattern = false;
                }
                self.joint = Joint::End;
            }
            _ => {}
        }
    }

    fn word(&mut self, text: String, is_plain: bool) -> Option<()> {
        let is_first = self.words.is_empty() && self.closed.is_none();
        if !is_first || !is_plain {
            self.add(text);
            return Some(());
        }
        match text.as_str() {
            "if" => self.push(BlockKind::If, Part::Condition)?,
            "then" => self.set_part(Part::Body)?,
            "else" | "elif" => self.set_part(Part::Else)?,
            "while" | "until" => self.push(BlockKind::Loop, Part::Body)?,
            "do" => self.joint = Joint::End,
            "for" | "select" => {
                self.push(BlockKind::Loop, Part::Body)?;
                self.skip_to(|token| matches!(token, ShellToken::Operator(";" | "\n")))?;
            }
            "case" => {
                self.push(BlockKind::Case, Part::Body)?;
                self.skip_to(
                    |token| matches!(token, ShellToken::Word { text, .. } if text == "in"),
                )?;
                self.open.last_mut()?.in_pattern = true;
            }
            "function" => {
                self.reader.next();
                self.expects_function = true;
            }
            "{" => self.push(BlockKind::Group, Part::Body)?,
            "fi" | "done" | "esac" | "}" => self.close()?,
            "!" => self.negated = !self.negated,
            "time" => {}
            "[[" => {
                self.add(text);
                self.skip_to(
                    |token| matches!(token, ShellToken::Word { text, .. } if text == "]]"),
                )?;
            }
            _ => self.add(text),
        }
        Some(())
    }

    fn operator(&mut self, operator: &'static str) -> Option<()> {
        match operator {
            "(" if self.words.len() == 1 => {
                self.words.clear();
                self.expects_function = true;
                return matches!(self.reader.next(), Some(ShellToken::Operator(")"))).then_some(());
            }
            "(" if self.expects_function => {
                return matches!(self.reader.next(), Some(ShellToken::Operator(")"))).then_some(());
            }
            "(" => return self.push(BlockKind::Subshell, Part::Body),
            ")" => {
                self.flush(Joint::End);
                return self.close();
            }
            _ => {}
        }
        // A list may continue on the next line.
        let is_open = self.joint != Joint::End && self.words.is_empty() && self.closed.is_none();
        match operator {
            "\n" if is_open => {}
            "&&" => self.flush(Joint::And),
            "||" => self.flush(Joint::Or),
            "|" => self.flush(Joint::Pipe),
            "&" => self.flush(Joint::Background),
            ";;" => {
                self.flush(Joint::End);
                self.open.last_mut()?.in_pattern = true;
            }
            _ => self.flush(Joint::End),
        }
        Some(())
    }

    fn add(&mut self, text: String) {
        if self.words.is_empty() {
            self.lines.0 = self.reader.word_line;
        }
        self.lines.1 = self.reader.line;
        // What stands behind the end of a block is no command.
        if self.closed.is_none() {
            self.words.push(text);
        }
    }

    fn push(&mut self, kind: BlockKind, part: Part) -> Option<()> {
        let kind = if self.expects_function { BlockKind::Function } else { kind };
        self.expects_function = false;
        let id = self.script.blocks.len();
        self.script.blocks.push(ShellBlock { kind, line: self.reader.line, after: Joint::End });
        self.open.push(OpenBlock { id, part, in_pattern: false });
        self.joint = Joint::End;
        self.negated = false;
        (self.open.len() <= DEPTH_MAX).then_some(())
    }

    fn set_part(&mut self, part: Part) -> Option<()> {
        self.open.last_mut()?.part = part;
        self.joint = Joint::End;
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        self.closed = Some(self.open.pop()?.id);
        Some(())
    }

    /// Ends the command that was read, if there is one.
    fn flush(&mut self, after: Joint) {
        if let Some(closed) = self.closed.take() {
            self.script.blocks[closed].after = after;
        } else if !self.words.is_empty() {
            self.script.commands.push(ShellCommand {
                lines: self.lines,
                words: std::mem::take(&mut self.words),
                within: self.open.iter().map(|block| (block.id, block.part)).collect(),
                negated: self.negated,
                before: self.joint,
                after,
            });
        }
        self.negated = false;
        self.joint = after;
    }

    fn skip_to(&mut self, is_end: impl Fn(&ShellToken) -> bool) -> Option<()> {
        while let Some(token) = self.reader.next() {
            if is_end(&token) {
                return Some(());
            }
        }
        None
    }
}
