//! Reads files of a tree as a model is shown them.

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::FileChangeKind;
use crate::domain::model::encoding::decode;
use crate::domain::model::fence::{visible, visible_path};
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::review::deliver::FILE_BYTES_MAX;
use crate::domain::review::fix_limits::RepairedFile;
use crate::platform::git::diff;
use crate::platform::git::object::Objects;

/// The content of a file; `None` where it is not here, or larger than what is compared.
pub fn whole(objects: &Objects, tree: &Oid, path: &BStr) -> Option<Vec<u8>> {
    match objects.file_up_to(tree, path, FILE_BYTES_MAX as u64) {
        Ok(Some(Content::Whole(content))) => Some(content),
        _ => None,
    }
}

/// The text of a file, without secrets; `None` where it does not exist, is no text, or is larger than
/// what is compared.
pub fn of_file(objects: &Objects, tree: &Oid, path: &BStr) -> Option<String> {
    let content = whole(objects, tree, path)?;
    Some(visible(&redact::mask_lines(&decode(&content)?.utf8, path)))
}

/// A path as people and models are shown it, without secrets.
pub fn shown_path(path: &BString) -> String {
    visible_path(&redact::mask_path(path))
}

/// What an agent touched between two trees: each file with its text on both sides.
pub fn touched(objects: &Objects, before: &Oid, after: &Oid) -> Result<Vec<RepairedFile>> {
    let text = |tree: &Oid, path: &BStr| {
        let content = whole(objects, tree, path)?;
        decode(&content).map(|text| String::from_utf8_lossy(&text.utf8).into_owned())
    };
    let files = diff::trees(objects, Some(before), Some(after))?.into_iter().map(|file| {
        let from = match &file.kind {
            FileChangeKind::Renamed { from } => from.clone(),
            _ => file.path.clone(),
        };
        RepairedFile {
            path: shown_path(&file.path),
            old: text(before, from.as_bstr()),
            new: text(after, file.path.as_bstr()),
            is_deleted: file.new.is_none(),
        }
    });
    Ok(files.collect())
}
