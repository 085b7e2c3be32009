//! What `tsc` says of what it cannot build: which of it is missing code, and what only follows from that.
//!
//! The forms are those of TypeScript 5.9, as they were seen.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::development::failure_kind::{FailureKind, OutputFailure};

/// `test/a.test.ts(3,10): error TS2305: …`, and `test/a.test.ts:3:10 - error TS2305: …` for terminals.
static DIAGNOSTIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:\./)?(\S+\.[cm]?[jt]sx?)[(:](\d+)[,:](\d+)(?:\):| -) error TS(\d+): (.*)$")
        .ok()
});

static COLOURS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;]*m").ok());

/// What errors mean, by their numbers.
const MEANINGS: [(&[u32], Meaning); 9] = [
    (&[2305, 2614, 2694, 2724], Meaning::Lacks("has no exported member ")),
    (&[2459], Meaning::Lacks("declares ")),
    (&[2339, 2551], Meaning::Lacks("Property ")),
    (&[2353, 2561], Meaning::Lacks("known properties, ")),
    (&[2304, 2503, 2552], Meaning::Unknown("Cannot find name")),
    (&[2307, 2792], Meaning::Module),
    (&[1192, 2613], Meaning::OtherUse),
    (&[2554, 2555, 2575], Meaning::OtherCall),
    (&[2347, 2571, 7005, 7006, 7019, 7031, 7034, 18046], Meaning::Follows),
];

#[derive(Clone, Copy)]
enum Meaning {
    /// The name in the first quotes after this.
    Lacks(&'static str),
    /// The same of a name that stands alone.
    Unknown(&'static str),
    Module,
    /// What stands there is used in another way than it can be.
    OtherUse,
    /// A function is called with more or fewer values than it takes.
    OtherCall,
    /// What is missing has no type, and nothing that is made of it has.
    Follows,
}

/// What it says, each with its place; empty where it says nothing.
pub fn failures(printed: &str) -> Vec<OutputFailure> {
    let (Some(form), Some(colours)) = (DIAGNOSTIC.as_ref(), COLOURS.as_ref()) else {
        return Vec::new();
    };
    let (mut found, mut following) = (Vec::new(), Vec::new());
    for line in printed.lines() {
        let line = colours.replace_all(line.trim_end(), "");
        let Some(parts) = form.captures(&line) else { continue };
        let number = |group: usize| parts[group].parse().unwrap_or_default();
        let code = u32::try_from(number(4)).unwrap_or_default();
        let said = &parts[5];
        let meaning = MEANINGS.iter().find(|(codes, _)| codes.contains(&code));
        let meaning = meaning.map(|(_, meaning)| *meaning);
        let kind = meaning.and_then(|meaning| kind_of(meaning, said, (number(2), number(3))));
        let kind = kind.unwrap_or_else(|| FailureKind::Compile(said.to_owned()));
        let failure = OutputFailure { kind, place: Some(parts[1].to_owned()) };
        let list =
            if matches!(meaning, Some(Meaning::Follows)) { &mut following } else { &mut found };
        if !list.contains(&failure) {
            list.push(failure);
        }
    }
    let is_missing = |kind: &FailureKind| {
        matches!(kind, FailureKind::MissingSymbol(_) | FailureKind::MissingModule(_))
    };
    following.retain(|one| {
        !found.iter().any(|other| other.place == one.place && is_missing(&other.kind))
    });
    found.extend(following);
    found
}

fn kind_of(meaning: Meaning, said: &str, (line, column): (usize, usize)) -> Option<FailureKind> {
    match meaning {
        Meaning::Lacks(before) => name_after(said, before).map(FailureKind::MissingSymbol),
        Meaning::Unknown(before) => {
            let before = if said.contains(before) { before } else { "Cannot find namespace" };
            name_after(said, before).map(FailureKind::UnknownName)
        }
        Meaning::Module => of_module(quoted(said)?),
        Meaning::OtherUse | Meaning::OtherCall => {
            let mut counts =
                said.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
            let counts: Option<(usize, usize)> = counts
                .next()
                .zip(counts.next_back())
                .and_then(|(wanted, given)| Some((wanted.parse().ok()?, given.parse().ok()?)));
            // Of too many values the first is named, and of too few the function.
            let is_value = matches!(meaning, Meaning::OtherCall)
                && counts.is_some_and(|(wanted, given)| given > wanted);
            Some(FailureKind::OtherUse { line, column, is_value, said: said.to_owned() })
        }
        Meaning::Follows => None,
    }
}

/// A module of the project, by a path or by another name of its own (`@/size`, `~/size`, `#size`), is missing
/// code; a package of others, or one of the runtime's, is not.
fn of_module(module: &str) -> Option<FailureKind> {
    let is_own = [".", "@/", "~", "#"].iter().any(|start| module.starts_with(start));
    if !is_own {
        return Some(FailureKind::Infrastructure(format!("the module `{module}`")));
    }
    let name = module.rsplit('/').find(|part| !part.is_empty())?;
    let ends = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".json"];
    let name = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    Some(FailureKind::MissingSymbol(name.trim_start_matches(['#', '~']).to_owned()))
}

fn quoted(said: &str) -> Option<&str> {
    said.split('\'').nth(1).filter(|name| !name.is_empty())
}

/// The first name in quotes after these words.
fn name_after(said: &str, words: &str) -> Option<String> {
    let (_, rest) = said.split_once(words)?;
    let name = quoted(rest)?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || "_$".contains(c));
    is_name.then(|| name.to_owned())
}

/// The name that an error is about, and the first name of the way to it, by its place (from 1) in the source:
/// of a value that is given to a function the function's, else the one that stands there.
pub fn named_at(
    text: &str,
    line: usize,
    column: usize,
    is_value: bool,
) -> Option<(String, String)> {
    let before: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let in_line = text.get(before..)?.char_indices().nth(column.checked_sub(1)?)?.0;
    let at = before + in_line;
    let end = if is_value {
        opening(&text[..at])?
    } else {
        let is_part = |c: char| c.is_alphanumeric() || "_$".contains(c);
        at + text[at..].find(|c| !is_part(c)).unwrap_or(text.len() - at)
    };
    let is_way = |c: char| c.is_alphanumeric() || "_$.".contains(c);
    let start = text[..end]
        .rfind(|c| !is_way(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let way = &text[start..end];
    let (first, last) = (way.split('.').next()?, way.rsplit('.').next()?);
    let is_whole = !first.is_empty() && !last.is_empty();
    is_whole.then(|| (first.to_owned(), last.to_owned()))
}

/// Where the bracket opens in which a text ends.
fn opening(text: &str) -> Option<usize> {
    let mut closed = 0;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' | '}' => closed += 1,
            '(' | '[' | '{' if closed > 0 => closed -= 1,
            '(' => return Some(at),
            '[' | '{' => return None,
            _ => {}
        }
    }
    None
}

/// The sources of which a file may be what TypeScript compiled, by their ends.
pub fn sources_of(path: &str) -> impl Iterator<Item = String> + '_ {
    const COMPILED: [(&str, &str); 5] =
        [(".js", ".ts"), (".js", ".tsx"), (".jsx", ".tsx"), (".mjs", ".mts"), (".cjs", ".cts")];
    let source = |(end, of): (&str, &str)| Some(format!("{}{of}", path.strip_suffix(end)?));
    COMPILED.into_iter().filter_map(source)
}
