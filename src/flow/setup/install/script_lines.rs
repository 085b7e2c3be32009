//! The lines by which a script of a shared hooks folder calls tribunal: put in, found and taken out again.

use bstr::{BString, ByteSlice as _};

/// The first line of them all.
const HEAD: &str = "# tribunal, where it is installed; elsewhere these lines do nothing (`tribunal hooks uninstall` removes them)";

/// The first line of a script that is made for them alone.
const SHEBANG: &str = "#!/bin/sh\n";

/// The lines for a hook. They come first in a script, because behind them its own exit status must stay
/// what it was; what git writes to `pre-push` is handed on to the rest of the script.
pub fn lines(event: &str) -> String {
    let call = if event == "pre-push" {
        "    tribunal_refs=$(cat)\n\
         \x20   printf '%s\\n' \"$tribunal_refs\" | tribunal hook pre-push \"$@\" || exit $?\n\
         \x20   [ -z \"$tribunal_refs\" ] || exec <<TRIBUNAL\n\
         $tribunal_refs\n\
         TRIBUNAL\n"
            .to_owned()
    } else {
        format!("    tribunal hook {event} \"$@\" || exit $?\n")
    };
    format!("{HEAD}\nif command -v tribunal >/dev/null 2>&1; then\n{call}fi\n")
}

/// A script with the lines in it, or one that is made for them; `None` where it is no shell's.
pub fn put_in(script: Option<&[u8]>, event: &str) -> Option<BString> {
    let Some(text) = script else { return Some((SHEBANG.to_owned() + &lines(event)).into()) };
    if text.contains(&0) {
        return None;
    }
    let (mut before, mut end) = (0, 0);
    for line in text.lines_with_terminator() {
        let is_shebang = end == 0 && line.starts_with(b"#!");
        end += line.len();
        if is_shebang && !is_shell(line) {
            return None;
        }
        // What older versions of husky begin with: it runs the rest of the script a second time.
        if is_shebang || line.contains_str("/husky.sh\"") {
            before = end;
        }
    }
    let mut put = text[..before].to_owned();
    if !put.is_empty() && !put.ends_with(b"\n") {
        put.push(b'\n');
    }
    put.extend_from_slice(lines(event).as_bytes());
    put.extend_from_slice(&text[before..]);
    Some(put.into())
}

/// What is left of a script without the lines.
#[derive(Debug, PartialEq, Eq)]
pub enum ScriptRest {
    /// They are not in it, or not as they were written.
    Untouched,
    Script(BString),
    /// Nothing: it was made for them.
    Nothing,
}

/// Takes the lines out of a script.
pub fn take_out(text: &[u8], event: &str) -> ScriptRest {
    let lines = lines(event);
    let Some(at) = text.find(&lines) else { return ScriptRest::Untouched };
    let rest = [&text[..at], &text[at + lines.len()..]].concat();
    if rest == SHEBANG.as_bytes() { ScriptRest::Nothing } else { ScriptRest::Script(rest.into()) }
}

/// Whether a script's first line names a shell that understands the lines.
fn is_shell(shebang: &[u8]) -> bool {
    let words = shebang[2..].split_str(b" ").filter(|word| !word.trim().is_empty());
    let mut names = words.map(|word| word.trim().rsplit_str(b"/").next().unwrap_or_default());
    let name = names.find(|name| *name != b"env" && !name.starts_with(b"-"));
    name.is_some_and(|name| [&b"sh"[..], b"bash", b"dash", b"ksh", b"zsh"].contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{ScriptRest, lines, put_in, take_out};

    #[test]
    fn a_script_is_the_same_once_the_lines_are_out_again() {
        for event in ["pre-commit", "pre-push"] {
            for text in [
                "npm test\n",
                "npm test",
                "",
                "#!/bin/sh\nnpm test\n",
                "#!/usr/bin/env bash\nset -eu\n",
                "#!/usr/bin/env -S bash -e\nx\n",
                "#!/bin/sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\nnpm test\n",
            ] {
                let put = put_in(Some(text.as_bytes()), event).unwrap();
                assert_eq!(put.to_string().matches(&lines(event)).count(), 1, "{put}");
                assert!(put.starts_with(
                    text.lines().next().filter(|l| l.starts_with("#!")).unwrap_or("").as_bytes()
                ));
                assert_eq!(take_out(&put, event), ScriptRest::Script(text.into()), "{put}");
                assert_eq!(take_out(text.as_bytes(), event), ScriptRest::Untouched);
            }
            let made = put_in(None, event).unwrap();
            assert_eq!(take_out(&made, event), ScriptRest::Nothing);
        }
        let old =
            put_in(Some(b"#!/bin/sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\nx\n"), "pre-commit");
        assert!(old.unwrap().starts_with(b"#!/bin/sh\n. "), "husky.sh runs the script once more");
    }

    #[test]
    fn what_is_no_shell_script_gets_no_lines() {
        for text in ["#!/usr/bin/env node\n", "#!/usr/bin/python3\nprint()\n", "\u{7f}ELF\0\0"] {
            assert_eq!(put_in(Some(text.as_bytes()), "pre-commit"), None, "{text}");
        }
    }
}
