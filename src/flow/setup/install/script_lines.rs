//! The lines by which a script of a shared hooks folder calls tribunal: put in, found and taken out again.

use bstr::{BString, ByteSlice as _};

use crate::flow::setup::install::calls::{is_shell, line_of_husky};

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

/// A script with the lines in it, or one that is made for them; `None` where it is no shell's. They come as
/// early as they can: nothing that the script does may keep them from running.
pub fn put_in(script: Option<&[u8]>, event: &str) -> Option<BString> {
    let Some(text) = script else { return Some((SHEBANG.to_owned() + &lines(event)).into()) };
    if !is_shell(text) {
        return None;
    }
    let before = line_of_husky(text).unwrap_or_else(|| usize::from(text.starts_with(b"#!")));
    let before: usize = text.lines_with_terminator().take(before).map(<[u8]>::len).sum();
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

/// Takes the lines out of a script, also where a checkout or a formatter changed the white space at their ends.
pub fn take_out(text: &[u8], event: &str) -> ScriptRest {
    let lines = lines(event);
    let ours: Vec<&[u8]> = lines.lines().map(|line| line.trim().as_bytes()).collect();
    let theirs: Vec<&[u8]> = text.lines_with_terminator().collect();
    let is_here = |some: &[&[u8]]| some.iter().zip(&ours).all(|(line, our)| line.trim() == *our);
    let Some(at) = theirs.windows(ours.len()).position(is_here) else {
        return ScriptRest::Untouched;
    };
    let rest = [&theirs[..at], &theirs[at + ours.len()..]].concat().concat();
    if rest.trim() == SHEBANG.trim().as_bytes() {
        ScriptRest::Nothing
    } else {
        ScriptRest::Script(rest.into())
    }
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
