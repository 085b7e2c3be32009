//! Where hooks go, as a table.
#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::flow::setup::install::config_keys::configured;
use crate::flow::setup::install::plan::{InstallStep, perform, plan_install, plan_uninstall};
use crate::flow::setup::install::shim::{HookFile, read_hook, shim};
use crate::flow::setup::install::status::status;
use crate::flow::setup::install::{InstallMethod, Refusal, choose};
use crate::platform::git::command::git;
use crate::platform::git::hooks_dir::HooksPath;
use crate::platform::git::repo::Repo;
use crate::platform::process::Cmd;
use crate::platform::store::file::write_atomic;

fn setting(value: &str) -> HooksPath {
    HooksPath {
        value: value.into(),
        scope: "local".into(),
        origin: ".git/config".into(),
        folder: PathBuf::from(value),
    }
}

#[test]
fn the_place_is_chosen_by_git_and_by_setting() {
    let (common, top) = (Path::new("/r/.git"), Path::new("/r"));
    let decide = |version, value: Option<&str>, folder: &str| {
        choose(version, value.map(setting).as_ref(), Path::new(folder), common, Some(top))
    };
    let folder = |path: &str| Ok(InstallMethod::Folder(path.into()));
    let old = (2, 47);
    assert_eq!(decide(old, None, "/r/.git/hooks"), folder("/r/.git/hooks"));
    assert_eq!(decide(old, Some(".git/h"), "/r/.git/h"), folder("/r/.git/h"));
    assert_eq!(decide(old, Some(""), "/r"), Err(Refusal::Empty));
    let husky = "/r/.husky/_";
    let scripts = |path: &str| Ok(InstallMethod::Scripts(path.into()));
    assert_eq!(decide(old, Some(".husky/_"), husky), scripts("/r/.husky"));
    assert_eq!(decide(old, Some(".githooks"), "/r/.githooks"), scripts("/r/.githooks"));
    assert_eq!(decide(old, Some("/h"), "/h"), Err(Refusal::Outside("/h".into())));
    assert_eq!(decide(old, None, "/elsewhere"), Err(Refusal::Outside("/elsewhere".into())));
    for value in [None, Some(""), Some("/h"), Some(".husky/_")] {
        assert_eq!(decide((2, 54), value, "/h"), Ok(InstallMethod::Config));
    }
    let bare = choose(old, None, Path::new("/b/hooks"), Path::new("/b"), None);
    assert_eq!(bare, folder("/b/hooks"));
}

#[test]
fn a_shim_is_read_back_whatever_the_path() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["/bin/tribunal", "/a b/it's \"x\" $y/tribunal", "/'/'", "/@HOOK@/@BIN@"] {
        let hook = folder.path().join("pre-commit");
        write_atomic(&hook, &shim(Path::new(path), "pre-push")).unwrap();
        let HookFile::Ours(found) = read_hook(&hook).unwrap() else { panic!("{path}") };
        assert_eq!(found.bin, Path::new(path));
        assert_eq!(found.event, Some("pre-push"), "whatever the file is called");
        assert!(found.same_text && !found.executable);
    }
}

/// Git 2.54's way, with the git that is here: it keeps the settings, and a shell runs the line.
#[test]
fn hooks_by_configuration_are_written_found_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("it's a \"repo\"");
    fs::create_dir(&top).unwrap();
    assert!(git(&top).args(["init", "--quiet"]).capture().unwrap().status.success());
    let repo = Repo::discover(&top, None).unwrap();
    let config = fs::read(repo.git_dir.join("config")).unwrap();
    let old_shim = repo.git_dir.join("hooks/pre-push");
    perform(
        &repo,
        &[InstallStep::Write {
            hook: old_shim.clone(),
            content: shim(Path::new("/x"), "pre-push"),
        }],
    )
    .unwrap();
    let foreign = repo.git_dir.join("hooks/pre-commit");
    write_atomic(&foreign, b"#!/bin/sh\n").unwrap();

    let events = ["pre-commit", "pre-push"];
    let steps =
        plan_install(&repo, &InstallMethod::Config, &events, Path::new("/bin/echo")).unwrap();
    perform(&repo, &steps).unwrap();
    assert!(!old_shim.exists(), "it would run a second time");
    assert!(foreign.exists(), "git runs it by itself");
    let repo = Repo::discover(&top, None).unwrap();
    let again =
        plan_install(&repo, &InstallMethod::Config, &events, Path::new("/bin/echo")).unwrap();
    assert_eq!(again, []);
    assert_eq!(repo.config("hook.tribunal-pre-push.event").unwrap().unwrap(), "pre-push");
    let all = status(&repo, &Ok(InstallMethod::Config)).unwrap();
    let installed: Vec<_> = all.iter().filter(|s| s.installed).map(|s| s.event).collect();
    assert_eq!(installed, events);

    let line = configured(&repo, "pre-push").unwrap().unwrap().to_string();
    let call = || {
        let line = format!("{line} \"$@\"");
        Cmd::new("sh", &top).args(["-c", &line, "hook", "a b", "c"]).capture().unwrap()
    };
    assert_eq!(call().stdout, b"hook pre-push a b c\n");
    fs::remove_dir_all(repo.state_dir()).unwrap();
    assert_eq!(call().code(), 1, "closed where refs move");

    let steps = plan_uninstall(&repo, &events).unwrap();
    perform(&repo, &steps).unwrap();
    assert_eq!(fs::read(repo.git_dir.join("config")).unwrap(), config);
    assert!(foreign.exists());
}
