//! A spec in Markdown: front matter, sections, and lists in them.

use std::ops::Range;

use crate::domain::model::nearest::nearest;
use crate::domain::model::text::one_line;
use crate::domain::spec::fields::{COMMON, binding, check_id, read_common, unknown_key};
use crate::domain::spec::outline::{
    FrontMatter, ListItem, SECTIONS, SpecSection, front_matter, outline, section_part,
};
use crate::domain::spec::parse_yaml::blank;
use crate::domain::spec::parsed::{ParsedSpec, Passage, SpecPart, Understood};
use crate::domain::spec::problem::{LintRule, SpecProblems, quote};
use crate::domain::spec::requirement_id::split_id;
use crate::domain::spec::types::{CRITERION, Criterion, Spec, SpecEntry, Verify};
use crate::domain::spec::verify;
use crate::domain::spec::yaml;
use crate::domain::spec::yaml::YamlValue;

/// Reads the whole file; `None` where its front matter is not closed, so that nothing can be told
/// apart.
pub(in crate::domain::spec) fn parse(
    id: String,
    problems: &mut SpecProblems,
) -> Option<ParsedSpec> {
    let source = problems.source.text;
    let mut spec = Spec::empty(id);
    let mut understood = Understood::Nothing;
    let mut body = 0;
    match front_matter(source) {
        FrontMatter::None => {}
        FrontMatter::Toml => {
            let message = "front matter between lines of `+++` (TOML) is not read".to_owned();
            let hint = "write it as YAML, between lines of three hyphens";
            problems.error(LintRule::FrontMatter, 0, message, hint);
            return None;
        }
        FrontMatter::Open => {
            let message = "the front matter is not closed".to_owned();
            problems.error(
                LintRule::FrontMatter,
                0,
                message,
                "end it with a line of three hyphens",
            );
            return None;
        }
        FrontMatter::Closed { yaml, end } => {
            body = end;
            understood = read_front_matter(&source[yaml.clone()], yaml.start, &mut spec, problems);
        }
    }
    let outline = outline(&source[body..], body);
    let names = || SECTIONS.iter().map(|(name, _)| *name);
    let is_part = |section: &SpecSection| {
        section_part(&section.name).is_some() || !nearest(&section.name, names()).is_empty()
    };
    let has_section = outline.sections.iter().any(is_part);
    if understood == Understood::Nothing && has_section {
        understood = Understood::Whole;
    }
    let mut bytes = source.as_bytes().to_vec();
    blank(&mut bytes, 0..body);
    for range in &outline.code {
        blank(&mut bytes, range.clone());
    }
    let mut plain = source.as_bytes().to_vec();
    for range in &outline.comments {
        blank(&mut bytes, range.clone());
        blank(&mut plain, range.clone());
    }
    let plain = String::from_utf8(plain).unwrap_or_default();
    let mut reader = Reader { plain, spec, bytes, passages: Vec::new(), criteria_at: None };
    reader.spec.title = outline.title.unwrap_or(reader.spec.title);
    reader.passages.push(Passage { part: SpecPart::Other, range: body..outline.intro_end });
    reader.sections(&outline.sections, problems);
    let Reader { spec, bytes, passages, criteria_at, .. } = reader;
    Some(ParsedSpec {
        spec,
        prose: String::from_utf8(bytes).unwrap_or_default(),
        passages,
        criteria_at: criteria_at.unwrap_or(body),
        understood,
    })
}

/// Reads the keys into the spec.
fn read_front_matter(
    text: &str,
    base: usize,
    spec: &mut Spec,
    problems: &mut SpecProblems,
) -> Understood {
    let Some(root) = yaml::parse(text, base, problems) else {
        return Understood::InPart;
    };
    match &root.value {
        YamlValue::Null => Understood::Whole,
        YamlValue::Map(entries) => {
            for entry in entries {
                if !read_common(entry, spec, problems) {
                    unknown_key(entry, &COMMON, problems);
                }
            }
            Understood::Whole
        }
        YamlValue::Text(_) | YamlValue::List(_) => {
            let message = format!("front matter is a set of keys, not {}", root.kind());
            problems.error(LintRule::WrongType, root.start, message, "write `id: …`, `status: …`");
            Understood::InPart
        }
    }
}

struct Reader {
    /// The file's text with its comments blanked, byte for byte as long.
    plain: String,
    spec: Spec,
    /// The prose in the making.
    bytes: Vec<u8>,
    passages: Vec<Passage>,
    criteria_at: Option<usize>,
}

impl Reader {
    fn sections(&mut self, sections: &[SpecSection], problems: &mut SpecProblems) {
        let mut seen: Vec<(SpecPart, u32)> = Vec::new();
        for section in sections {
            let Some(part) = section_part(&section.name) else {
                unknown_section(section, problems);
                let range = section.heading.start..section.end;
                self.passages.push(Passage { part: SpecPart::Other, range });
                continue;
            };
            let at = section.heading.start;
            match seen.iter().find(|(p, _)| *p == part) {
                Some((_, line)) => {
                    let message =
                        format!("duplicate section {}, first in line {line}", quote(&section.name));
                    problems.warning(LintRule::DuplicateSection, at, message, "join the two");
                }
                None => seen.push((part, problems.source.at(at).line)),
            }
            self.section(part, section, problems);
        }
    }

    fn section(&mut self, part: SpecPart, section: &SpecSection, problems: &mut SpecProblems) {
        if part == SpecPart::Criterion {
            self.criteria_at.get_or_insert(section.heading.start);
            for item in &section.items {
                self.criterion(item, problems);
            }
            return;
        }
        let range = section.heading.end..section.end;
        if part == SpecPart::Goal {
            let text = self.plain[range.clone()].trim();
            let gap = if self.spec.goal.is_empty() || text.is_empty() { "" } else { "\n\n" };
            self.spec.goal.push_str(gap);
            self.spec.goal.push_str(text);
        } else {
            let entries = self.entries(section, problems);
            if matches!(part, SpecPart::Constraint | SpecPart::CriticalIf) {
                binding(&section.name, section.heading.start, &entries, problems);
            }
            if let Some(list) = self.list_mut(part) {
                list.extend(entries);
            }
        }
        self.passages.push(Passage { part, range });
    }

    fn list_mut(&mut self, part: SpecPart) -> Option<&mut Vec<SpecEntry>> {
        match part {
            SpecPart::Constraint => Some(&mut self.spec.constraints),
            SpecPart::CriticalIf => Some(&mut self.spec.critical_if),
            SpecPart::EdgeCase => Some(&mut self.spec.edge_cases),
            SpecPart::NonGoal => Some(&mut self.spec.non_goals),
            SpecPart::OpenQuestion => Some(&mut self.spec.open_questions),
            SpecPart::Goal
            | SpecPart::Criterion
            | SpecPart::Acceptance
            | SpecPart::Step
            | SpecPart::Other => None,
        }
    }

    /// The items of the section's lists, or its paragraphs where it has none.
    fn entries(&self, section: &SpecSection, problems: &SpecProblems) -> Vec<SpecEntry> {
        let ranges: Vec<_> = if section.items.is_empty() {
            section.paragraphs.clone()
        } else {
            section.items.iter().map(|i| strip_marker(&self.plain, i.range.clone())).collect()
        };
        ranges
            .into_iter()
            .map(|r| SpecEntry {
                text: one_line(&self.plain[r.clone()]),
                at: problems.source.at(r.start),
            })
            .filter(|e| !e.text.is_empty())
            .collect()
    }

    fn criterion(&mut self, item: &ListItem, problems: &mut SpecProblems) {
        let own_end = item.children.first().map_or(item.range.end, |c| c.start);
        let own = strip_marker(&self.plain, item.range.start..own_end.max(item.range.start));
        let at = problems.source.at(own.start);
        let mut verify = Vec::new();
        let mut text = self.take_verify(own.clone(), &mut verify, problems);
        for child in &item.children {
            let child = strip_marker(&self.plain, child.clone());
            let more = self.take_verify(child, &mut verify, problems);
            if !more.is_empty() {
                text.push_str("; ");
                text.push_str(&more);
            }
        }
        self.passages.push(Passage { part: SpecPart::Criterion, range: own.start..item.range.end });
        let (id, text) = match split_id(&text) {
            Some((id, rest)) => {
                check_id(id, own.start, problems);
                (id.to_owned(), rest.to_owned())
            }
            None => (self.next_id(own.start, problems), text),
        };
        self.spec.criteria.push(Criterion { id, text, verify, at });
    }

    fn next_id(&self, offset: usize, problems: &mut SpecProblems) -> String {
        let id = format!("{CRITERION}{}", self.spec.criteria.len() + 1);
        let message = format!("a criterion without an id; it gets the id `{id}`");
        let hint = format!("begin it with `**{id}**`, so that it keeps its name when others move");
        problems.warning(LintRule::CriterionWithoutId, offset, message, &hint);
        id
    }

    /// Takes `verify: …` out of the lines of a range and gives back the other text. What was taken
    /// is blanked in the prose.
    fn take_verify(
        &mut self,
        range: Range<usize>,
        found: &mut Vec<Verify>,
        problems: &mut SpecProblems,
    ) -> String {
        let mut text = String::new();
        let mut start = range.start;
        for line in self.plain[range].split_inclusive('\n') {
            let kept = match find_verify(&self.bytes[start..start + line.len()], line) {
                Some((from, value)) => {
                    let said = line[value..].trim();
                    let said = if line[from..].starts_with('(') {
                        said.strip_suffix(')').unwrap_or(said)
                    } else {
                        said
                    };
                    found.push(verify::read(said, start + value, problems));
                    blank(&mut self.bytes, start + from..start + line.len());
                    &line[..from]
                }
                None => line,
            };
            text.push_str(kept);
            text.push(' ');
            start += line.len();
        }
        one_line(&text)
    }
}

/// Where in a line `verify:` begins, with any emphasis around it, and where its value begins. It
/// must stand at the line's start or after white space, and not in code.
fn find_verify(prose: &[u8], line: &str) -> Option<(usize, usize)> {
    const WORD: &[u8] = b"verify";
    let lower = prose.to_ascii_lowercase();
    let word = memchr::memmem::find_iter(&lower, WORD).find(|&i| {
        let after = line[i + WORD.len()..].trim_start_matches(['*', '_']);
        let before = line[..i].trim_end_matches(['*', '_', '(']);
        after.starts_with(':') && (before.is_empty() || before.ends_with(char::is_whitespace))
    })?;
    let from = line[..word].trim_end_matches(['*', '_', '(']).len();
    let colon = word + line[word..].find(':')?;
    let after = &line[colon + 1..];
    let value = line.len() - after.trim_start_matches(['*', '_', ' ', '\t']).len();
    Some((from, value))
}

/// An item's range without `- `, `1. ` and `[x] `.
fn strip_marker(source: &str, range: Range<usize>) -> Range<usize> {
    let text = &source[range.clone()];
    let mut rest = text.trim_start();
    let bullet = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if let Some(after) = bullet.strip_prefix(['-', '*', '+', '.', ')'])
        && after.starts_with(char::is_whitespace)
    {
        rest = after.trim_start();
    }
    for mark in ["[ ]", "[x]", "[X]"] {
        if let Some(after) = rest.strip_prefix(mark) {
            rest = after.trim_start();
        }
    }
    range.end - rest.len()..range.end
}

fn unknown_section(section: &SpecSection, problems: &mut SpecProblems) {
    let hint = problems
        .did_you_mean(&section.name, SECTIONS.iter().map(|(name, _)| *name))
        .unwrap_or_else(|| "the section is ignored".to_owned());
    let message = format!("unknown section {}", quote(&section.name));
    problems.warning(LintRule::UnknownSection, section.heading.start, message, &hint);
}
