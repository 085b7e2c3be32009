//! Where the rules of a topic file begin and end, so that edits touch nothing else.

use std::ops::Range;

/// A rule's section, as byte ranges of the topic file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSection {
    /// The first word of the heading, `R-7f3a`.
    pub id: String,
    pub title: String,
    /// From the heading to the next one or the end of the file.
    pub span: Range<usize>,
    /// The heading's line, counted from 1.
    pub line: u32,
    /// The content of the ```` ```toml rule ```` block; `None` where there is none.
    pub block: Option<Block>,
    /// The text outside of the block, line by line.
    pub prose: Vec<Prose>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub span: Range<usize>,
    /// The line of its first key, counted from 1.
    pub line: u32,
}

/// A part of a section's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prose {
    Line(String),
    /// A fenced block: its content without the last line break.
    Code(String),
}

struct Fence {
    mark: char,
    length: usize,
    is_rule: bool,
    start: usize,
    line: u32,
}

/// Finds the sections that a heading `## R-…` opens. Headings inside fenced blocks are text.
pub fn sections(text: &str) -> Vec<RuleSection> {
    scan(text).0
}

/// The line of a fence that nothing closes: whatever follows it cannot be read.
pub fn unclosed_fence(text: &str) -> Option<u32> {
    scan(text).1
}

fn scan(text: &str) -> (Vec<RuleSection>, Option<u32>) {
    let mut sections: Vec<RuleSection> = Vec::new();
    let mut inside = false;
    let mut fence: Option<Fence> = None;
    let mut start = 0;
    for (number, whole) in (1_u32..).zip(text.split_inclusive('\n')) {
        let line = whole.trim_end_matches(['\n', '\r']);
        let end = start + whole.len();
        if let Some(open) = &fence {
            if closes(line, open) {
                let section = sections.last_mut().filter(|_| inside);
                keep_fenced(section, open, text, start);
                fence = None;
            }
        } else if let Some((mark, length, info)) = opens(line) {
            let is_rule = info == "toml rule";
            fence = Some(Fence { mark, length, is_rule, start: end, line: number + 1 });
        } else if line.starts_with("# ") || line.starts_with("## ") {
            end_section(&mut sections, inside, start);
            inside = is_rule_heading(line);
            if inside {
                sections.push(opened(line, start, number));
            }
        } else if let Some(section) = sections.last_mut().filter(|_| inside) {
            section.prose.push(Prose::Line(line.to_owned()));
        }
        start = end;
    }
    end_section(&mut sections, inside, text.len());
    (sections, fence.map(|open| open.line - 1))
}

fn is_rule_heading(line: &str) -> bool {
    line.strip_prefix("## ").is_some_and(|title| title.trim_start().starts_with("R-"))
}

fn opened(heading: &str, start: usize, line: u32) -> RuleSection {
    let title = heading.trim_start_matches('#').trim();
    let (id, title) = title.split_once(char::is_whitespace).unwrap_or((title, ""));
    let (id, title) = (id.to_owned(), title.trim().to_owned());
    RuleSection { id, title, span: start..start, line, block: None, prose: Vec::new() }
}

fn end_section(sections: &mut [RuleSection], inside: bool, end: usize) {
    if let Some(section) = sections.last_mut().filter(|_| inside) {
        section.span.end = end;
    }
}

fn keep_fenced(section: Option<&mut RuleSection>, fence: &Fence, text: &str, end: usize) {
    let Some(section) = section else { return };
    if fence.is_rule && section.block.is_none() {
        section.block = Some(Block { span: fence.start..end, line: fence.line });
    } else {
        let code = text[fence.start..end].trim_end_matches(['\n', '\r']).replace("\r\n", "\n");
        section.prose.push(Prose::Code(code));
    }
}

/// The fence that a line opens: its mark, its length, its info string.
fn opens(line: &str) -> Option<(char, usize, &str)> {
    let body = line.trim_start();
    let mark = body.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = body.chars().take_while(|c| *c == mark).count();
    let info = body[length..].trim();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length, info))
}

fn closes(line: &str, open: &Fence) -> bool {
    let body = line.trim();
    body.chars().count() >= open.length && body.chars().all(|c| c == open.mark)
}
