//! Supervised programs, on real ones.
#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::orphans::TAG_VAR;
use super::{Cmd, ExitOutcome, Interrupts, WorkGroup};

const LONG: Duration = Duration::from_mins(1);

struct Run {
    folder: TempDir,
    ended: ExitOutcome,
    took: Duration,
}

impl Run {
    fn of(script: &str, limit: impl FnOnce(Cmd) -> Cmd) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let start = Instant::now();
        let cmd = Cmd::alone(Path::new("/bin/sh"), folder.path())
            .args(["-c", script])
            .env("PATH", "/usr/bin:/bin")
            .deadline(LONG)
            .grace(Duration::from_secs(10));
        let ended = limit(cmd).supervise(&log, &log, Interrupts::listen().unwrap()).unwrap();
        Self { folder, ended, took: start.elapsed() }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

/// Whether a process that was killed is gone: it may take a moment to die.
fn is_gone(pid: &str) -> bool {
    let dead = || {
        let status = fs::read_to_string(format!("/proc/{}/status", pid.trim()));
        status.map_or(true, |status| status.contains("State:\tZ"))
    };
    let start = Instant::now();
    while !dead() && start.elapsed() < LONG / 4 {
        std::thread::yield_now();
    }
    dead()
}

#[test]
fn a_silent_program_is_stopped_and_a_talking_one_is_not() {
    let idle = |cmd: Cmd| cmd.idle(Duration::from_millis(900));
    let silent = Run::of("echo hello; sleep 300", idle);
    assert!(matches!(silent.ended, ExitOutcome::Idle), "{:?}", silent.ended);
    assert!(silent.took < LONG / 2);
    let talking = Run::of("for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done", idle);
    assert!(matches!(talking.ended, ExitOutcome::Exited(status) if status.success()));
}

#[test]
fn a_program_that_prints_without_end_is_stopped() {
    let run = Run::of("yes", |cmd| cmd.log_max(100_000));
    assert!(matches!(run.ended, ExitOutcome::TooLong), "{:?}", run.ended);
}

#[test]
fn a_program_may_end_by_itself_before_it_is_killed() {
    let run = Run::of("trap 'echo bye >said; exit 3' TERM; sleep 300 & wait", |cmd| {
        cmd.deadline(Duration::from_millis(300))
    });
    assert!(matches!(run.ended, ExitOutcome::TimedOut), "{:?}", run.ended);
    assert_eq!(run.text("said"), "bye\n");
    let deaf = Run::of("trap '' TERM; sleep 300", |cmd| {
        cmd.deadline(Duration::from_millis(300)).grace(Duration::from_millis(300))
    });
    assert!(
        matches!(deaf.ended, ExitOutcome::TimedOut) && deaf.took < LONG / 2,
        "{:?}",
        deaf.ended
    );
}

#[test]
fn what_is_called_off_ends_alone() {
    let (group, other) = (WorkGroup::another(), WorkGroup::another());
    let begun = tempfile::tempdir().unwrap();
    let file = begun.path().join("begun");
    std::thread::scope(|scope| {
        let script = format!("echo $$ >{}; sleep 300", file.display());
        let stopped = scope.spawn(move || {
            group.enter();
            Run::of(&script, |cmd| cmd)
        });
        let goes_on = scope.spawn(move || {
            other.enter();
            let waits = format!("while [ ! -e {}.over ]; do sleep 0.05; done", file.display());
            let ended = Run::of(&waits, |cmd| cmd).ended;
            (ended, Interrupts::listen().unwrap().received())
        });
        let file = begun.path().join("begun");
        let start = Instant::now();
        while !file.exists() && start.elapsed() < LONG / 4 {
            std::thread::yield_now();
        }
        group.call_off();
        let stopped = stopped.join().unwrap();
        assert!(matches!(stopped.ended, ExitOutcome::Interrupted(_)), "{:?}", stopped.ended);
        assert!(stopped.took < LONG / 2 && is_gone(&fs::read_to_string(&file).unwrap()));
        fs::write(begun.path().join("begun.over"), "").unwrap();
        let (ended, signal) = goes_on.join().unwrap();
        assert!(matches!(ended, ExitOutcome::Exited(status) if status.success()), "{ended:?}");
        assert_eq!(signal, None);
    });
    // Nothing more is begun for it, nor waited for that cannot be stopped.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            group.enter();
            let late = Run::of("echo late >late", |cmd| cmd);
            assert!(matches!(late.ended, ExitOutcome::Interrupted(_)), "{:?}", late.ended);
            assert!(!late.folder.path().join("late").exists());
            assert!(Interrupts::listen().unwrap().unless_stopped(|| 1).is_err());
        });
    });
    assert_eq!(Interrupts::listen().unwrap().unless_stopped(|| 1), Ok(1));
}

#[test]
fn its_environment_is_what_is_given() {
    let run = Run::of("env >seen", |cmd| cmd.env("ONE", "1").tag("seen-here"));
    let seen = run.text("seen");
    let mut names: Vec<_> = seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // What a shell sets by itself.
    names.retain(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"));
    names.sort_unstable();
    assert_eq!(names, ["ONE", "PATH", TAG_VAR], "{seen}");
}

#[test]
fn what_a_probe_leaves_running_does_not_keep_us() {
    let folder = tempfile::tempdir().unwrap();
    // It holds both streams open and has left the group that a deadline would end.
    let script = "setsid sh -c 'echo $$ >orphan; exec sleep 300' & while ! test -s orphan; do :; done; echo 1.2.3";
    let start = Instant::now();
    let probe = |deadline: Duration| {
        Cmd::new("/bin/sh", folder.path()).args(["-c", script]).deadline(deadline).capture()
    };
    let output = probe(LONG).unwrap();
    let orphan = fs::read_to_string(folder.path().join("orphan")).unwrap();
    let killed =
        Cmd::new("/bin/sh", folder.path()).args(["-c", &format!("kill -9 {orphan}")]).capture();
    assert!(start.elapsed() < LONG / 2);
    assert_eq!((output.code(), output.stdout.as_slice()), (0, b"1.2.3\n".as_slice()));
    assert!(killed.is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn what_left_its_group_is_gone_too() {
    // The first ends by itself, the second is stopped; each leaves one behind in a session of its own.
    let orphan = "setsid sh -c 'echo $$ >orphan; sleep 300' & while ! test -s orphan; do :; done";
    let ended = Run::of(orphan, |cmd| cmd.tag("orphan-one"));
    assert!(matches!(ended.ended, ExitOutcome::Exited(status) if status.success()));
    assert!(is_gone(&ended.text("orphan")));
    let stopped = Run::of(&format!("{orphan}; sleep 300"), |cmd| {
        cmd.idle(Duration::from_millis(900)).tag("orphan-two")
    });
    assert!(matches!(stopped.ended, ExitOutcome::Idle), "{:?}", stopped.ended);
    assert!(is_gone(&stopped.text("orphan")));
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_just_becoming_another_program_is_gone_too() {
    let once = "echo $$ >orphan; exec sleep 300";
    let twice = "sh -c \"echo \\$\\$ >orphan; exec sleep 300\" & exit";
    for (number, script) in [once, twice].into_iter().cycle().take(40).enumerate() {
        let script = format!("setsid sh -c '{script}' & while ! test -s orphan; do :; done");
        let ended = Run::of(&script, |cmd| cmd.tag(&format!("becoming-{number}")));
        assert!(is_gone(&ended.text("orphan")), "{number}");
    }
}
