//! Other folders of objects, as git names them in a variable and in a file.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The variable that names folders of objects beside the repository's own.
pub const VARIABLE: &str = "GIT_ALTERNATE_OBJECT_DIRECTORIES";

/// A folder as the variable names it: in quotes, since a colon would end it.
pub fn quoted(folder: &Path) -> OsString {
    let mut text = vec![b'"'];
    for byte in folder.as_os_str().as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'"');
    OsString::from_vec(text)
}

/// The folders that the variable names.
pub fn named(variable: &OsStr) -> Vec<PathBuf> {
    let (mut rest, mut folders) = (variable.as_bytes(), Vec::new());
    while !rest.is_empty() {
        let (folder, after) = unquoted(rest).unwrap_or_else(|| {
            let end = rest.iter().position(|byte| *byte == b':').unwrap_or(rest.len());
            (rest[..end].to_vec(), &rest[end..])
        });
        if !folder.is_empty() && !rest.starts_with(b"#") {
            folders.push(PathBuf::from(OsString::from_vec(folder)));
        }
        rest = after.strip_prefix(b":").unwrap_or(after);
    }
    folders
}

/// What is in quotes at the beginning, and what follows; `None` where the quotes do not end.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut plain = Vec::new();
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        if *byte == b'"' {
            return Some((plain, rest));
        }
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let (escaped, after) = rest.split_first()?;
        rest = after;
        plain.push(match escaped {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'0'..=b'3' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digits = [*escaped, digits[0], digits[1]];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
            }
            other => *other,
        });
    }
}

/// Makes a folder of objects that names others, whose objects are read as its own. In a file every path
/// can be named that has no line break.
pub fn make_folder(folder: &Path, others: &[PathBuf]) -> io::Result<()> {
    fs::create_dir_all(folder.join("info"))?;
    let mut alternates = File::create(folder.join("info/alternates"))?;
    for other in others {
        let other = fs::canonicalize(other).unwrap_or_else(|_| other.clone());
        alternates.write_all(other.as_os_str().as_encoded_bytes())?;
        alternates.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStringExt as _;
    use std::path::PathBuf;

    use super::{named, quoted};

    #[test]
    fn folders_are_named_as_git_reads_them() {
        for (variable, folders) in [
            ("", &[][..]),
            ("/a", &["/a"]),
            ("/a:/b c", &["/a", "/b c"]),
            ("::/a:", &["/a"]),
            ("#/a:/b", &["/b"]),
            (r#""/a:b":/c"#, &["/a:b", "/c"]),
            (r#""/a\"b\\c""#, &[r#"/a"b\c"#]),
            (r#""/\303\244\t":/c"#, &["/ä\t", "/c"]),
            // No quotes where they do not end.
            (r#""/a:/b"#, &["\"/a", "/b"]),
        ] {
            let expected: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
            assert_eq!(named(OsStr::new(variable)), expected, "{variable}");
        }
        for bytes in [&b"/a b"[..], b"/a:b", b"/\"q\"\\", b"/s\xffm", b"/line\nbreak", b"#a"] {
            let folder = PathBuf::from(OsString::from_vec(bytes.to_vec()));
            let mut both = quoted(&folder);
            both.push(":/b");
            assert_eq!(named(&both), [folder, PathBuf::from("/b")]);
        }
    }
}
