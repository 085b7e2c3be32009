//! The draft that `tribunal spec new` writes.

use crate::domain::model::terminal::is_hidden;
use crate::domain::model::text::one_line;

const TEMPLATE: &str = include_str!("template.md");

/// A draft with that id and title. It has no errors as a draft, and cannot be made `ready` before
/// its placeholders are filled in.
pub fn template(id: &str, title: &str) -> String {
    let title: String = one_line(title).chars().filter(|c| !is_hidden(*c)).collect();
    // The title last: it may hold anything, and is not looked into.
    TEMPLATE.replacen("{id}", id, 1).replacen("{title}", &title, 1)
}
