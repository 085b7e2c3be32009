//! Path patterns, compiled. In all of them `*` stops at a slash.

use std::path::{Component, Path};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a glob: {reason}")]
pub struct GlobError {
    pub pattern: String,
    pub reason: String,
}

/// Paths that patterns name, without those that patterns with a `!` take out again.
#[derive(Clone, Debug)]
pub struct Globs {
    /// `None` where no pattern names anything: every path is meant.
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Globs {
    /// Compiles patterns, of which those with a `!` take paths out again.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, GlobError> {
        Self::compile(patterns, false)
    }

    /// As [`Globs::new`], for file systems that ignore the case of letters.
    pub fn ignoring_case<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, GlobError> {
        Self::compile(patterns, true)
    }

    fn compile<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
        ignore_case: bool,
    ) -> Result<Self, GlobError> {
        let (mut include, mut exclude) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match pattern.strip_prefix('!') {
                Some(excluded) => exclude.push(glob(pattern, excluded, ignore_case)?),
                None => include.push(glob(pattern, pattern, ignore_case)?),
            }
        }
        let include = if include.is_empty() { None } else { Some(built(include)?) };
        Ok(Self { include, exclude: built(exclude)? })
    }

    pub fn matches(&self, path: impl AsRef<Path>) -> bool {
        let path = path.as_ref();
        self.include.as_ref().is_none_or(|set| set.is_match(path)) && !self.exclude.is_match(path)
    }

    /// Whether a pattern names the path: it is not only left over where all but others is meant.
    pub fn names(&self, path: impl AsRef<Path>) -> bool {
        self.include.is_some() && self.matches(path)
    }

    /// Whether a pattern takes the path out.
    pub fn takes_out(&self, path: impl AsRef<Path>) -> bool {
        self.exclude.is_match(path)
    }
}

/// Compiles patterns in which `!` means itself; no pattern matches nothing.
pub fn union<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet, GlobError> {
    let globs: Result<Vec<Glob>, GlobError> =
        patterns.into_iter().map(|pattern| glob(pattern, pattern, false)).collect();
    built(globs?)
}

/// The pattern that means one path alone.
pub fn literal(path: &str) -> String {
    globset::escape(path)
}

/// As [`union`], where a pattern that cannot be used matches the plain text that it is.
pub fn union_or_plain<'a>(patterns: impl IntoIterator<Item = &'a str>) -> GlobSet {
    let plain = |text: &str| GlobBuilder::new(&globset::escape(text)).build();
    let globs = patterns
        .into_iter()
        .filter_map(|text| glob(text, text, false).ok().or_else(|| plain(text).ok()));
    built(globs.collect()).unwrap_or_default()
}

/// The most braces of one pattern: they stand in one another in what it is compiled to.
const BRACES_MAX: usize = 32;

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 2_000;

/// Says what is wrong with a pattern. One that passes can be compiled, alone and with others.
pub fn check(pattern: &str) -> Result<(), GlobError> {
    let wrong =
        |reason: &str| Err(GlobError { pattern: pattern.to_owned(), reason: reason.to_owned() });
    if pattern.len() > PATTERN_BYTES_MAX {
        return wrong("it is too long");
    }
    if pattern.matches('{').count() > BRACES_MAX {
        return wrong("it has too many braces");
    }
    glob(pattern, pattern, false).map(drop)
}

/// As [`check`], for a pattern that leads downward from the top of a work tree; gives it without what
/// says nothing, and with its mark where it takes away.
pub fn check_below_top(given: &str) -> Result<(&str, &str), String> {
    let (mark, pattern) = given.strip_prefix('!').map_or(("", given), |rest| ("!", rest));
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if pattern.is_empty() || !Path::new(pattern).components().all(is_plain) {
        return Err("it must lead downward from the top of the work tree".to_owned());
    }
    check(pattern).map_err(|error| error.reason)?;
    Ok((mark, pattern))
}

fn glob(given: &str, pattern: &str, ignore_case: bool) -> Result<Glob, GlobError> {
    let built =
        GlobBuilder::new(pattern).literal_separator(true).case_insensitive(ignore_case).build();
    built.map_err(|error| GlobError { pattern: given.to_owned(), reason: error.kind().to_string() })
}

fn built(globs: Vec<Glob>) -> Result<GlobSet, GlobError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(glob);
    }
    set.build().map_err(|error| GlobError {
        pattern: error.glob().unwrap_or_default().to_owned(),
        reason: error.kind().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_with_an_exclamation_mark_takes_paths_out_again() {
        let globs = Globs::new(["src/**", "!src/old/**"]).unwrap();
        assert!(globs.matches("src/a/b.rs"));
        assert!(!globs.matches("src/old/b.rs"));
        assert!(!globs.matches("tests/a.rs"));
        let rest = Globs::new(["!src/**"]).unwrap();
        assert!(rest.matches("tests/a.rs") && !rest.names("tests/a.rs"), "everything else");
        assert!(globs.names("src/a/b.rs") && globs.takes_out("src/old/b.rs"));
        assert!(Globs::new([]).unwrap().matches("anything"));
        assert!(!union([]).unwrap().is_match("anything"));
        assert!(union(["!a"]).unwrap().is_match("!a"), "a plain character");
    }

    #[test]
    fn a_star_stops_at_a_slash() {
        assert!(Globs::new(["src/*.rs"]).unwrap().matches("src/a.rs"));
        assert!(!Globs::new(["src/*.rs"]).unwrap().matches("src/a/b.rs"));
        assert!(!union(["*"]).unwrap().is_match("a/b"));
    }

    #[test]
    fn an_error_names_the_pattern_as_it_was_given() {
        let error = Globs::new(["ok", "!src/["]).unwrap_err();
        assert!(error.to_string().starts_with("`!src/[` is not a glob: "), "{error}");
        assert!(check("src/[").is_err());
        assert!(union_or_plain(["a["]).is_match("a["));
    }
}
