//! What git keeps of a message file.

use crate::flow::evaluate::message::{Cleanup, as_committed};

const TEXT: &str = "subject\n\n#12 body\n# remark\n# ------------------------ >8 ------------------------\n# below\ndiff --git\n";

#[test]
fn each_cleanup_keeps_what_git_keeps() {
    for (cleanup, comment, expected) in [
        (Cleanup::Strip, "#", "subject\n\n"),
        (Cleanup::Scissors, "#", "subject\n\n#12 body\n# remark\n"),
        (Cleanup::Keep, "#", TEXT),
        (Cleanup::Strip, ";", TEXT),
        // A line of scissors begins with the comment string and a space more.
        (Cleanup::Strip, "# ", "subject\n\n#12 body\ndiff --git\n"),
        (Cleanup::Scissors, "# ", TEXT),
        (Cleanup::Keep, "# ", TEXT),
    ] {
        let kept = as_committed(TEXT.as_bytes(), cleanup, comment.as_bytes());
        assert_eq!(kept, expected, "{cleanup:?} `{comment}`");
    }
    let cut = TEXT.replace("# ---", "#  ---");
    for (cleanup, expected) in [
        (Cleanup::Strip, "subject\n\n#12 body\n"),
        (Cleanup::Scissors, "subject\n\n#12 body\n# remark\n"),
    ] {
        assert_eq!(as_committed(cut.as_bytes(), cleanup, b"# "), expected, "{cleanup:?}");
    }
}
