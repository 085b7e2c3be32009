//! Adds an entry to a list of settings in the text that a person wrote: comments and layout stay.

use toml::de::DeTable;
use toml::{Table, Value};

use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::domain::model::toml_text;

/// A list of settings: `gates.secrets.allow` is `["gates", "secrets", "allow"]`.
pub type ListKey = [&'static str; 3];

/// What came of adding an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It was there.
    Already,
    /// The new text.
    Text(String),
    /// The text is written in a way that is not understood, or is no TOML.
    NotUnderstood,
}

/// The text with one more entry in a list, and the reason as a comment behind it.
///
/// Each way to write it is tried, and the first is taken whose text says what was there and the entry,
/// and nothing else.
pub fn with_entry(text: &str, key: ListKey, entry: &str, reason: &str) -> Edited {
    let Ok(table) = toml_text::table(text) else { return Edited::NotUnderstood };
    let [top, gate, list] = key;
    let entries = table.get(top).and_then(|top| top.get(gate)).and_then(|gate| gate.get(list));
    let entries = entries.and_then(Value::as_array);
    if entries.is_some_and(|all| all.iter().any(|known| known.as_str() == Some(entry))) {
        return Edited::Already;
    }
    let Some(wanted) = added(table, key, entry) else { return Edited::NotUnderstood };
    let quoted = Value::String(entry.to_owned()).to_string();
    let reason = printable(&one_line(reason));
    let line = format!("{quoted},  # {reason}");
    let is_right = |text: &String| toml_text::table(text).is_ok_and(|table| table == wanted);
    candidates(text, key, &line)
        .into_iter()
        .find(is_right)
        .map_or(Edited::NotUnderstood, Edited::Text)
}

/// The settings with the entry; `None` where they have another form.
fn added(mut table: Table, [top, gate, list]: ListKey, entry: &str) -> Option<Table> {
    let empty = || Value::Table(Table::new());
    let Value::Table(gates) = table.entry(top).or_insert_with(empty) else { return None };
    let settings = gates.entry(gate).or_insert_with(empty);
    // A gate may be given as its level alone.
    if let Value::String(level) = settings {
        let level = Value::String(level.clone());
        *settings = Value::Table(Table::from_iter([("level".to_owned(), level)]));
    }
    let Value::Table(settings) = settings else { return None };
    let entries = settings.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(entries) = entries else { return None };
    entries.push(Value::String(entry.to_owned()));
    Some(table)
}

/// The ways to write it.
fn candidates(text: &str, [top, gate, list]: ListKey, line: &str) -> Vec<String> {
    let Ok(spans) = toml_text::parse(text) else { return Vec::new() };
    let all = spans.get_ref();
    let fresh = format!("{list} = [\n    {line}\n]");
    let mut found = Vec::new();
    let gates = all.get(top).and_then(|gates| gates.get_ref().as_table());
    if let Some(settings) = gates.and_then(|gates| gates.get(gate)) {
        let span = settings.span();
        found.extend(
            settings.get_ref().as_table().and_then(|table| in_list(text, table, list, line)),
        );
        let old = &text[span.clone()];
        if let Some(inner) = old.strip_prefix('{').and_then(|old| old.strip_suffix('}')) {
            let comma = if inner.trim().is_empty() { "" } else { "," };
            let new = format!("{{{}{comma} {fresh} }}", inner.trim_end());
            found.push(replaced(text, span, &new));
        } else {
            found.push(replaced(text, span, &format!("{{ level = {old}, {fresh} }}")));
        }
    }
    found.extend(below_heading(text, &format!("[{top}.{gate}]"), &fresh));
    found.extend(below_heading(text, &format!("[{top}]"), &format!("{gate} = {{ {fresh} }}")));
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    found.push(format!("{text}{gap}[{top}.{gate}]\n{fresh}\n"));
    found
}

/// The entry behind the last of a list that is there.
fn in_list(text: &str, table: &DeTable<'_>, list: &str, line: &str) -> Option<String> {
    let value = table.get(list)?;
    let span = value.span();
    let close = span.end.checked_sub(1).filter(|close| text[*close..].starts_with(']'))?;
    let end_one = value.get_ref().as_array()?.last().map(toml::Spanned::span);
    let start = end_one.as_ref().map_or(span.start + 1, |one| one.end);
    let rest = &text[start..close];
    let has_comma =
        rest.lines().any(|line| line.split('#').next().unwrap_or_default().contains(','));
    let comma = if end_one.is_none() || has_comma { "" } else { "," };
    let own_line =
        end_one.map(|one| text[..one.start].rfind('\n').map_or(0, |at| at + 1)..one.start);
    let own_line = own_line.map_or("", |range| &text[range]);
    // Beside others on one line it gets a line of its own.
    let indent = if own_line.trim().is_empty() && !own_line.is_empty() { own_line } else { "    " };
    let end = rest.rfind('\n').map_or("", |at| &rest[at + 1..]);
    let (head, tail) = (&text[..start], &text[close..]);
    Some(format!("{head}{comma}{}\n{indent}{line}\n{end}{tail}", rest.trim_end()))
}

fn replaced(text: &str, span: std::ops::Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..span.start], &text[span.end..])
}

/// The text with a line below the heading of a table.
fn below_heading(text: &str, heading: &str, line: &str) -> Option<String> {
    let mut at = 0;
    for of_text in text.split_inclusive('\n') {
        at += of_text.len();
        let without_comment = of_text.split('#').next().unwrap_or_default();
        if without_comment.split_whitespace().collect::<String>() == heading {
            let gap = if of_text.ends_with('\n') { "" } else { "\n" };
            return Some(format!("{}{gap}{line}\n{}", &text[..at], &text[at..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Edited, with_entry};

    const KEY: [&str; 3] = ["gates", "secrets", "allow"];

    #[test]
    fn an_entry_is_added_however_the_settings_are_written() {
        let entry = "    \"x\",  # why\n";
        for (before, after) in [
            ("", format!("[gates.secrets]\nallow = [\n{entry}]\n")),
            ("# c\na = 1", format!("# c\na = 1\n\n[gates.secrets]\nallow = [\n{entry}]\n")),
            (
                "[gates] # c\nscope = \"off\"\n[watch]\n",
                format!("[gates] # c\nsecrets = {{ allow = [\n{entry}] }}\nscope = \"off\"\n[watch]\n"),
            ),
            (
                "[gates]\nsecrets = \"warn\" # c\n",
                format!("[gates]\nsecrets = {{ level = \"warn\", allow = [\n{entry}] }} # c\n"),
            ),
            (
                "[gates]\nsecrets = { level = \"warn\" }\n",
                format!("[gates]\nsecrets = {{ level = \"warn\", allow = [\n{entry}] }}\n"),
            ),
            ("gates.secrets = {}\n", format!("gates.secrets = {{ allow = [\n{entry}] }}\n")),
            (
                "[ gates . secrets ]\nlevel = \"warn\"\n",
                format!("[ gates . secrets ]\nallow = [\n{entry}]\nlevel = \"warn\"\n"),
            ),
            (
                "[gates]\nsecrets = { allow = [\"a\"] } # c\n",
                format!("[gates]\nsecrets = {{ allow = [\"a\",\n{entry}] }} # c\n"),
            ),
            (
                "[gates.secrets]\nallow = [\n  # one\n  \"a\", # A, b\n  \"b\" # B\n]\n",
                "[gates.secrets]\nallow = [\n  # one\n  \"a\", # A, b\n  \"b\", # B\n  \"x\",  # why\n]\n"
                    .to_owned(),
            ),
            (
                "[gates.secrets]\nallow = [ ]\nlevel = \"warn\"\n",
                format!("[gates.secrets]\nallow = [\n{entry}]\nlevel = \"warn\"\n"),
            ),
        ] {
            assert_eq!(with_entry(before, KEY, "x", " why\n"), Edited::Text(after), "{before}");
        }
    }

    #[test]
    fn what_has_it_stays_and_what_is_not_understood_is_left_alone() {
        let has = "gates = { secrets = { allow = [\"x\"] } }";
        assert_eq!(with_entry(has, KEY, "x", "r"), Edited::Already);
        for text in ["a = ", "gates = 1", "[gates]\nsecrets = 1\n", "[gates.secrets]\nallow = 1\n"]
        {
            assert_eq!(with_entry(text, KEY, "x", "r"), Edited::NotUnderstood, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_entry_and_any_reason_are_one_more_string(entry in ".{0,20}", reason in "[^\\p{C}]{0,20}") {
            let before = "[gates.secrets]\nallow = [\"a\"]\n";
            if let Edited::Text(text) = with_entry(before, KEY, &entry, &reason) {
                let table: toml::Table = text.parse().unwrap();
                let listed = table["gates"]["secrets"]["allow"].as_array().unwrap();
                proptest::prop_assert_eq!(listed[1].as_str(), Some(entry.as_str()));
            } else {
                proptest::prop_assert_eq!(entry, "a");
            }
        }
    }
}
