//! Finds a pattern for the anchors of several findings: what agrees stays, what differs becomes a
//! hole (anti-unification over tokens).

use crate::domain::constitution::check::compile;
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleScope};
use crate::domain::constitution::token::{Token, TokenKind, tokens};
use crate::domain::locate::index::normalised;
use crate::domain::model::language::Language;

/// A pattern must hold at least so much, in the halves of [`Token::weight`]: a name and a call, or
/// a name and an operator. Less would match nearly everything.
const WEIGHT_MIN: u32 = 5;

/// Tokens of an anchor that are compared; beyond them a line is not typical.
const TOKENS_MAX: usize = 200;

/// The line or lines of a finding.
#[derive(Clone, Copy, Debug)]
pub struct Anchor<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

/// What several anchors have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed { token: Token, space: Space },
    Hole(Hole),
}

/// Whether white space stands before a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Always,
    Never,
    Sometimes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    /// One word in every anchor.
    Word,
    /// Anything on the line, or nothing.
    Any,
}

/// The largest set of anchors that have enough in common, at least `least` of them, as their
/// indices, with what they have in common. Earlier anchors win among sets of one size.
pub fn common(anchors: &[Anchor<'_>], least: usize) -> Option<(Vec<usize>, Common)> {
    let lines: Vec<Vec<Token>> = anchors.iter().map(|anchor| anchor_tokens(anchor.text)).collect();
    let mut best: Option<(Vec<usize>, Common)> = None;
    for seed in 0..lines.len() {
        let mut chosen = vec![seed];
        let mut shared = Common::from_tokens(&lines[seed]);
        for (at, line) in lines.iter().enumerate().filter(|(at, _)| *at != seed) {
            let joined = shared.join(line);
            if joined.trimmed().says_enough() {
                shared = joined;
                chosen.push(at);
            }
        }
        let shared = shared.trimmed();
        let larger = best.as_ref().is_none_or(|(indices, _)| chosen.len() > indices.len());
        if larger && chosen.len() >= least && shared.says_enough() {
            chosen.sort_unstable();
            best = Some((chosen, shared));
        }
    }
    best
}

/// Checks that can stand for what the anchors of one path's language have in common, in the order
/// in which to try them: as structure, as a plain expression, and the expression held to the start
/// of the line, for where it would fire on what is right as well.
pub fn candidates(common: &Common, language: Option<Language>) -> Vec<RuleCheck> {
    let mut checks = Vec::new();
    if let Some(language) = language {
        for pattern in common.structures() {
            let check = RuleCheck::AstGrep { pattern, language, on: RuleScope::AddedLines };
            if !checks.contains(&check) && compiles(&check) {
                checks.push(check);
            }
        }
    }
    let open = common.without_closers();
    for shape in [&open, common] {
        let pattern = shape.expression();
        for pattern in [pattern.clone(), format!(r"^[ \t]*{pattern}")] {
            let check = RuleCheck::Regex { pattern, on: RuleScope::AddedLines };
            if shape.says_enough() && !checks.contains(&check) && compiles(&check) {
                checks.push(check);
            }
        }
    }
    checks
}

/// The language of all anchors, where they agree.
pub fn language(anchors: &[Anchor<'_>]) -> Option<Language> {
    let first = Language::of_path(anchors.first()?.path)?;
    anchors.iter().all(|anchor| Language::of_path(anchor.path) == Some(first)).then_some(first)
}

fn compiles(check: &RuleCheck) -> bool {
    matches!(compile(&Rule::with_check(check.clone())), Ok(Some(_)))
}

/// An anchor's tokens, comments dropped.
fn anchor_tokens(text: &str) -> Vec<Token> {
    let lines: Vec<String> = text.lines().map(normalised).collect();
    let mut tokens = tokens(&lines.join(" "));
    tokens.truncate(TOKENS_MAX);
    tokens
}

impl Common {
    fn from_tokens(line: &[Token]) -> Self {
        let fixed = |token: &Token| {
            let space = if token.spaced { Space::Always } else { Space::Never };
            Part::Fixed { token: token.clone(), space }
        };
        Self(line.iter().map(fixed).collect())
    }

    /// What it has in common with one more line.
    fn join(&self, line: &[Token]) -> Self {
        let mut joined = Vec::new();
        let (mut at, mut line_at) = (0, 0);
        for (part, token) in self.aligned(line) {
            push_hole(&mut joined, &self.0[at..part], &line[line_at..token]);
            if let Part::Fixed { token: own, space } = &self.0[part] {
                let here = if line[token].spaced { Space::Always } else { Space::Never };
                let space = if here == *space { here } else { Space::Sometimes };
                joined.push(Part::Fixed { token: own.clone(), space });
            }
            (at, line_at) = (part + 1, token + 1);
        }
        push_hole(&mut joined, &self.0[at..], &line[line_at..]);
        Self(joined)
    }

    /// The heaviest common subsequence, as pairs of indices. Names weigh more than marks, so that
    /// brackets do not draw lines together; of equal ones it is that with the fewest gaps.
    fn aligned(&self, line: &[Token]) -> Vec<(usize, usize)> {
        let (rows, columns) = (self.0.len(), line.len());
        let weight = |row: usize, column: usize| match &self.0[row] {
            Part::Fixed { token, .. } if token.text == line[column].text => token.weight() * 4,
            Part::Fixed { .. } | Part::Hole(_) => 0,
        };
        // What is left to gain from a pair of places on, and from it if the two are matched.
        let mut best = vec![vec![0_u32; columns + 1]; rows + 1];
        let mut taken = vec![vec![0_u32; columns + 1]; rows + 1];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                let here = weight(row, column);
                if here > 0 {
                    let adjacent = taken[row + 1][column + 1];
                    let adjacent = if adjacent > 0 { adjacent + 1 } else { 0 };
                    taken[row][column] = here + adjacent.max(best[row + 1][column + 1]);
                }
                let skipped = best[row + 1][column].max(best[row][column + 1]);
                best[row][column] = skipped.max(taken[row][column]);
            }
        }
        let (mut row, mut column) = (0, 0);
        let mut pairs = Vec::new();
        let mut adjoins = false;
        while row < rows && column < columns {
            let here = taken[row][column];
            if here > 0 && (adjoins || here == best[row][column]) {
                pairs.push((row, column));
                let adjacent = taken[row + 1][column + 1];
                adjoins = adjacent > 0 && here == weight(row, column) + adjacent + 1;
                (row, column) = (row + 1, column + 1);
            } else if best[row][column] == best[row + 1][column] {
                row += 1;
            } else {
                column += 1;
            }
        }
        pairs
    }

    /// Without holes at its ends.
    fn trimmed(&self) -> Self {
        let is_fixed = |part: &Part| matches!(part, Part::Fixed { .. });
        let start = self.0.iter().position(is_fixed).unwrap_or(self.0.len());
        let end = self.0.iter().rposition(is_fixed).map_or(start, |at| at + 1);
        Self(self.0[start..end].to_vec())
    }

    /// Without the brackets that only close what a hole fills: the call may go on on later lines.
    fn without_closers(&self) -> Self {
        let is_closer = |part: &Part| match part {
            Part::Fixed { token, .. } => matches!(token.text.as_str(), ")" | "]" | "}" | ";" | ","),
            Part::Hole(_) => false,
        };
        let closers = self.0.iter().rev().take_while(|part| is_closer(part)).count();
        let left = &self.0[..self.0.len() - closers];
        let ends_in_hole = matches!(left.last(), Some(Part::Hole(_)));
        if ends_in_hole { Self(left.to_vec()).trimmed() } else { self.clone() }
    }

    fn fixed(&self) -> impl Iterator<Item = &Token> {
        self.0.iter().filter_map(|part| match part {
            Part::Fixed { token, .. } => Some(token),
            Part::Hole(_) => None,
        })
    }

    fn says_enough(&self) -> bool {
        let names = |token: &Token| token.names() || token.kind == TokenKind::Text;
        self.fixed().map(Token::weight).sum::<u32>() >= WEIGHT_MIN && self.fixed().any(names)
    }

    /// As a regular expression that tolerates how code is broken and spaced.
    fn expression(&self) -> String {
        let mut expression = String::new();
        let mut before: Option<&Part> = None;
        for part in &self.0 {
            match before {
                Some(before) => expression.push_str(gap(before, part)),
                None if is_wordy(part) => expression.push_str(r"\b"),
                None => {}
            }
            match part {
                Part::Fixed { token, .. } => expression.push_str(&escaped(&token.text)),
                Part::Hole(Hole::Word) => expression.push_str(r"\w+"),
                Part::Hole(Hole::Any) => expression.push_str(r"[^\n]*?"),
            }
            before = Some(part);
        }
        if before.is_some_and(is_wordy) {
            expression.push_str(r"\b");
        }
        expression
    }

    /// As structural patterns, the whole statement first.
    fn structures(&self) -> Vec<String> {
        let mut pattern = String::new();
        let mut holes = 0_u8;
        let mut hole = |many: bool| {
            let name = char::from(b'A' + holes.min(25));
            holes += 1;
            if many { format!("$$${name}") } else { format!("${name}") }
        };
        if self.0.first().is_some_and(is_joiner) {
            pattern.push_str(&hole(false));
        }
        for (at, part) in self.0.iter().enumerate() {
            match part {
                Part::Fixed { token, space } => {
                    if !pattern.is_empty() && *space != Space::Never {
                        pattern.push(' ');
                    }
                    pattern.push_str(&token.text);
                }
                Part::Hole(kind) => {
                    let opened = pattern.ends_with(['(', '[', '{', ',']);
                    let closes = self.0.get(at + 1).is_none_or(|next| match next {
                        Part::Fixed { token, .. } => matches!(token.text.as_str(), ")" | "]" | "}"),
                        Part::Hole(_) => false,
                    });
                    if !opened && !pattern.is_empty() && !pattern.ends_with([':', '.', '&', '!']) {
                        pattern.push(' ');
                    }
                    pattern.push_str(&hole(*kind == Hole::Any && opened && closes));
                }
            }
        }
        if self.0.last().is_some_and(is_joiner) {
            pattern.push(' ');
            pattern.push_str(&hole(false));
        }
        let statement = pattern.trim_end_matches(',').to_owned();
        let expression = statement.trim_end_matches(';').to_owned();
        if statement == expression { vec![statement] } else { vec![statement, expression] }
    }
}

/// Escapes what means something outside of a class, and no more: people read these patterns.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A hole for what does not agree between two matches, if there is anything.
fn push_hole(joined: &mut Vec<Part>, parts: &[Part], line: &[Token]) {
    if parts.is_empty() && line.is_empty() {
        return;
    }
    let word = match (parts, line) {
        ([Part::Hole(Hole::Word)], [token]) => token.is_word(),
        ([Part::Fixed { token: own, .. }], [token]) => own.is_word() && token.is_word(),
        _ => false,
    };
    joined.push(Part::Hole(if word { Hole::Word } else { Hole::Any }));
}

/// What may stand between two parts of an expression.
fn gap(before: &Part, part: &Part) -> &'static str {
    let (from_any, to_any) = (before == &Part::Hole(Hole::Any), part == &Part::Hole(Hole::Any));
    if from_any || to_any {
        return if is_wordy(before) || is_wordy(part) { r"\b" } else { "" };
    }
    if is_wordy(before) && is_wordy(part) {
        return r"\s+";
    }
    let after = |marks: &[&str]| match before {
        Part::Fixed { token, .. } => marks.contains(&token.text.as_str()),
        Part::Hole(_) => false,
    };
    match part {
        // A chain may be broken before a name, a path is not.
        Part::Hole(_) if after(&["::"]) => "",
        Part::Fixed { token, space: Space::Never } => {
            let breaks = matches!(token.text.as_str(), "." | ")" | "]" | "}" | "?.")
                || after(&["(", "[", "{", ","]);
            if breaks { r"\s*" } else { "" }
        }
        Part::Hole(_) | Part::Fixed { .. } => r"\s*",
    }
}

fn is_wordy(part: &Part) -> bool {
    match part {
        Part::Fixed { token, .. } => matches!(token.kind, TokenKind::Word | TokenKind::Number),
        Part::Hole(hole) => *hole == Hole::Word,
    }
}

/// Whether a part needs something beside it to be whole: an operator or a field's point.
fn is_joiner(part: &Part) -> bool {
    let joiners = [
        ".", "?.", "==", "!=", "===", "!==", "<", ">", "<=", ">=", "&&", "||", "+", "-", "/", "%",
        "as", "is", "in",
    ];
    match part {
        Part::Fixed { token, .. } => joiners.contains(&token.text.as_str()),
        Part::Hole(_) => false,
    }
}
