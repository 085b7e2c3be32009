//! The known words that a mistyped one may have meant.

use strsim::normalized_damerau_levenshtein;

/// Two slips in a word of five letters still count as near.
const NEAR: f64 = 0.6;

/// Words this much less alike than the nearest are not named beside it.
const AS_NEAR: f64 = 0.1;

/// The most words that are named.
const NAMED_MAX: usize = 3;

/// Longer words are like none; comparing them takes time and memory for each of their characters.
const BYTES_MAX: usize = 100;

/// Asks whether one of these was meant: ``did you mean `a` or `b`?``; `None` where none is near.
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    did_you_mean_below("", word, known)
}

/// As [`did_you_mean`] for words that all stand below one prefix: they are compared without it and named
/// with it.
pub fn did_you_mean_below<'k>(
    prefix: &str,
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    let names: Vec<String> =
        nearest(word, known).into_iter().map(|name| format!("`{prefix}{name}`")).collect();
    let (last, others) = names.split_last()?;
    let others = if others.is_empty() { String::new() } else { others.join(", ") + " or " };
    Some(format!("did you mean {others}{last}?"))
}

/// As [`did_you_mean`], before a hint that holds in any case.
pub fn did_you_mean_or<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
    hint: &str,
) -> String {
    match did_you_mean(word, known) {
        Some(question) => format!("{question} {hint}"),
        None => hint.to_owned(),
    }
}

/// The known words that are nearest to a mistyped one, the nearest first; none where none is near, or
/// more than a few are equally near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    if word.is_empty() || word.len() > BYTES_MAX {
        return Vec::new();
    }
    let word = plain(word);
    let alike = known.into_iter().filter(|name| name.len() <= BYTES_MAX);
    let mut near: Vec<(f64, &str)> = alike
        .map(|name| (likeness(&word, &plain(name)), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let Some((best, _)) = near.first().copied() else { return Vec::new() };
    // Who calls may know a word from two places.
    near.dedup_by(|a, b| a == b);
    let is_best = |likeness: f64| likeness + f64::EPSILON >= best;
    if near.iter().filter(|(likeness, _)| is_best(*likeness)).count() > NAMED_MAX {
        return Vec::new();
    }
    near.retain(|(likeness, _)| *likeness + AS_NEAR > best);
    // `gates.scope.files` says nothing beside `gates.scope`, nor `origin/main` beside `main`.
    let all = near.clone();
    near.retain(|(_, name)| {
        let is_part = |other: &str| name.starts_with(other) || name.ends_with(other);
        !all.iter().any(|(_, other)| other != name && is_part(other))
    });
    near.into_iter().take(NAMED_MAX).map(|(_, name)| name).collect()
}

/// Without what people do not tell apart when they type.
fn plain(word: &str) -> String {
    word.to_lowercase().replace(['-', ' '], "_")
}

/// How much two words are alike, from 0 to 1. What is written without its first parts, as `scope` is
/// of `gates.scope`, is near as well, and so is what is cut off.
fn likeness(word: &str, name: &str) -> f64 {
    /// No slip in a name's last parts is as near as no slip in all of it.
    const OF_END: f64 = 0.9;
    /// As much of a name's beginning is more than chance.
    const BEGINNING_MIN: usize = 3;
    let whole = normalized_damerau_levenshtein(word, name);
    let ends = name.match_indices(['.', '/']).map(|(at, mark)| &name[at + mark.len()..]);
    let of_ends = ends.map(|end| normalized_damerau_levenshtein(word, end) * OF_END);
    let is_cut_off = word.len() >= BEGINNING_MIN && name.starts_with(word);
    of_ends.chain(is_cut_off.then_some(OF_END)).fold(whole, f64::max)
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, did_you_mean_below, did_you_mean_or, nearest};

    const KEYS: [&str; 7] = [
        "gates",
        "gates.scope",
        "gates.scope.level",
        "gates.scope.lines",
        "gates.secrets.allow",
        "protect.branches",
        "watch.specs",
    ];

    #[test]
    fn what_was_meant_is_named() {
        let cases: [(&str, &[&str]); 13] = [
            ("scope", &["gates.scope"]),
            ("SCOPE", &["gates.scope"]),
            ("scop", &["gates.scope"]),
            ("gates.scop", &["gates.scope"]),
            ("secrets.allow", &["gates.secrets.allow"]),
            ("gates.scpe.level", &["gates.scope.level"]),
            ("gats", &["gates"]),
            ("protect", &["protect.branches"]),
            ("branches", &["protect.branches"]),
            ("watch.specz", &["watch.specs"]),
            ("specz", &["watch.specs"]),
            ("unrelated", &[]),
            ("", &[]),
        ];
        for (word, meant) in cases {
            assert_eq!(nearest(word, KEYS), meant, "{word}");
        }
        assert_eq!(nearest(&"scope".repeat(40), KEYS), [""; 0]);
        assert_eq!(nearest("pre_comit", ["pre-commit", "pre-push"]), ["pre-commit"]);
    }

    #[test]
    fn words_that_are_as_near_are_named_together() {
        let known = ["lint", "link", "line", "hint", "test"];
        let near = |word: &str| did_you_mean(word, known);
        assert_eq!(near("lins").unwrap(), "did you mean `line`, `link` or `lint`?");
        assert_eq!(near("tset").unwrap(), "did you mean `test`?");
        assert_eq!(near("x"), None);
        assert_eq!(nearest("level", ["a.level", "b.level", "c.level", "d.level"]), [""; 0]);
        let two = did_you_mean("pre-comit", ["pre-comet", "pre-commit", "pre-push"]);
        assert_eq!(two.unwrap(), "did you mean `pre-commit` or `pre-comet`?");
        let below = did_you_mean_below("commands.", "tes", ["tests", "lint"]);
        assert_eq!(below.unwrap(), "did you mean `commands.tests`?");
        assert_eq!(did_you_mean_below("commands.", "x", ["tests"]), None);
        let or = |word: &str| did_you_mean_or(word, ["test"], "`list` shows all");
        assert_eq!(or("tset"), "did you mean `test`? `list` shows all");
        assert_eq!(or("x"), "`list` shows all");
    }
}
