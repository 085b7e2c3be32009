//! Waivers in the code: `tribunal:allow R-7f3a <reason>`, `tribunal:allow conflict-markers <reason>`.

const MARK: &str = "tribunal:allow";

/// A waiver, and whether it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiver {
    /// It counts.
    Reason(String),
    /// It does not count: without a reason it cannot be checked later.
    WithoutReason,
}

/// The waiver of a rule or a gate for a line: on that line, or alone on the one before.
pub fn find(before: Option<&str>, own: &str, id: &str) -> Option<Waiver> {
    // Beside code, it speaks of that code.
    let alone = |line: &&str| {
        let marks = line.split(MARK).next().unwrap_or_default();
        !marks.contains(char::is_alphanumeric)
    };
    read(own, id).or_else(|| before.filter(alone).and_then(|before| read(before, id)))
}

fn read(line: &str, id: &str) -> Option<Waiver> {
    line.match_indices(MARK).find_map(|(at, _)| {
        let mut words = line[at + MARK.len()..].split_whitespace();
        let named = words.next()?.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if named != id {
            return None;
        }
        let reason = words.collect::<Vec<_>>().join(" ");
        let ends = ["*/", "-->", "#}", "%>"];
        let reason =
            ends.iter().fold(reason.as_str(), |left, end| left.trim_end_matches(end)).trim();
        let says = reason.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
        Some(if says { Waiver::Reason(reason.to_owned()) } else { Waiver::WithoutReason })
    })
}
