//! Reads files of a tree as a model is shown them.

use bstr::BStr;

use crate::domain::gates::secrets::redact;
use crate::domain::model::encoding::decode;
use crate::domain::model::fence::visible;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::review::deliver::FILE_BYTES_MAX;
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
