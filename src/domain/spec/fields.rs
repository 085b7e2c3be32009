//! The keys of front matter and of YAML specs: which there are, and what their values may be.

use crate::domain::model::globs;
use crate::domain::model::size::Size;
use crate::domain::model::text::one_line;
use crate::domain::spec::problem::{LintRule, SpecProblems, quote};
use crate::domain::spec::types::{RunBudget, Spec, SpecEntry, SpecMode, SpecStatus};
use crate::domain::spec::yaml::{Node, YamlEntry, YamlValue};

/// The keys of front matter; a YAML spec has them too.
pub(in crate::domain::spec) const COMMON: [&str; 9] =
    ["id", "title", "status", "size", "mode", "base", "touches", "budget", "gate"];

const BUDGET: [&str; 2] = ["usd", "minutes"];

/// Reads one of the [`COMMON`] keys into the spec; `false` means that it is none of them.
pub(in crate::domain::spec) fn read_common(
    entry: &YamlEntry,
    spec: &mut Spec,
    problems: &mut SpecProblems,
) -> bool {
    let node = &entry.node;
    match entry.key.as_str() {
        "id" => {
            if let Some(id) = text(entry, problems) {
                check_id(&id, node.start, problems);
                spec.id = id;
            }
        }
        "title" => {
            if let Some(title) = text(entry, problems) {
                spec.title = one_line(&title);
            }
        }
        "status" => {
            let choices = [
                ("draft", SpecStatus::Draft),
                ("ready", SpecStatus::Ready),
                ("done", SpecStatus::Done),
            ];
            if let Some(status) = choice(entry, &choices, problems) {
                (spec.status, spec.says_status) = (status, true);
            }
        }
        "size" => {
            let choices =
                [("S", Some(Size::S)), ("M", Some(Size::M)), ("L", Some(Size::L)), ("auto", None)];
            spec.size = choice(entry, &choices, problems).flatten();
        }
        "mode" => {
            let choices = [
                ("direct", Some(SpecMode::Direct)),
                ("research", Some(SpecMode::Research)),
                ("auto", None),
            ];
            spec.mode = choice(entry, &choices, problems).flatten();
        }
        "base" => spec.base = text(entry, problems).and_then(|b| base(b, node.start, problems)),
        "touches" => spec.touches = touches(entry, problems),
        "budget" => spec.budget = budget(entry, problems),
        "gate" => spec.gate = texts(entry, problems).into_iter().map(|(text, _)| text).collect(),
        _ => return false,
    }
    true
}

/// Says that a key is not known, and which one may have been meant.
pub(in crate::domain::spec) fn unknown_key(
    entry: &YamlEntry,
    known: &[&str],
    problems: &mut SpecProblems,
) {
    let hint = problems
        .did_you_mean(&entry.key, known.iter().copied())
        .unwrap_or_else(|| format!("known keys: {}", known.join(", ")));
    let message = format!("unknown key {}", quote(&entry.key));
    problems.error(LintRule::UnknownKey, entry.key_start, message, &hint);
}

/// The text of a key; `None` where it is empty or, after a problem is added, something else.
pub(in crate::domain::spec) fn text(
    entry: &YamlEntry,
    problems: &mut SpecProblems,
) -> Option<String> {
    match &entry.node.value {
        YamlValue::Text(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        YamlValue::Null => None,
        YamlValue::List(_) | YamlValue::Map(_) => {
            wrong_type(&entry.key, &entry.node, "text", problems);
            None
        }
    }
}

/// The texts of a key that holds one or a list of them, each with its node.
pub(in crate::domain::spec) fn texts<'n>(
    entry: &'n YamlEntry,
    problems: &mut SpecProblems,
) -> Vec<(String, &'n Node)> {
    let mut texts = Vec::new();
    for node in items(&entry.node) {
        match &node.value {
            YamlValue::Text(text) if !text.trim().is_empty() => {
                texts.push((text.trim().to_owned(), node));
            }
            YamlValue::Text(_) | YamlValue::Null => {}
            YamlValue::List(_) | YamlValue::Map(_) => {
                wrong_type(&entry.key, node, "text or a list of texts", problems);
            }
        }
    }
    texts
}

/// The items of a list, or the one value that stands for a list of one.
pub(in crate::domain::spec) fn items(node: &Node) -> &[Node] {
    match &node.value {
        YamlValue::List(items) => items,
        YamlValue::Null => &[],
        YamlValue::Text(_) | YamlValue::Map(_) => std::slice::from_ref(node),
    }
}

/// Says that a value is of another kind than its key takes.
pub(in crate::domain::spec) fn wrong_type(
    key: &str,
    node: &Node,
    wanted: &str,
    problems: &mut SpecProblems,
) {
    let message = format!("{} takes {wanted}, not {}", quote(key), node.kind());
    let hint = match node.value {
        YamlValue::List(_) | YamlValue::Map(_) if wanted.starts_with("text") => {
            "put text that holds `: ` or brackets in quotes"
        }
        _ => "`tribunal spec new` writes a spec that shows the form",
    };
    problems.error(LintRule::WrongType, node.start, message, hint);
}

/// Says so where a text cannot be an id: it names files, branches and commit trailers.
pub(in crate::domain::spec) fn check_id(id: &str, offset: usize, problems: &mut SpecProblems) {
    if !is_id(id) {
        problems.error(
            LintRule::InvalidId,
            offset,
            format!("{} cannot be an id", quote(id)),
            "an id has 1 to 64 letters, digits, `-`, `_` or `.`, begins with a letter or digit, has no `..`, and ends \
             with neither `.` nor `.lock`",
        );
    }
}

/// Says so where what a review is to assess is announced, and nothing is there.
pub(in crate::domain::spec) fn binding(
    name: &str,
    offset: usize,
    entries: &[SpecEntry],
    problems: &mut SpecProblems,
) {
    if entries.is_empty() {
        problems.warning(
            LintRule::EmptySection,
            offset,
            format!("{} says nothing", quote(name)),
            "list what must hold below it, one line each, or take it out",
        );
    }
}

/// Whether a text can be an id.
pub(in crate::domain::spec) fn is_id(id: &str) -> bool {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    // What git forbids in the name of a branch is forbidden here.
    let git =
        !id.contains("..") && !id.ends_with('.') && !id.to_ascii_lowercase().ends_with(".lock");
    let first = id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    plain && git && first && id.len() <= 64
}

/// One of a few words, whatever its case.
fn choice<T: Copy>(
    entry: &YamlEntry,
    choices: &[(&str, T)],
    problems: &mut SpecProblems,
) -> Option<T> {
    let word = text(entry, problems)?;
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word));
    if found.is_none() {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        problems.error(
            LintRule::BadValue,
            entry.node.start,
            format!("{} is not a value of `{}`", quote(&word), entry.key),
            &format!("write one of {}", names.join(", ")),
        );
    }
    found.map(|(_, value)| *value)
}

/// A branch name that git takes and that no command takes for an option.
fn base(name: String, offset: usize, problems: &mut SpecProblems) -> Option<SpecEntry> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let ends = name.starts_with(['-', '/'])
        || name.ends_with(['/', '.'])
        || name.to_ascii_lowercase().ends_with(".lock");
    if !name.contains(odd) && !ends && !name.contains("..") && !name.contains("@{") {
        return Some(SpecEntry { text: name, at: problems.source.at(offset) });
    }
    let message = format!("{} cannot be the name of a branch", quote(&name));
    problems.error(
        LintRule::BadValue,
        offset,
        message,
        "name the branch to build on, such as `main`",
    );
    None
}

/// Globs relative to the top of the repository.
fn touches(entry: &YamlEntry, problems: &mut SpecProblems) -> Vec<String> {
    let mut touches = Vec::new();
    for (glob, node) in texts(entry, problems) {
        let outside = glob.starts_with('/') || glob.split('/').any(|part| part == "..");
        let why = if outside {
            Some("it leaves the repository".to_owned())
        } else {
            globs::check(&glob).err().map(|error| error.reason)
        };
        match why {
            None => touches.push(glob),
            Some(why) => problems.error(
                LintRule::BadValue,
                node.start,
                format!("{} is not a path pattern: {why}", quote(&glob)),
                "write paths from the top of the repository, such as `src/api/**`",
            ),
        }
    }
    touches
}

fn budget(entry: &YamlEntry, problems: &mut SpecProblems) -> RunBudget {
    let mut budget = RunBudget::default();
    let YamlValue::Map(entries) = &entry.node.value else {
        if !matches!(entry.node.value, YamlValue::Null) {
            wrong_type("budget", &entry.node, "keys such as `{usd: 8, minutes: 90}`", problems);
        }
        return budget;
    };
    for part in entries {
        match part.key.as_str() {
            "usd" => budget.usd_cents = amount(part, cents, "an amount such as `8.50`", problems),
            "minutes" => {
                budget.minutes =
                    amount(part, |t| t.parse().ok(), "a whole number of minutes", problems);
            }
            _ => unknown_key(part, &BUDGET, problems),
        }
    }
    budget
}

fn amount(
    entry: &YamlEntry,
    read: fn(&str) -> Option<u64>,
    wanted: &str,
    problems: &mut SpecProblems,
) -> Option<u64> {
    let word = text(entry, problems)?;
    let value = read(&word);
    if value.is_none() {
        let message = format!("{} is not a value of `{}`", quote(&word), entry.key);
        problems.error(LintRule::BadValue, entry.node.start, message, &format!("write {wanted}"));
    }
    value
}

/// `8`, `8.5` and `8.50` in cents.
fn cents(text: &str) -> Option<u64> {
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: u64 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part)
}
