//! What a test of JavaScript imports from its project that is not there: Node's report does not say it.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::development::test_failure::NewTests;

/// `import { a } from './b'`, `import a from './b'`, `const { a } = require('./b')`.
static IMPORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:import|const|let|var)\s+(?:[\w*$\s,]*?\{([^}]*)\})?[^'";]*?(?:from\s+|require\()['"](\.\.?/[^'"]+)['"]"#,
    )
    .ok()
});

/// The ends that a name in an import leaves out.
const ENDS: [&str; 9] =
    ["", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", "/index.js", "/index.ts"];

/// A module or a name in one that the tests import from their project and that is not there.
pub fn missing_import(tests: NewTests<'_>) -> Option<String> {
    let import = IMPORT.as_ref()?;
    tests.files.iter().find_map(|file| {
        let text = (tests.read)(file)?;
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        import.captures_iter(&text).find_map(|found| {
            let wanted = found.get(1).map_or("", |names| names.as_str());
            missing_of(tests, folder, &found[2], wanted)
        })
    })
}

fn missing_of(tests: NewTests<'_>, folder: &str, module: &str, wanted: &str) -> Option<String> {
    let path = joined(folder, module)?;
    // TypeScript is imported by the name that it is compiled to.
    let sources = [path.clone(), path.trim_end_matches(".js").to_owned()];
    let ends = sources.iter().flat_map(|path| ENDS.map(|end| format!("{path}{end}")));
    let Some(text) = ends.into_iter().find_map(|path| (tests.read)(&path)) else {
        let name = path.rsplit('/').next().unwrap_or(&path);
        return Some(name.split('.').next().unwrap_or(name).to_owned());
    };
    let name =
        |one: &str| one.split_whitespace().next().map(|name| name.trim_end_matches(':').to_owned());
    let mut names =
        wanted.split(',').filter_map(name).filter(|name| name != "default" && name != "type");
    // What hands on all that others have may have any name.
    if text.contains("export *") {
        return None;
    }
    names.find(|name| !mentions(&text, name))
}

/// Whether a text takes in a name from a module of its project.
pub fn is_of_project(text: &str, name: &str) -> bool {
    let Some(import) = IMPORT.as_ref() else { return false };
    import.find_iter(text).any(|found| mentions(found.as_str(), name))
}

/// A path from a folder; `None` where it leads out of the project.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether one of these paths may be a module of Python that has this name; where none are named, or one is a
/// pattern or a folder, any may.
pub fn may_hold(paths: &[String], module: &str) -> bool {
    let is_open = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        path.contains(['*', '?', '[', '{']) || !name.contains('.')
    };
    let names = |path: &String| {
        path.split('/').any(|part| part.strip_suffix(".py").unwrap_or(part) == module)
    };
    paths.is_empty() || paths.iter().any(|path| is_open(path) || names(path))
}

/// Whether a text has a name as a word of its own.
pub fn mentions(text: &str, symbol: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(symbol).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + symbol.len()..].starts_with(is_part)
    })
}
