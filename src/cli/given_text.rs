//! A text that a person gives by a file or on standard input: the report of a bug, what they want built.

use std::io::{Read as _, stdin};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::domain::model::error::hinted;
use crate::flow::context::Context;
use crate::flow::workspace::work_tree::read_named;

/// The largest, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// What a text is, for messages: `report`, and what can be left out of one that is too large.
#[derive(Clone, Copy)]
pub(super) struct TextKind {
    pub name: &'static str,
    pub shorter: &'static str,
}

impl TextKind {
    /// Refuses one that was typed and is larger than what is read.
    pub fn refuse_long(self, text: &str) -> Result<()> {
        if text.len() as u64 <= BYTES_MAX {
            return Ok(());
        }
        let message = format!("the {} has more than {BYTES_MAX} bytes", self.name);
        Err(hinted(message, self.shorter))
    }

    /// Reads it from a file; `-` is standard input.
    pub fn read(self, context: Context<'_>, path: &Path) -> Result<String> {
        let Self { name: kind, shorter } = self;
        let is_stdin = path == Path::new("-");
        let name =
            if is_stdin { "standard input".to_owned() } else { format!("`{}`", path.display()) };
        let failed = || format!("could not read the {kind} from {name}");
        // One byte more shows that there is more.
        let most = BYTES_MAX + 1;
        let bytes = if is_stdin {
            let mut bytes = Vec::new();
            stdin().lock().take(most).read_to_end(&mut bytes).with_context(failed)?;
            bytes
        } else {
            read_named(context, path, most).with_context(failed)?
        };
        if bytes.len() as u64 > BYTES_MAX {
            return Err(hinted(
                format!("the {kind} in {name} has more than {BYTES_MAX} bytes"),
                shorter,
            ));
        }
        String::from_utf8(bytes).map_err(|_| {
            hinted(format!("the {kind} in {name} is no text in UTF-8"), "save it as UTF-8")
        })
    }
}
