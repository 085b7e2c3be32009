//! Whose rights what is made has, and from when on.
#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{BESIDE, Sharing, make_private_dir, open, parse, setting_in, shared_mode};

#[test]
fn the_setting_is_found_as_git_finds_it() {
    for (text, expected) in [
        ("[core]\n\tbare = false\n\tsharedrepository = 1\n", Some("1")),
        ("[Core] SharedRepository = \"group\" ; all of us\n", Some("group")),
        ("[core]\nsharedRepository\n[core]\n# sharedRepository = all\n", Some("true")),
        ("[core]\nsharedRepository = all\nsharedRepository=0640\n", Some("0640")),
        ("[core \"x\"]\nsharedRepository = all\n[a]\nsharedRepository = all\n", None),
        ("", None),
    ] {
        assert_eq!(setting_in(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn what_is_private_is_the_groups_where_the_repository_is_shared() {
    let top = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for (name, config, folder_mode, file_mode) in [
        ("own", "[core]\n\tbare = true\n", 0o700, 0o600),
        ("shared", "[core]\n\tsharedRepository = group\n", 0o2770, 0o660),
    ] {
        let git_dir = repository(&top.path().join(name), config);
        let run = git_dir.join("tribunal/runs/R");
        make_private_dir(&run).unwrap();
        let mut private = OpenOptions::new();
        private.write(true).mode(0o600);
        open(&run.join("prompt.md"), &private).unwrap();
        assert_eq!((mode(&run), mode(&run.join("prompt.md"))), (folder_mode, file_mode));
    }
}

#[test]
fn values_mean_what_they_mean_to_git() {
    for (value, expected) in [
        ("", Sharing::Umask),
        ("umask", Sharing::Umask),
        ("false", Sharing::Umask),
        ("0", Sharing::Umask),
        ("group", Sharing::Adds(0o660)),
        ("true", Sharing::Adds(0o660)),
        ("1", Sharing::Adds(0o660)),
        ("all", Sharing::Adds(0o664)),
        ("world", Sharing::Adds(0o664)),
        ("everybody", Sharing::Adds(0o664)),
        ("2", Sharing::Adds(0o664)),
        ("0640", Sharing::Is(0o640)),
        ("0660", Sharing::Is(0o660)),
        ("0444", Sharing::Umask),
    ] {
        assert_eq!(parse(value), expected, "`{value}`");
    }
}

#[test]
fn rights_are_those_that_git_gives() {
    for (sharing, mode, is_dir, expected) in [
        (Sharing::Umask, 0o100_600, false, 0o100_600),
        (Sharing::Umask, 0o40_700, true, 0o40_700),
        (Sharing::Adds(0o660), 0o100_644, false, 0o100_664),
        (Sharing::Adds(0o660), 0o100_600, false, 0o100_660),
        (Sharing::Adds(0o660), 0o100_444, false, 0o100_444),
        (Sharing::Adds(0o660), 0o40_755, true, 0o42_775),
        (Sharing::Adds(0o660), 0o40_700, true, 0o42_770),
        (Sharing::Adds(0o664), 0o40_700, true, 0o42_775),
        (Sharing::Is(0o640), 0o100_644, false, 0o100_640),
        (Sharing::Is(0o640), 0o40_755, true, 0o42_750),
    ] {
        assert_eq!(shared_mode(sharing, mode, is_dir), expected, "{sharing:?} {mode:o}");
    }
}

/// What the kernel tells of each name: a change of rights after that would have been seen by others.
#[cfg(target_os = "linux")]
#[test]
fn rights_are_right_from_the_first_name_and_the_first_byte_on() {
    use std::collections::BTreeSet;
    use std::sync::mpsc;
    use std::time::Duration;

    use notify::event::{EventKind, ModifyKind};
    use notify::{RecursiveMode, Watcher as _};

    use crate::platform::store::lock::Wait;
    use crate::platform::store::{file, lock};

    for setting in ["group", "all", "0640", "0660", "umask"] {
        let top = tempfile::tempdir().unwrap();
        let git_dir = repository(top.path(), &format!("[core]\n\tsharedRepository = {setting}\n"));
        let state = git_dir.join("tribunal");
        make_private_dir(&state).unwrap();
        let (sender, events) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(sender).unwrap();
        watcher.watch(&state, RecursiveMode::NonRecursive).unwrap();

        open(&state.join("daemon.log"), OpenOptions::new().append(true)).unwrap();
        let mut private = OpenOptions::new();
        open(&state.join("prompt.md"), private.write(true).mode(0o600)).unwrap();
        file::write_atomic(&state.join("prompt.md"), b"for one's eyes\n").unwrap();
        drop(lock::take(&state.join("lock"), Wait::NONE).unwrap().unwrap());
        make_private_dir(&state.join("runs")).unwrap();
        file::write_atomic(&state.join("judged"), b"1\n").unwrap();
        file::write_atomic(&state.join("judged"), b"2\n").unwrap();
        file::write_new(&state.join("new"), b"1\n").unwrap();
        file::write_executable(&state.join("hook"), b"#!/bin/sh\n").unwrap();
        fs::File::create(state.join("end")).unwrap();

        let mut settled = BTreeSet::new();
        for event in std::iter::from_fn(|| events.recv_timeout(Duration::from_secs(30)).ok()) {
            let event = event.unwrap();
            let Some(path) = event.paths.first().cloned() else { continue };
            if path.ends_with("end") {
                settled.insert(path);
                break;
            }
            let is_beside = path.file_name().unwrap().to_str().unwrap().starts_with(BESIDE);
            match event.kind {
                EventKind::Modify(ModifyKind::Metadata(_)) => {
                    assert!(is_beside && !settled.contains(&path), "{setting}: {event:?}");
                }
                EventKind::Modify(ModifyKind::Data(_)) => drop(settled.insert(path)),
                _ => {}
            }
        }
        assert!(settled.contains(&state.join("end")), "{settled:?}");
    }
}

#[test]
fn of_two_who_make_the_same_both_have_it() {
    let top = tempfile::tempdir().unwrap();
    let git_dir = repository(top.path(), "[core]\n\tsharedRepository = group\n");
    for round in 0..100 {
        let path = git_dir.join(format!("tribunal/{round}/log"));
        let add = || open(&path, OpenOptions::new().append(true)).unwrap().write_all(b"x");
        std::thread::scope(|scope| {
            for one in [scope.spawn(add), scope.spawn(add)] {
                one.join().unwrap().unwrap();
            }
        });
        assert_eq!(fs::read(&path).unwrap(), b"xx", "{round}");
    }
    let left = fs::read_dir(git_dir.join("tribunal")).unwrap();
    assert_eq!(left.count(), 100, "nothing is left beside them");
}

/// The git directory of a repository with that configuration.
fn repository(git_dir: &Path, config: &str) -> PathBuf {
    fs::create_dir_all(git_dir.join("objects")).unwrap();
    fs::File::create(git_dir.join("HEAD")).unwrap();
    fs::File::create(git_dir.join("config")).unwrap().write_all(config.as_bytes()).unwrap();
    git_dir.to_owned()
}

#[test]
fn a_link_to_what_is_not_there_is_an_error_and_no_endless_try() {
    let top = tempfile::tempdir().unwrap();
    let git_dir = top.path().join("g");
    fs::create_dir_all(git_dir.join("objects")).unwrap();
    fs::File::create(git_dir.join("HEAD")).unwrap();
    let shared = b"[core]\n\tsharedRepository = group\n";
    fs::File::create(git_dir.join("config")).unwrap().write_all(shared).unwrap();
    fs::create_dir(git_dir.join("tribunal")).unwrap();
    let link = git_dir.join("tribunal/log");
    std::os::unix::fs::symlink("gone", &link).unwrap();
    open(&link, OpenOptions::new().append(true)).unwrap_err();
    assert_eq!(
        fs::read_dir(git_dir.join("tribunal")).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}
