//! The words of a command line, with what they name filled in. No shell sees them. Pure.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What can be named.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    pub model: Option<&'a str>,
    pub effort: Option<&'a str>,
    pub answer: &'a Path,
    pub schema: &'a Path,
    pub dir: &'a Path,
}

/// Whether the words name the answer file.
pub fn use_answer(templates: &[String]) -> bool {
    templates.iter().any(|word| word.contains("{answer}"))
}

/// Fills the words in, in one pass: what is filled in is not looked at again. An error names what is
/// asked for and not set.
pub fn fill(templates: &[String], values: &Values<'_>) -> Result<Vec<OsString>, String> {
    templates.iter().map(|template| word(template, values)).collect()
}

fn word(template: &str, values: &Values<'_>) -> Result<OsString, String> {
    let mut word = OsString::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        word.push(&rest[..at]);
        rest = &rest[at..];
        if let Some((name, value)) = value(rest, values)? {
            word.push(value);
            rest = &rest[name.len()..];
        } else {
            // A brace of the program's own.
            word.push("{");
            rest = &rest[1..];
        }
    }
    word.push(rest);
    Ok(word)
}

/// The name at the start of the text, with its value.
fn value<'a>(text: &str, values: &Values<'a>) -> Result<Option<(&'static str, &'a OsStr)>, String> {
    let set = |name: &'static str, what: &str, value: Option<&'a str>| {
        let value =
            value.ok_or_else(|| format!("names `{name}`, and no {what} is set for this role"))?;
        Ok(Some((name, OsStr::new(value))))
    };
    if text.starts_with("{model}") {
        return set("{model}", "model", values.model);
    }
    if text.starts_with("{effort}") {
        return set("{effort}", "effort", values.effort);
    }
    let paths = [("{answer}", values.answer), ("{schema}", values.schema), ("{dir}", values.dir)];
    Ok(paths
        .into_iter()
        .find(|(name, _)| text.starts_with(name))
        .map(|(name, path)| (name, path.as_os_str())))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Values, fill};

    #[test]
    fn words_are_filled_in_once() {
        let values = Values {
            model: Some("{dir}"),
            effort: None,
            answer: Path::new("/f/a b"),
            schema: Path::new("/f/s"),
            dir: Path::new("/d"),
        };
        let filled = |word: &str| {
            let words = fill(&[word.to_owned()], &values)?;
            Ok(words[0].to_str().unwrap().to_owned())
        };
        for (word, expected) in [
            ("plain", "plain"),
            ("{model}", "{dir}"),
            ("--out={answer}", "--out=/f/a b"),
            ("{schema}{dir}", "/f/s/d"),
            ("{\"a\": {}}", "{\"a\": {}}"),
            ("{unknown} {{dir}}", "{unknown} {/d}"),
            ("{", "{"),
        ] {
            assert_eq!(filled(word), Ok(expected.to_owned()), "{word}");
        }
        let missing: Result<String, String> = filled("--effort={effort}");
        assert!(missing.unwrap_err().contains("no effort is set"));
    }
}
