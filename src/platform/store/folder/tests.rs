//! What is found, read and written beneath a folder, with links of each kind in it.
#![expect(clippy::disallowed_methods, reason = "tests lay the files out and look at them")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::platform::store::folder::Folder;
use crate::platform::store::regular::{ReadLimit, Unfit, unfit};

const LIMIT: ReadLimit = ReadLimit { bytes: 1024 * 1024, of: "a test" };

/// A folder with a file, a folder and a git directory in it, and more outside.
fn laid_out() -> (tempfile::TempDir, PathBuf) {
    let all = tempfile::tempdir().unwrap();
    let top = all.path().join("top");
    for folder in ["top/.git/refs", "top/docs/deep", "outside"] {
        fs::create_dir_all(all.path().join(folder)).unwrap();
    }
    for file in ["top/a.md", "top/docs/b.md", "top/.git/config", "outside/secret.md"] {
        fs::write(all.path().join(file), file).unwrap();
    }
    (all, top)
}

fn why(error: &io::Error) -> &'static str {
    match unfit(error) {
        Some(Unfit::Link | Unfit::WrittenThrough(_)) => "link",
        Some(Unfit::LeadsOut(_)) => "out",
        Some(Unfit::InGit) => "git",
        Some(Unfit::NotAFile(_)) => "no file",
        Some(Unfit::TooLarge(_)) => "large",
        None if error.kind() == io::ErrorKind::NotFound => "absent",
        None => "other",
    }
}

#[test]
fn a_link_is_followed_as_far_as_it_stays_beneath() {
    let (all, top) = laid_out();
    let absolute = top.join("docs/b.md");
    let outside = all.path().join("outside/secret.md");
    let links: [(&str, &Path, &str); 16] = [
        ("to-file", Path::new("a.md"), "top/a.md"),
        ("docs/up", Path::new("../a.md"), "top/a.md"),
        ("absolute", &absolute, "top/docs/b.md"),
        ("twice", Path::new("docs/up"), "top/a.md"),
        ("round", Path::new("docs/deep/../../docs/b.md"), "top/docs/b.md"),
        ("out", Path::new("../outside/secret.md"), "out"),
        ("docs/out", Path::new("../../outside/secret.md"), "out"),
        ("out-and-in", Path::new("../top/a.md"), "out"),
        ("absolute-out", &outside, "out"),
        ("device", Path::new("/dev/zero"), "out"),
        ("magic", Path::new("/proc/self/cwd/a.md"), "out"),
        ("git", Path::new(".git/config"), "git"),
        ("docs/git", Path::new("../.GIT/config"), "git"),
        ("loop", Path::new("loop"), "other"),
        ("dangling", Path::new("nowhere"), "absent"),
        ("folder", Path::new("docs"), "no file"),
    ];
    let folder = Folder::open(&top).unwrap();
    for (name, target, expected) in links {
        symlink(target, top.join(name)).unwrap();
        let read = folder.read_text(name, LIMIT);
        let outcome = match &read {
            Ok(text) => text,
            Err(error) => why(error),
        };
        assert_eq!(outcome, expected, "{name}: {read:?}");
    }
    symlink("docs", top.join("linked")).unwrap();
    let found = folder.find(Path::new("linked/deep/../b.md")).unwrap();
    assert_eq!(found.real, Path::new("docs/b.md"));
    assert_eq!(folder.read_text("linked/b.md", LIMIT).unwrap(), "top/docs/b.md");
    symlink("..", top.join("docs/deep/above")).unwrap();
    assert_eq!(folder.find(Path::new("docs/deep/above")).unwrap().real, Path::new("docs"));
    symlink("../outside", top.join("docs/elsewhere")).unwrap();
    for (path, expected) in [
        ("docs/elsewhere/secret.md", "absent"),
        ("../outside/secret.md", "out"),
        (".git/config", "git"),
        ("a.md/x", "other"),
        ("none", "absent"),
    ] {
        assert_eq!(why(&folder.read(path, LIMIT).unwrap_err()), expected, "{path}");
    }
}

#[test]
fn only_regular_files_of_bounded_size_are_read() {
    let (_all, top) = laid_out();
    let folder = Folder::open(&top).unwrap();
    let pipe = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, top.join("pipe"), rustix::fs::FileType::Fifo, pipe, 0)
        .unwrap();
    let socket = std::os::unix::net::UnixListener::bind(top.join("socket")).unwrap();
    fs::write(top.join("large"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    fs::write(top.join("just"), vec![b'x'; 1024 * 1024]).unwrap();
    let said = |path: &str| folder.read(path, LIMIT).unwrap_err().to_string();
    assert_eq!(said("pipe"), "it is a pipe, not a file");
    assert_eq!(said("docs"), "it is a folder, not a file");
    assert_eq!(said("large"), "it has more than 1 MiB, the most that is read of a test");
    assert!(folder.read("socket", LIMIT).is_err());
    assert_eq!(folder.read("just", LIMIT).unwrap().len(), 1024 * 1024);
    assert_eq!(folder.read_start(Path::new("large"), 10).unwrap().len(), 10);
    drop(socket);
}

/// Everything below a folder, with the text of files and the targets of links.
fn all_of(path: &Path) -> BTreeSet<(PathBuf, String)> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        if data.is_dir() {
            all.extend(all_of(&path));
        }
        let text = if data.is_file() { fs::read_to_string(&path).unwrap() } else { String::new() };
        all.insert((path, text));
    }
    all
}

#[test]
fn nothing_is_written_through_a_link_or_below_git() {
    let (all, top) = laid_out();
    symlink("../outside", top.join("out")).unwrap();
    symlink("../.git/refs", top.join("docs/refs")).unwrap();
    symlink("docs", top.join("linked")).unwrap();
    symlink("nowhere", top.join("dangling")).unwrap();
    symlink("a.md", top.join("to-a.md")).unwrap();
    let folder = Folder::open(&top).unwrap();
    let before = all_of(all.path());
    for (path, expected) in [
        ("out/x.md", "link"),
        ("out/deep/x.md", "link"),
        ("docs/refs/x.md", "link"),
        ("linked/x.md", "link"),
        ("dangling", "link"),
        ("dangling/x.md", "link"),
        ("to-a.md", "link"),
        (".git/x.md", "git"),
        (".Git/refs/x.md", "git"),
        ("docs", "no file"),
        ("../outside/x.md", "other"),
        ("a.md/x.md", "other"),
    ] {
        let error = folder.write(path, b"new").unwrap_err();
        let error = error.downcast_ref::<io::Error>().unwrap();
        assert_eq!(why(error), expected, "{path}: {error}");
        let refused = folder.refuse_to_write(path).unwrap_err();
        assert_eq!(why(&refused), expected, "{path}: {refused}");
        assert!(!folder.write_new(path, b"new").unwrap_or(false), "{path}");
    }
    folder.sweep("out");
    assert_eq!(all_of(all.path()), before);
}

#[test]
fn a_file_is_replaced_whole_and_keeps_its_mode() {
    let (_all, top) = laid_out();
    let folder = Folder::open(&top).unwrap();
    folder.refuse_to_write("new/deep/c.md").unwrap();
    assert!(!folder.is_there(Path::new("new/deep/c.md")).unwrap());
    folder.write("new/deep/c.md", b"c").unwrap();
    assert_eq!(fs::read_to_string(top.join("new/deep/c.md")).unwrap(), "c");
    fs::set_permissions(top.join("a.md"), fs::Permissions::from_mode(0o640)).unwrap();
    folder.write("a.md", b"other").unwrap();
    assert_eq!(fs::read_to_string(top.join("a.md")).unwrap(), "other");
    assert_eq!(fs::metadata(top.join("a.md")).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(!folder.write_new("a.md", b"again").unwrap());
    assert!(folder.write_new("d.md", b"d").unwrap());
    assert_eq!(fs::read_to_string(top.join("a.md")).unwrap(), "other");

    fs::write(top.join("docs/.tribunal-Ab12Cd"), "").unwrap();
    fs::write(top.join("docs/.tribunal-mine"), "").unwrap();
    folder.sweep("docs");
    folder.remove("d.md").unwrap();
    folder.remove("none.md").unwrap();
    let listed = |path: &str| -> Vec<String> {
        let names = folder.list(path).unwrap().into_iter();
        names.map(|(name, _)| name.into_string().unwrap()).collect()
    };
    assert_eq!(listed("docs"), [".tribunal-mine", "b.md", "deep"]);
    assert_eq!(listed(""), [".git", "a.md", "docs", "new"]);
}
