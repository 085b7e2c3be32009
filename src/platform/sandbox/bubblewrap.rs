//! The arguments of `bubblewrap`: what is mounted, and what is cut.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::platform::sandbox::access::{NetworkAccess, SandboxAccess};
use crate::platform::sandbox::mounts::{Mounts, SystemPath};

/// The file of names, in the folder for temporary files: programs look up `localhost`.
pub const HOSTS: &str = "hosts";

/// Where this program is inside.
pub const INNER: &str = "/.tribunal";

/// The arguments before `--`. `own` is this program.
///
/// Every namespace is new, and it dies with us. The root, `/dev` and each
/// temporary folder are in memory: the first two cannot be written, the others have a size.
pub fn arguments(access: &SandboxAccess, mounts: &Mounts, own: &Path) -> Vec<OsString> {
    let mut all = Arguments(Vec::new());
    for flag in ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"] {
        all.add(&[flag]);
    }
    if access.network == NetworkAccess::Host {
        all.add(&["--share-net"]);
    }
    all.add(&["--cap-drop", "ALL", "--hostname", "tribunal", "--proc", "/proc", "--dev", "/dev"]);
    let size = access.limits.temporary.to_string();
    let mut places: Vec<(PathBuf, Place)> = Vec::new();
    for folder in ["/dev/shm", "/tmp", "/var/tmp"] {
        places.push((folder.into(), Place::Temporary));
    }
    places.push((mounts.home.clone(), Place::Temporary));
    for one in &mounts.system {
        match one {
            SystemPath::Read(path) => places.push((path.clone(), Place::Read)),
            SystemPath::Link { path, target } => all.link(target, path),
        }
    }
    let readable = mounts.readable.iter();
    places.extend(readable.map(|one| (one.path.clone(), Place::ReadFrom(one.content.clone()))));
    let hosts = access.temporary.join(HOSTS);
    if access.network == NetworkAccess::None {
        places.push(("/etc/hosts".into(), Place::ReadFrom(hosts)));
    }
    places.extend(access.dirs().into_iter().map(|path| (path, Place::Write)));
    places.extend(
        access
            .placed
            .iter()
            .map(|one| (access.dir.join(&one.path), Place::ReadFrom(one.content.clone()))),
    );
    // What is further in is mounted later, and what may be written after what may be read.
    // What git runs by itself when the person uses it outside is not for a program to write.
    // A link is not followed: where it leads is not there.
    let git = access.dirs().into_iter().map(|dir| dir.join(".git"));
    let git = git.filter(|git| git.symlink_metadata().is_ok_and(|data| !data.is_symlink()));
    places.extend(git.map(|path| (path, Place::Read)));
    places.sort_by_key(|(path, place)| (path.components().count(), place.clone()));
    places.dedup();
    for (path, place) in places {
        match place {
            Place::Temporary => {
                all.add(&["--size", &size, "--tmpfs"]);
                all.path(&path);
            }
            Place::Read => all.bind("--ro-bind", &path, &path),
            Place::ReadFrom(content) => all.bind("--ro-bind", &content, &path),
            Place::Write => all.bind("--bind", &path, &path),
        }
    }
    all.bind("--ro-bind", own, Path::new(INNER));
    // As root the settings of the kernel could be written.
    all.add(&["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir"]);
    all.path(&access.dir);
    all.0
}

/// What a path is inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Temporary,
    Read,
    ReadFrom(PathBuf),
    Write,
}

struct Arguments(Vec<OsString>);

impl Arguments {
    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn path(&mut self, path: &Path) {
        self.0.push(path.into());
    }

    fn bind(&mut self, how: &str, from: &Path, to: &Path) {
        self.add(&[how]);
        self.path(from);
        self.path(to);
    }

    fn link(&mut self, target: &Path, path: &Path) {
        self.bind("--symlink", target, path);
    }
}
