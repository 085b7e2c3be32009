//! What git keeps of a message file.

use crate::domain::gates::commit_message::check;
use crate::domain::model::finding::Effect;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::flow::evaluate::message::{Cleanup, as_committed};
use crate::fuzz;

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

#[test]
fn drawn_messages_are_judged() {
    let seeds = [
        TEXT.as_bytes(),
        b"feat(api)!: add x\n\nBREAKING CHANGE: y\n",
        b"fixup! Merge branch 'a'\n",
    ];
    let words = [
        b"#".as_slice(),
        b"# ------------------------ >8 ------------------------\n",
        b": ",
        b"(",
        b")",
        b"!",
        b"feat",
        b"\n",
    ];
    let resolved = layers::resolve_usable(&[], &[], FlagSettings::none()).unwrap();
    let policy = resolved.policy.gates.commit_message;
    fuzz::hold("messages", &seeds, &words, move |bytes| {
        for cleanup in [Cleanup::Strip, Cleanup::Scissors, Cleanup::Keep] {
            let text = as_committed(bytes, cleanup, b"#");
            assert!(text.len() <= bytes.len());
            drop(check(&text, &policy, Effect::Block));
        }
    });
}
