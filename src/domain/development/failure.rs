//! Why a test failed, or why nothing ran, read from what test runners and compilers print.
//!
//! The forms are those of rustc 1.95, Python 3.11 with pytest 8, Go 1.22 and Node 20 with jest 29, as they were seen.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::development::failure_kind::{FailureKind, OutputFailure};
use crate::domain::development::typescript;

/// The texts by which the kinds are told from each other.
struct Forms {
    missing: Vec<Regex>,
    module: Regex,
    bare: Regex,
    dependency: Regex,
    compile: Regex,
    infrastructure: Regex,
    rust_error: Regex,
    rust_place: Regex,
    line_error: Regex,
}

/// Each with the symbol as its first group.
const MISSING: [&str; 19] = [
    // rustc
    r"unresolved imports? `(?:[\w:]*::)?(\w+)`",
    r"(?:could not|cannot) find `(\w+)` in",
    r"use of (?:undeclared|unresolved) (?:type|module|crate|module or unlinked crate) `(\w+)`",
    r"cannot find (?:module or crate|function|type|value|struct, variant or union type|tuple struct or tuple variant|macro|trait|attribute macro|derive macro|unit struct, unit variant or constant|associated function or constant|method)[\w ,]* `(\w+)`",
    r"no (?:method|function|function or associated item|variant|variant or associated item|associated item|associated function or constant|variant, associated function, or constant)[\w ,]* named `(\w+)`",
    r"no field `(\w+)` on type",
    r"has no field named `(\w+)`",
    // Python
    r"cannot import name '(\w+)'",
    r"No module named '(?:[\w.]*\.)?(\w+)'",
    r"has no attribute '(\w+)'",
    r"name '(\w+)' is not defined",
    r"got an unexpected keyword argument '(\w+)'",
    r"(\w+)(?:\.__init__)?\(\) (?:takes (?:\d+|no|from|exactly)|missing \d+ required)",
    // Go
    r"undefined: (?:\w+\.)?(\w+)",
    r"has no field or method (\w+)",
    // JavaScript
    r"Cannot find module '[^']*?([\w-]+)(?:\.\w+)?'|has no exported member '?(\w+)'?|(\w+)\)? is not (?:a function|a constructor|defined)|does not provide an export named '(\w+)'",
    r"Property '(\w+)' does not exist on type",
    // Ruby
    r"uninitialized constant (?:\w+::)*(\w+)",
    r"undefined (?:local variable or )?method [`'](\w+[?!]?)'",
];

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    let regex = |text: &str| Regex::new(text).ok();
    Some(Forms {
        missing: MISSING.iter().map(|form| regex(form)).collect::<Option<Vec<_>>>()?,
        // Python says no more of a package that is not installed.
        module: regex(r"No module named '(\w+)'")?,
        // A name alone, which a test must get from somewhere.
        bare: regex(
            r"undefined: \w+(?: |$)|name '\w+' is not defined|\w+ is not defined$|`\w+` in this scope|unlinked crate `\w+`|undeclared type `\w+`",
        )?,
        // A module that is in no folder of the project.
        dependency: regex(
            r"Cannot find (?:module|package) '([\w][\w-]*(?:/[\w.-]+)*|@[\w-]+/[\w./-]+)'|unresolved import `(\w+)`",
        )?,
        compile: regex(
            r"(?i)syntax ?error|indentationerror|unexpected token|expected one of|parse error|could not be parsed|unterminated",
        )?,
        infrastructure: regex(
            r"(?i)getaddrinfo|name or service not known|temporary failure in name resolution|connection refused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|network is unreachable|no such host|ENOSPC|no space left|out of memory|command not found|timed? ?out|operation not permitted|EPERM|failed to (?:fetch|download|resolve)",
        )?,
        rust_error: regex(r"^error(?:\[(E\d{4})\])?: (.*)$")?,
        rust_place: regex(r"^\s*--> ([^:]+):\d+:\d+")?,
        line_error: regex(
            r"^(?:E\s+)?(?:\S*?([\w./-]+\.(?:go|ts|tsx|js|py))[:(]\d+(?:[:,]\d+)?\)?:? (?:- )?(?:error )?(?:TS\d+: )?)?(.*)$",
        )?,
    })
});

/// What the first line that a test said names as wrong; `None` where it is in no known form.
pub fn named(said: &str) -> Option<FailureKind> {
    let forms = FORMS.as_ref()?;
    if let Some(kind) = forms.missing(said) {
        return Some(kind);
    }
    if forms.compile.is_match(said) {
        return Some(FailureKind::Compile(said.to_owned()));
    }
    let is_assertion = ["assert", "expect"];
    let says = |word: &&str| said.to_lowercase().contains(*word);
    if forms.infrastructure.is_match(said) && !is_assertion.iter().any(says) {
        return Some(FailureKind::Infrastructure(said.to_owned()));
    }
    None
}

/// What stands in the way of every test, from what a command printed: each failure that it names. Empty
/// where none is said in a known form.
pub fn of_output(printed: &str) -> Vec<OutputFailure> {
    let Some(forms) = FORMS.as_ref() else { return Vec::new() };
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let rust = forms.of_rust(&lines);
    if !rust.is_empty() {
        return rust;
    }
    let typescript = typescript::failures(printed);
    if !typescript.is_empty() {
        return typescript;
    }
    let mut found = Vec::new();
    for line in &lines {
        let Some(parts) = forms.line_error.captures(line) else { continue };
        let place = parts.get(1).map(|place| place.as_str().trim_start_matches("./").to_owned());
        let said = parts.get(2).map_or("", |said| said.as_str()).trim();
        let kind = match forms.missing(said) {
            Some(kind) => kind,
            None if forms.compile.is_match(said) => FailureKind::Compile(said.to_owned()),
            None if forms.infrastructure.is_match(said) => {
                FailureKind::Infrastructure(said.to_owned())
            }
            // A line of a compiler that says something else stops the tests as well.
            None if place.is_some() && is_compiler_line(line) => {
                FailureKind::Compile(said.to_owned())
            }
            None => continue,
        };
        let failure = OutputFailure { kind, place };
        if !found.contains(&failure) {
            found.push(failure);
        }
    }
    found
}

/// `./size_test.go:8:9: message`: not a line of a stack trace.
fn is_compiler_line(line: &str) -> bool {
    let line = line.trim_start();
    line.contains(".go:") && !line.starts_with("at ") && !line.contains("_test.go: ")
}

impl Forms {
    fn missing(&self, said: &str) -> Option<FailureKind> {
        let first = |found: regex::Captures<'_>| {
            Some(found.iter().skip(1).flatten().next()?.as_str().to_owned())
        };
        if let Some(module) = self.dependency.captures(said).and_then(first) {
            return Some(FailureKind::Infrastructure(format!("the module `{module}`")));
        }
        if let Some(module) = self.module.captures(said).and_then(first) {
            return Some(FailureKind::MissingModule(module));
        }
        let symbol = self.missing.iter().find_map(|form| form.captures(said)).and_then(first)?;
        Some(if self.bare.is_match(said) {
            FailureKind::UnknownName(symbol)
        } else {
            FailureKind::MissingSymbol(symbol)
        })
    }

    /// What rustc says, each error with its first place.
    fn of_rust(&self, lines: &[&str]) -> Vec<OutputFailure> {
        let mut found = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let Some(error) = self.rust_error.captures(line) else { continue };
            let said = error.get(2).map_or("", |said| said.as_str());
            let is_sum = ["could not compile", "aborting due to", "test failed", "build failed"];
            if error.get(1).is_none() && is_sum.iter().any(|sum| said.starts_with(sum)) {
                continue;
            }
            let following = lines[at + 1..].iter().take_while(|line| !line.starts_with("error"));
            let place = following.into_iter().find_map(|line| self.rust_place.captures(line));
            let place = place.and_then(|place| Some(place.get(1)?.as_str().to_owned()));
            let kind = match self.missing(said).filter(|_| error.get(1).is_some()) {
                Some(kind) => kind,
                None if self.infrastructure.is_match(said) => {
                    FailureKind::Infrastructure(said.to_owned())
                }
                None => FailureKind::Compile(said.to_owned()),
            };
            let failure = OutputFailure { kind, place };
            if !found.contains(&failure) {
                found.push(failure);
            }
        }
        found
    }
}
