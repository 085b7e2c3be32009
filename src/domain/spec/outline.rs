//! The outline of a spec in Markdown: front matter, sections, and the lists in them.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::domain::model::text::one_line;
use crate::domain::spec::parsed::SpecPart;

/// The sections a spec may have, by every name they go under.
pub(in crate::domain::spec) const SECTIONS: [(&str, SpecPart); 12] = [
    ("Goal", SpecPart::Goal),
    ("Goals", SpecPart::Goal),
    ("Acceptance criteria", SpecPart::Criterion),
    ("Acceptance", SpecPart::Criterion),
    ("Constraints", SpecPart::Constraint),
    ("Critical if", SpecPart::CriticalIf),
    ("Edge cases", SpecPart::EdgeCase),
    ("Non-goals", SpecPart::NonGoal),
    ("Non goals", SpecPart::NonGoal),
    ("Nongoals", SpecPart::NonGoal),
    ("Out of scope", SpecPart::NonGoal),
    ("Open questions", SpecPart::OpenQuestion),
];

pub(in crate::domain::spec) enum FrontMatter {
    None,
    /// Between lines of `+++`, as other programs write it.
    Toml,
    Open,
    Closed {
        yaml: Range<usize>,
        end: usize,
    },
}

/// Finds what stands between a first line of three hyphens and the next one.
pub(in crate::domain::spec) fn front_matter(text: &str) -> FrontMatter {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or("");
    match first.trim_end() {
        "---" => {}
        "+++" => return FrontMatter::Toml,
        _ => return FrontMatter::None,
    }
    let mut offset = first.len();
    for line in lines {
        let next = offset + line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return FrontMatter::Closed { yaml: first.len()..offset, end: next };
        }
        offset = next;
    }
    FrontMatter::Open
}

/// The shape of a body. All ranges are bytes of the file.
pub(in crate::domain::spec) struct Outline {
    pub title: Option<String>,
    /// Where the first section begins.
    pub intro_end: usize,
    pub sections: Vec<SpecSection>,
    pub code: Vec<Range<usize>>,
    pub comments: Vec<Range<usize>>,
}

pub(in crate::domain::spec) struct SpecSection {
    pub name: String,
    pub heading: Range<usize>,
    pub end: usize,
    pub items: Vec<ListItem>,
    /// Those that stand in no list.
    pub paragraphs: Vec<Range<usize>>,
}

pub(in crate::domain::spec) struct ListItem {
    pub range: Range<usize>,
    pub children: Vec<Range<usize>>,
}

/// Walks the Markdown once. A section begins at a heading of the second level, or at any other
/// that has a section's name.
pub(in crate::domain::spec) fn outline(body: &str, base: usize) -> Outline {
    let end = base + body.len();
    let mut outline = Outline {
        title: None,
        intro_end: end,
        sections: Vec::new(),
        code: Vec::new(),
        comments: Vec::new(),
    };
    let mut heading: Option<(HeadingLevel, Range<usize>, String)> = None;
    let mut containers = 0_usize;
    let mut lists = 0_usize;
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TASKLISTS).into_offset_iter() {
        let range = base + range.start..base + range.end;
        match event {
            Event::Start(Tag::Heading { level, .. }) if containers == 0 => {
                heading = Some((level, range, String::new()));
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, range, name)) = heading.take() {
                    outline.heading(level, range, one_line(&name));
                }
            }
            Event::Text(text) => push_heading(&mut heading, &text),
            Event::Code(text) => {
                push_heading(&mut heading, &text);
                outline.code.push(range);
            }
            Event::SoftBreak | Event::HardBreak => push_heading(&mut heading, " "),
            Event::Start(Tag::CodeBlock(_)) => outline.code.push(range),
            Event::Html(html) | Event::InlineHtml(html) if html.starts_with("<!--") => {
                let text = &body[range.start - base..];
                let close = text.find("-->").map_or(text.len(), |i| i + 3);
                outline.comments.push(range.start..(range.start + close).min(end));
            }
            Event::Start(Tag::List(_)) => {
                containers += 1;
                lists += 1;
            }
            Event::End(TagEnd::List(_)) => {
                containers -= 1;
                lists -= 1;
            }
            Event::Start(Tag::BlockQuote(_)) => containers += 1,
            Event::End(TagEnd::BlockQuote(_)) => containers -= 1,
            Event::Start(Tag::Item) => outline.item(range, lists, containers),
            Event::Start(Tag::Paragraph) if containers == 0 => {
                if let Some(section) = outline.sections.last_mut() {
                    section.paragraphs.push(range);
                }
            }
            _ => {}
        }
    }
    if let Some(last) = outline.sections.last_mut() {
        last.end = end;
    }
    outline
}

fn push_heading(heading: &mut Option<(HeadingLevel, Range<usize>, String)>, text: &str) {
    if let Some((_, _, name)) = heading {
        name.push_str(text);
    }
}

impl Outline {
    fn heading(&mut self, level: HeadingLevel, range: Range<usize>, name: String) {
        if level == HeadingLevel::H1 && self.title.is_none() && self.sections.is_empty() {
            self.title = Some(name).filter(|n| !n.is_empty());
            return;
        }
        if level > HeadingLevel::H2 && section_part(&name).is_none() {
            return;
        }
        match self.sections.last_mut() {
            Some(last) => last.end = range.start,
            None => self.intro_end = range.start,
        }
        let end = range.end;
        self.sections.push(SpecSection {
            name,
            heading: range,
            end,
            items: Vec::new(),
            paragraphs: Vec::new(),
        });
    }

    /// Lists count only outside of quotes; an item of the second level belongs to the one around.
    fn item(&mut self, range: Range<usize>, lists: usize, containers: usize) {
        let Some(section) = self.sections.last_mut() else {
            return;
        };
        if containers != lists {
            return;
        }
        match (lists, section.items.last_mut()) {
            (1, _) => section.items.push(ListItem { range, children: Vec::new() }),
            (2, Some(item)) => item.children.push(range),
            _ => {}
        }
    }
}

/// The section that a heading's words mean, whatever their case, colon or number.
pub(in crate::domain::spec) fn section_part(name: &str) -> Option<SpecPart> {
    let name = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let name = name.trim_end_matches([':', ' ']);
    SECTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, part)| *part)
}
