//! The spec that a person names, by the path of its file or by its id.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::domain::model::error::hinted;
use crate::domain::model::id_part::IdKind;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::spec::belongs::SpecGround;
use crate::domain::spec::identity::is_id;
use crate::domain::spec::read::{BYTES_MAX, read};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::intake::spec_listing::{SpecGlobs, list};
use crate::flow::review::belonging::copy_of;
use crate::flow::workspace::work_tree::read_named;

/// Reads the file of a spec that a person named as it is now, redacted: by its path, or by the id of a spec of
/// the work tree.
pub fn copy_spec(context: Context<'_>, path: &Path) -> Result<SpecCopy> {
    let by_id = file_of_id(context, path)?;
    let path = by_id.as_deref().unwrap_or(path);
    if fs::metadata(context.env.current_dir.join(path)).is_ok_and(|data| data.is_dir()) {
        let typed = path.strip_prefix(&context.env.current_dir).unwrap_or(path);
        return Err(hinted(
            format!("`{}` is a folder, and not the file of a spec", typed.display()),
            "`tribunal spec list` lists the specs; name one by its file or its id",
        ));
    }
    // One byte more shows that there is more.
    let bytes = read_named(context, path, BYTES_MAX as u64 + 1)
        .with_context(|| format!("could not read the spec `{}`", path.display()))?;
    if bytes.len() > BYTES_MAX {
        return Err(hinted(
            format!("the spec `{}` has more than {BYTES_MAX} bytes", path.display()),
            format!("a spec has {BYTES_MAX} at most: make it several, or shorten it"),
        ));
    }
    Ok(copy_of(path, &bytes, SpecGround::Named))
}

/// The file of the spec that has this id, where the word is the name of no file.
fn file_of_id(context: Context<'_>, path: &Path) -> Result<Option<PathBuf>> {
    let word = path.strip_prefix(&context.env.current_dir).unwrap_or(path);
    let (Some(id), Some(top)) = (word.to_str(), context.repo.work_tree.as_deref()) else {
        return Ok(None);
    };
    let is_file = match read_named(context, path, 1) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::NotFound,
    };
    if is_file || !is_id(id) {
        return Ok(None);
    }
    let policy = policy::work_tree_settings(context)?.policy;
    let Ok(globs) = SpecGlobs::new(&policy.watch.specs) else { return Ok(None) };
    let mut specs: Vec<(String, PathBuf)> = Vec::new();
    for file in list(top, &globs).files.into_keys().map(|file| top.join(file)) {
        let Ok(bytes) = read_named(context, &file, BYTES_MAX as u64) else { continue };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        specs.extend(read(&bytes, &name).spec.map(|spec| (spec.id, file.clone())));
    }
    let ids: Vec<&str> = specs.iter().map(|(id, _)| id.as_str()).collect();
    let kind = IdKind {
        what: "spec",
        place: ", nor a file of that name",
        lists: "`tribunal spec list` lists the specs; or give the path of a file",
        part_min: 1,
    };
    let known = kind.named(id, &ids)?;
    Ok(specs.iter().find(|(id, _)| id == known).map(|(_, file)| file.clone()))
}
