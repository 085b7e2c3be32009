//! A branch goes where git would have it go, and nowhere by accident.

use crate::domain::pushing::answer::{RefAnswer, of_ref, request_page};
use crate::domain::pushing::target::{NoTarget, PushFacts, PushTarget};

fn facts(remotes: &[&str]) -> PushFacts {
    let remotes = remotes.iter().map(|name| (*name).to_owned()).collect();
    PushFacts { branch: "work".to_owned(), remotes, ..PushFacts::default() }
}

fn to(remote: &str, name: &str, sets_upstream: bool) -> PushTarget {
    PushTarget { remote: remote.to_owned(), name: name.to_owned(), sets_upstream }
}

#[test]
fn a_branch_goes_to_what_is_named_to_its_upstream_or_to_the_only_remote() {
    let upstream = |remote: &str, name: &str| Some([remote.to_owned(), name.to_owned()]);
    let two = || facts(&["origin", "other"]);
    let some = |text: &str| Some(text.to_owned());
    let cases = [
        (facts(&[]), Err(NoTarget::NoRemote)),
        (facts(&["origin"]), Ok(to("origin", "work", true))),
        (two(), Err(NoTarget::Several(vec!["origin".to_owned(), "other".to_owned()]))),
        (PushFacts { asked: some("other"), ..two() }, Ok(to("other", "work", true))),
        (PushFacts { asked: some("else"), ..two() }, Err(NoTarget::Unknown("else".to_owned()))),
        (
            PushFacts { upstream: upstream("other", "work"), ..two() },
            Ok(to("other", "work", false)),
        ),
        (
            PushFacts { upstream: upstream(".", "main"), ..facts(&["origin"]) },
            Ok(to("origin", "work", false)),
        ),
        (
            PushFacts { upstream: upstream("origin", "main"), ..two() },
            Err(NoTarget::OtherName { remote: "origin".to_owned(), name: "main".to_owned() }),
        ),
        (
            PushFacts { upstream: upstream("origin", "main"), to_upstream: true, ..two() },
            Ok(to("origin", "main", false)),
        ),
        (
            PushFacts { upstream: upstream("origin", "main"), for_pushes: some("other"), ..two() },
            Ok(to("other", "work", false)),
        ),
    ];
    for (facts, target) in cases {
        assert_eq!(facts.target(), target, "{facts:?}");
    }
}

#[test]
fn what_git_and_a_forge_say_is_read() {
    let said = |flag: &str, summary: &str| {
        of_ref(&format!("To /o\n{flag}\trefs/heads/a:refs/heads/a\t{summary}\nDone\n"))
    };
    assert_eq!(said("*", "[new branch]"), Some(RefAnswer::Created));
    assert_eq!(said(" ", "1..2"), Some(RefAnswer::Updated));
    assert_eq!(said("=", "[up to date]"), Some(RefAnswer::UpToDate));
    let why = "[rejected] (fetch first)";
    assert_eq!(said("!", why), Some(RefAnswer::Rejected(why.to_owned())));
    assert_eq!(of_ref("To /o\nDone\n"), None);
    let forges = [
        "remote: Create a pull request for 'a' on GitHub by visiting:\nremote:      https://h.example/pull/new/a\n",
        "remote: \nremote: To create a merge request for a, visit:\nremote:   https://h.example/pull/new/a\n",
        "remote: Visit the existing pull request: https://h.example/pull/new/a\n",
    ];
    for forge in forges {
        assert_eq!(request_page(forge).unwrap(), "https://h.example/pull/new/a");
    }
    assert_eq!(request_page("remote: See https://h.example/terms\n"), None);
    assert_eq!(request_page("To https://h.example/pull request\n"), None);
}
