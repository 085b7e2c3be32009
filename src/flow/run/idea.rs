//! An `idea.md`: an idea in a file, with the files beside it.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bstr::ByteSlice as _;
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

/// The other texts in a folder of the work tree, by their names; what is outside of it, or what git ignores, is not
/// for others to read.
fn beside(context: Context<'_>, folder: &Path) -> Result<Vec<BesideFile>> {
    let top = context.repo.work_tree.as_ref().and_then(|top| top.canonicalize().ok());
    let Some(top) = top.filter(|top| folder.canonicalize().is_ok_and(|it| it.starts_with(top)))
    else {
        return Ok(Vec::new());
    };
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
    let ignored = ignored(context, &top, folder, &names)?;
    names.retain(|name| !ignored.contains(name));
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

/// Those among the files of a folder that git ignores.
fn ignored(
    context: Context<'_>,
    top: &Path,
    folder: &Path,
    names: &[String],
) -> Result<Vec<String>> {
    let folder = folder.canonicalize().context("the folder is gone")?;
    let paths = names.iter().map(|name| folder.join(name));
    let below = paths.filter_map(|path| path.strip_prefix(top).ok().map(Path::to_path_buf));
    let asked = below.flat_map(|path| [path.as_os_str().as_bytes(), b"\0"].concat());
    let git = context.repo.git().args(["check-ignore", "-z", "--stdin"]);
    let output = git.stdin(asked.collect::<Vec<u8>>()).capture()?;
    // 1: none of them is.
    ensure!(matches!(output.code(), 0 | 1), "git check-ignore failed: {}", output.stderr.as_bstr());
    let name_of = |path: &[u8]| path.rsplit_str("/").next().unwrap_or_default().to_vec();
    let listed = output.stdout.split_str("\0").map(name_of);
    Ok(listed.map(|name| String::from_utf8_lossy(&name).into_owned()).collect())
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
