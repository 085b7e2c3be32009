//! A file that is not delivered, and why.

use serde::{Deserialize, Serialize};

use crate::domain::model::change::FileMode;
use crate::domain::model::text::counted;
use crate::domain::review::deliver::file::FileSide;

/// A file that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unscanned {
    /// As shown.
    pub path: String,
    pub reason: UnscannedReason,
}

/// Why a file is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnscannedReason {
    Binary,
    /// By its name, its first line or its mode it is a program, and it is no text.
    UnreadableProgram,
    Submodule,
    /// Bytes of its larger side.
    TooLarge(usize),
    /// Bytes of a line that fits into no call.
    LongLine(usize),
    /// The change needs more calls than are allowed.
    NoRoom {
        needed: usize,
        allowed: usize,
    },
    /// Its two texts have not the same lines, so that a secret could be shown.
    Unmasked,
}

/// What makes a review complete that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// More calls, larger ones, or a smaller change.
    MoreRoom,
    /// Leaving the file out by the policy.
    LeaveOut,
    /// Another answer: this one did not show that all was read.
    AskAgain,
}

impl UnscannedReason {
    /// Whether a reviewer should have read it, so that the review is not complete without it.
    pub fn is_gap(self) -> bool {
        self.remedy().is_some()
    }

    /// What would let the review be complete; `None` where it is complete without the file.
    pub fn remedy(self) -> Option<Remedy> {
        match self {
            Self::Binary | Self::Submodule => None,
            Self::NoRoom { .. } => Some(Remedy::MoreRoom),
            Self::UnreadableProgram | Self::TooLarge(_) | Self::LongLine(_) | Self::Unmasked => {
                Some(Remedy::LeaveOut)
            }
        }
    }
}

impl std::fmt::Display for UnscannedReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Binary => f.write_str("binary"),
            Self::UnreadableProgram => {
                f.write_str("a program or source by its name, first line or mode, and not text in an encoding that is known")
            }
            Self::Submodule => f.write_str("a submodule: its files are not in this repository"),
            Self::TooLarge(bytes) => write!(f, "too large to compare: {bytes} bytes"),
            Self::LongLine(bytes) => {
                write!(f, "one of its lines fits into no call: {bytes} bytes")
            }
            Self::NoRoom { needed, allowed } => {
                let needed = counted(*needed, "call");
                write!(f, "the change takes {needed}, and `review.calls` allows {allowed}")
            }
            Self::Unmasked => f.write_str("its secrets could not be masked"),
        }
    }
}

/// Ends of names of what is run, or built into what is run.
const PROGRAMS: &str = " asm awk bas bash bat c cc cfg cjs clj cljs cmake cmd conf cpp cs css csh cshtml cxx dart \
    do elm erl ex exs f f90 fish fs go gradle groovy h hbs hcl hh hpp hrl hs htm html hxx ini ipynb jade java jl js json jsp \
    jsx kt kts less lisp lua m mjs mk ml mli mm nim nix pas php phtml pl pm proto ps1 psd1 psm1 pug py pyi r rb rkt rs \
    s sass scala scm scss sed sh sol sql svelte swift tcl tf toml ts tsx txt v vb vbs vhd vue xml xsl xslt yaml yml zig zsh ";

/// Ends of names of what is data, whatever its mode.
const DATA: &str = " 7z avi bin bmp bz2 class dat db doc docx eot flac gif gz ico jar jpeg jpg mov mp3 mp4 o ogg otf \
    pdf png ppt pptx pyc rar svgz tar tgz tif tiff ttf wasm wav webm webp woff woff2 xls xlsx xz zip zst ";

/// Whether a file that is no text should be one.
pub(super) fn is_program(path: &[u8], side: &FileSide) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let end = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0);
    let end = end.map_or(&b""[..], |at| &name[at + 1..]).to_ascii_lowercase();
    let is_listed = |list: &str| {
        !end.is_empty() && list.split_whitespace().any(|known| known.as_bytes() == end.as_slice())
    };
    let makes = ["makefile", "dockerfile", "rakefile", "gemfile", "jenkinsfile"];
    side.raw.starts_with(b"#!")
        || is_listed(PROGRAMS)
        || makes.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        || (side.mode == FileMode::Executable && !is_listed(DATA))
}
