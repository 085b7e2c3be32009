//! An `idea.md`: an idea in a file, with the files beside it.

use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::fs::FileType;

use crate::domain::model::error::hinted;
use crate::domain::model::terminal::printable;
use crate::domain::spec::read::read;
use crate::domain::specifying::idea::BesideFile;
use crate::flow::context::Context;
use crate::flow::run::wanted::WantedText;
use crate::flow::workspace::work_tree::read_named;
use crate::platform::store::folder::Folder;

/// The name of such a file, whatever its case.
const NAME: &str = "idea.md";

/// The largest idea, and the largest file beside it, in bytes.
pub const BYTES_MAX: u64 = 64 * 1024;

/// The most files that are read beside it: what is more is no context that anybody reads.
const BESIDE_MAX: usize = 8;

/// The idea in a file of that name; `None` where it is another file, or a spec by what it says.
///
/// # Errors
///
/// Where it cannot be read, says nothing, or has more beside it than is read.
pub fn of_file(context: Context<'_>, path: &Path) -> Result<Option<WantedText>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !name.eq_ignore_ascii_case(NAME) {
        return Ok(None);
    }
    let text = read_text(context, path)?;
    if read(text.as_bytes(), &name).spec.is_some_and(|spec| spec.all_criteria().next().is_some()) {
        return Ok(None);
    }
    if text.trim().is_empty() {
        return Err(hinted(
            format!("`{}` is empty", path.display()),
            "say in it what should be there once it is built",
        ));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(Some(WantedText { text, beside: beside(context, folder)?, base: None }))
}

/// The other texts in a folder, by their names.
fn beside(context: Context<'_>, folder: &Path) -> Result<Vec<BesideFile>> {
    let failed = || format!("could not read the folder `{}`", folder.display());
    let mut names = Vec::new();
    let entries = Folder::open(folder).and_then(|folder| folder.list("")).with_context(failed)?;
    for (name, kind) in entries {
        let name = name.to_string_lossy().into_owned();
        let is_text = [".md", ".markdown", ".txt"].iter().any(|end| name.ends_with(end));
        if kind == FileType::RegularFile
            && is_text
            && !name.starts_with('.')
            && !name.eq_ignore_ascii_case(NAME)
        {
            names.push(name);
        }
    }
    if names.len() > BESIDE_MAX {
        return Err(hinted(
            format!(
                "`{}` has {} texts beside its `{NAME}`, and {BESIDE_MAX} at most are read with it",
                folder.display(),
                names.len()
            ),
            "move what does not tell of it elsewhere",
        ));
    }
    let read = |name: String| {
        let text = read_text(context, &folder.join(&name))?;
        Ok(BesideFile { name: printable(&name), text })
    };
    names.into_iter().map(read).collect()
}

fn read_text(context: Context<'_>, path: &Path) -> Result<String> {
    let name = path.display();
    // One byte more shows that there is more.
    let bytes = read_named(context, path, BYTES_MAX + 1)
        .with_context(|| format!("could not read `{name}`"))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(hinted(
            format!("`{name}` has more than {BYTES_MAX} bytes"),
            "leave out what does not tell of what is wanted",
        ));
    }
    String::from_utf8(bytes)
        .map_err(|_| hinted(format!("`{name}` is no text in UTF-8"), "save it as UTF-8"))
}
