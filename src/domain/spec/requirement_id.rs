//! The ids that authors give criteria and constraints: `AC-1`, `FR-002`, `C-1`.

/// Splits `AC-1 text`, `AC-1: text` and `**AC-1** text` into id and text.
pub(in crate::domain::spec) fn split_id(text: &str) -> Option<(&str, &str)> {
    let bare = text.trim_start_matches(['*', '_', '`', '[']);
    let end = bare.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
    let id = bare[..end.unwrap_or(bare.len())].trim_end_matches(['.', '-']);
    let rest = bare[id.len()..].trim_start_matches(['*', '_', '`', ']', ':', '.', ')']);
    let apart = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (is_criterion_id(id) && apart).then(|| (id, rest.trim_start_matches([' ', ':', '-', '–', '—'])))
}

/// Capitals, a hyphen where wanted, and a number: `AC-1`, `AC1`, `FR-002`.
pub(in crate::domain::spec) fn is_criterion_id(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = text.len() - rest.len();
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    // `HTTP2`, `UTF-8` and `SHA-256` begin sentences; an id without hyphen has two letters.
    let short = letters == 2 || (letters <= 4 && rest.len() > digits.len());
    let named = !matches!(text, "UTF-8" | "UTF-16" | "UTF-32" | "SHA-1" | "SHA-256" | "SHA-512");
    let number = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    short && named && number
}
