//! The inbox with many senders and receivers, and with files it does not understand.
#![expect(clippy::disallowed_methods, reason = "tests write the files that are found")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::platform::store::inbox;
use crate::platform::store::inbox::Event;

fn commit(number: usize) -> Event {
    Event::Commit { oid: number.to_string(), branch: None, worktree: PathBuf::from("/w") }
}

fn oid(event: &Event) -> String {
    match event {
        Event::Commit { oid, .. } => oid.clone(),
        Event::Rewrite { .. } | Event::Findings { .. } => panic!("only commits were sent"),
    }
}

fn count_files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().filter(|e| e.as_ref().unwrap().path().is_file()).count()
}

#[test]
fn of_many_senders_and_receivers_each_event_reaches_one() {
    let state = tempfile::tempdir().unwrap();
    let (senders, each) = (8, 50);
    let received = Mutex::new(BTreeMap::<String, usize>::new());
    let total = AtomicUsize::new(0);
    thread::scope(|scope| {
        for sender in 0..senders {
            let state = state.path();
            scope.spawn(move || {
                for number in 0..each {
                    inbox::drop_in(state, &commit(sender * each + number)).unwrap();
                }
            });
        }
        for _ in 0..4 {
            scope.spawn(|| {
                while total.load(Ordering::SeqCst) < senders * each {
                    for claim in inbox::claim(state.path(), 7).unwrap().claims {
                        *received.lock().unwrap().entry(oid(&claim.event)).or_default() += 1;
                        total.fetch_add(1, Ordering::SeqCst);
                        claim.done().unwrap();
                    }
                }
            });
        }
    });
    let received = received.into_inner().unwrap();
    assert_eq!(received.len(), senders * each);
    assert!(received.values().all(|times| *times == 1));
    for part in ["", "new", "claimed", "aside"] {
        assert_eq!(count_files(&inbox::folder(state.path()).join(part)), 0, "{part}");
    }
}

#[test]
fn what_a_dead_receiver_had_goes_back_and_what_a_live_one_has_does_not() {
    let state = tempfile::tempdir().unwrap();
    inbox::drop_in(state.path(), &commit(1)).unwrap();
    inbox::drop_in(state.path(), &commit(2)).unwrap();
    let folder = inbox::folder(state.path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    // The first process of the machine is always there; no process has the highest id.
    fs::rename(&files[0], folder.join("claimed").join(format!("{}.1", name(&files[0])))).unwrap();
    fs::rename(&files[1], folder.join("claimed").join(format!("{}.2147483647", name(&files[1]))))
        .unwrap();
    assert_eq!(inbox::put_back_leftovers(state.path()).unwrap(), 1);
    assert_eq!(inbox::waiting(state.path()), 1);
    assert_eq!(count_files(&folder.join("claimed")), 1);
}

#[test]
fn what_is_not_understood_is_set_aside_with_the_reason() {
    let state = tempfile::tempdir().unwrap();
    inbox::make(state.path()).unwrap();
    let folder = inbox::folder(state.path());
    let cases = [
        ("01A-commit.json", r#"{"version":2,"kind":"commit"}"#, "it is of version 2"),
        ("01B-dance.json", r#"{"version":1,"kind":"dance"}"#, "unknown variant `dance`"),
        ("01C-commit.json", r#"{"version":1,"kind":"com"#, "EOF"),
        ("01D-commit.json", "", "EOF"),
    ];
    for (name, text, _) in cases {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("notes.txt"), "not an event").unwrap();
    inbox::drop_in(state.path(), &commit(7)).unwrap();
    let taken = inbox::claim(state.path(), 100).unwrap();
    assert_eq!(taken.claims.len(), 1);
    assert_eq!(taken.aside.len(), cases.len());
    for ((name, _, reason), (path, said)) in cases.iter().zip(&taken.aside) {
        assert_eq!(path, &folder.join("aside").join(name));
        assert!(said.contains(reason), "{said}");
        assert!(path.exists());
    }
    assert!(folder.join("notes.txt").exists());
}

#[test]
fn events_come_in_the_order_of_their_time() {
    let state = tempfile::tempdir().unwrap();
    for number in 0..5 {
        inbox::drop_in(state.path(), &commit(number)).unwrap();
        let now = std::time::Instant::now();
        while now.elapsed() < std::time::Duration::from_millis(2) {
            thread::yield_now();
        }
    }
    let oids: Vec<String> = inbox::claim(state.path(), 100)
        .unwrap()
        .claims
        .iter()
        .map(|claim| oid(&claim.event))
        .collect();
    assert_eq!(oids, ["0", "1", "2", "3", "4"]);
}

#[test]
fn without_a_receiver_the_oldest_are_dropped_and_counted() {
    let state = tempfile::tempdir().unwrap();
    inbox::make(state.path()).unwrap();
    let folder = inbox::folder(state.path());
    for number in 0..super::WAITING_MAX {
        let text = format!(
            r#"{{"version":1,"kind":"commit","oid":"{number}","branch":null,"worktree":"/w"}}"#
        );
        fs::write(folder.join(format!("00-{number:04}-commit.json")), text).unwrap();
    }
    for number in 0..3 {
        inbox::drop_in(state.path(), &commit(9_000 + number)).unwrap();
    }
    assert_eq!(inbox::waiting(state.path()), super::WAITING_MAX);
    assert_eq!(inbox::dropped(state.path()), 3);
    let taken = inbox::claim(state.path(), usize::MAX).unwrap().claims;
    assert_eq!((oid(&taken[0].event), taken.len()), ("3".to_owned(), super::WAITING_MAX));
    inbox::forget_dropped(state.path()).unwrap();
    assert_eq!(inbox::dropped(state.path()), 0);
}

#[test]
fn large_events_that_wait_take_bounded_space() {
    let state = tempfile::tempdir().unwrap();
    let oid = "a".repeat(40);
    let rewrite = Event::Rewrite {
        command: "rebase".to_owned(),
        pairs: vec![(oid.clone(), oid); 5_000],
        worktree: PathBuf::from("/w"),
    };
    for _ in 0..45 {
        inbox::drop_in(state.path(), &rewrite).unwrap();
    }
    let entries = fs::read_dir(inbox::folder(state.path())).unwrap();
    let bytes: u64 = entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < super::WAITING_BYTES_MAX + 64 * 1024, "{bytes}");
    let waiting = inbox::waiting(state.path());
    assert!(waiting > 30 && waiting + inbox::dropped(state.path()) == 45, "{waiting}");
}

#[test]
fn how_often_an_event_failed_is_known_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    inbox::drop_in(state.path(), &commit(1)).unwrap();
    for tries in 1..=3 {
        let mut claim = inbox::claim(state.path(), 1).unwrap().claims.remove(0);
        assert_eq!(claim.failed().unwrap(), 2 * tries - 1);
        assert_eq!(claim.failed().unwrap(), 2 * tries);
        drop(claim);
        // Our own id is that of an earlier process.
        assert_eq!(inbox::put_back_leftovers(state.path()).unwrap(), 1);
    }
    let claim = inbox::claim(state.path(), 1).unwrap().claims.remove(0);
    assert_eq!(oid(&claim.event), "1");
    let aside = claim.give_up(state.path()).unwrap();
    let name = aside.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with("-commit.json") && aside.exists(), "{name}");
    assert_eq!(inbox::waiting(state.path()), 0);
}

#[test]
fn of_those_set_aside_the_newest_are_kept() {
    let state = tempfile::tempdir().unwrap();
    inbox::make(state.path()).unwrap();
    let folder = inbox::folder(state.path());
    for number in 0..super::ASIDE_MAX + 5 {
        fs::write(folder.join(format!("01-{number:04}-dance.json")), "no event").unwrap();
    }
    assert_eq!(inbox::claim(state.path(), 500).unwrap().aside.len(), super::ASIDE_MAX + 5);
    assert_eq!(count_files(&folder.join("aside")), super::ASIDE_MAX);
    assert!(!folder.join("aside/01-0004-dance.json").exists());
    assert!(folder.join("aside/01-0005-dance.json").exists());
}
