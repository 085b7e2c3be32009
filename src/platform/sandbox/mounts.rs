//! What confined programs find: the system's programs and libraries, the toolchains in `PATH`, and an
//! environment without anything of the person's.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::domain::model::path::without_dots;
use crate::platform::config::env::{Env, home_on_record};
use crate::platform::sandbox::access::{NetworkAccess, SandboxAccess};

/// Folders of the system with programs and libraries, as far as they are there. `/usr/local` is in `/usr`.
const PROGRAMS: [&str; 8] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"];

/// Package stores that `PATH` may lead to.
const STORES: [&str; 3] = ["/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew"];

/// What of the system's settings programs need to run; nothing that names secrets, hosts or printers.
const SETTINGS: [&str; 20] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/protocols",
    "/etc/services",
    "/etc/mime.types",
    // pip ends where it is refused what tells the system's name.
    "/etc/os-release",
    "/etc/lsb-release",
    "/etc/debian_version",
    "/etc/redhat-release",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/ca-certificates",
];

/// The same for who may reach the network.
const NETWORK_SETTINGS: [&str; 3] = ["/etc/resolv.conf", "/etc/hosts", "/etc/gai.conf"];

/// How many processors there are: what programs divide their work by.
const HARDWARE: [&str; 1] = ["/sys/devices/system/cpu"];

/// Folders of the system in which there is no toolchain.
const STATE: [&str; 8] = ["/etc", "/proc", "/sys", "/dev", "/run", "/var", "/boot", "/srv"];

/// Where toolchains are: a variable that names the folder, the folder below the home folder where it is
/// unset, and what of it is needed; nothing with a token or a password in it.
const TOOLCHAINS: [(&str, &str, &[&str]); 22] = [
    ("CARGO_HOME", ".cargo", &["bin", "registry", "git", "env"]),
    ("RUSTUP_HOME", ".rustup", &["toolchains", "settings.toml", "update-hashes"]),
    ("GOROOT", "go", &["bin", "pkg", "src", "lib", "go.env", "VERSION"]),
    ("GOPATH", "go", &["bin", "pkg/mod"]),
    ("GOMODCACHE", "go/pkg/mod", &[""]),
    ("PYENV_ROOT", ".pyenv", &[""]),
    ("NVM_DIR", ".nvm", &["versions", "nvm.sh", "nvm-exec", "alias"]),
    ("FNM_DIR", ".local/share/fnm", &[""]),
    ("VOLTA_HOME", ".volta", &["bin", "tools"]),
    ("BUN_INSTALL", ".bun", &["bin", "install"]),
    ("DENO_INSTALL", ".deno", &["bin"]),
    ("PNPM_HOME", ".local/share/pnpm", &[""]),
    ("ASDF_DATA_DIR", ".asdf", &["shims", "installs", "plugins", "bin", "lib", "libexec"]),
    ("MISE_DATA_DIR", ".local/share/mise", &["shims", "installs", "plugins"]),
    ("UV_PYTHON_INSTALL_DIR", ".local/share/uv", &["python", "tools"]),
    ("PIPX_HOME", ".local/share/pipx", &[""]),
    ("PYTHONUSERBASE", ".local", &["bin", "lib"]),
    ("RBENV_ROOT", ".rbenv", &[""]),
    ("JAVA_HOME", ".sdkman/candidates/java/current", &[""]),
    ("SDKMAN_DIR", ".sdkman", &["candidates"]),
    ("DOTNET_ROOT", ".dotnet", &["dotnet", "host", "sdk", "shared", "tools"]),
    ("GHCUP_INSTALL_BASE_PREFIX", "", &[".ghcup/bin", ".ghcup/ghc", ".ghcup/cabal"]),
];

/// Variables that a confined program is given as they are, where they are set.
const KEPT_VARS: [&str; 22] = [
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NUMERIC",
    "LC_PAPER",
    "LC_MEASUREMENT",
    "LC_TIME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "USER",
    "LOGNAME",
    "RUSTUP_TOOLCHAIN",
    "GOTOOLCHAIN",
    "PYENV_VERSION",
    "SOURCE_DATE_EPOCH",
    "VIRTUAL_ENV",
];

/// Variables without which tools ask the network first, or read the system's settings.
const SET_VARS: [(&str, &str); 4] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("SHELL", "/bin/sh"),
];

/// The same where there is no network.
const OFFLINE_VARS: [(&str, &str); 5] = [
    ("CARGO_NET_OFFLINE", "true"),
    ("GOPROXY", "off"),
    ("npm_config_offline", "true"),
    ("PIP_NO_INDEX", "1"),
    ("UV_OFFLINE", "1"),
];

/// What names the certificates that the network is trusted by, for who may reach it: behind a proxy of a company
/// others than the system's. Certificates are no secret; a proxy's address may hold a password, and is not given.
const CERTIFICATE_VARS: [&str; 9] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_cafile",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
];

/// What a confined program finds.
#[derive(Clone, Debug)]
pub struct Mounts {
    pub system: Vec<SystemPath>,
    /// Toolchains, and what the caller asked for: where each is, and what is seen there.
    pub readable: Vec<ReadablePath>,
    /// The person's home folder, which is empty inside but for the toolchains.
    pub home: PathBuf,
    /// All of its environment.
    pub env: Vec<(OsString, OsString)>,
}

/// A path that may be read, with its content, which is elsewhere where the path is a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadablePath {
    pub path: PathBuf,
    pub content: PathBuf,
}

/// A path of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemPath {
    Read(PathBuf),
    /// A link, as `/bin` is in most systems.
    Link {
        path: PathBuf,
        target: PathBuf,
    },
}

impl Mounts {
    /// Looks up what is there.
    pub fn of(access: &SandboxAccess, env: &Env) -> Self {
        let home = home_of(env);
        let network = match access.network {
            NetworkAccess::Host => &NETWORK_SETTINGS[..],
            NetworkAccess::None => &[],
        };
        let names = PROGRAMS.iter().chain(&STORES).chain(&SETTINGS).chain(network).chain(&HARDWARE);
        let system = names.filter_map(|name| system_path(Path::new(name))).collect();
        let asked = access.readable.iter().map(|path| ReadablePath::itself(path));
        // It is there at its own path as well: what was made in a folder may name that.
        let placed = access.placed.iter().map(|placed| ReadablePath::itself(&placed.content));
        let asked = asked.chain(placed);
        let (mut readable, mut kept) = (asked.collect::<Vec<_>>(), Vec::new());
        let home_as_set = env.get("HOME").map(Path::new);
        let lookup = Lookup { home: &home, home_as_set, access };
        for (variable, default, parts) in TOOLCHAINS {
            let set_to = env.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            let root = set_to.unwrap_or_else(|| home.join(default));
            if *parts == [""] && !is_toolchain(&root) {
                continue;
            }
            let found = parts.iter().filter_map(|part| lookup.readable(&root.join(part)));
            let found: Vec<ReadablePath> = found.collect();
            if !found.is_empty() {
                // Where its home folder is another, a program looks there alone.
                kept.push((OsString::from(variable), root.into_os_string()));
            }
            readable.extend(found);
        }
        if access.network == NetworkAccess::Host {
            for name in CERTIFICATE_VARS {
                let Some(path) = env.get(name).map(Path::new).filter(|path| path.is_absolute())
                else {
                    continue;
                };
                let is_there = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
                let is_there =
                    is_there.iter().any(|top| path.starts_with(top)) || is_of_system(path);
                // A folder may hold keys as well.
                let found = lookup.readable(path).filter(|found| found.content.is_file());
                if is_there || found.is_some() {
                    kept.push((OsString::from(name), path.into()));
                }
                readable.extend(found);
            }
        }
        let path = env.get("PATH").unwrap_or_default();
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        let folders: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
        readable.extend(folders.iter().filter_map(|folder| lookup.readable(folder)));
        readable.sort();
        readable.dedup();
        let mut mounts = Self { system, readable, home, env: Vec::new() };
        mounts.env = mounts.environment(access, env, &folders, kept);
        mounts
    }

    fn environment(
        &self,
        access: &SandboxAccess,
        env: &Env,
        path: &[PathBuf],
        mut vars: Vec<(OsString, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let mut set = |name: &str, value: &OsStr| vars.push((name.into(), value.to_owned()));
        set("PATH", &std::env::join_paths(path).unwrap_or_default());
        set("HOME", self.home.as_os_str());
        for name in KEPT_VARS {
            if let Some(value) = env.get(name) {
                set(name, value);
            }
        }
        let offline = (access.network == NetworkAccess::None).then_some(OFFLINE_VARS);
        for (name, value) in SET_VARS.into_iter().chain(offline.into_iter().flatten()) {
            set(name, OsStr::new(value));
        }
        vars
    }

    /// All that may be read.
    pub fn all_readable(&self) -> Vec<PathBuf> {
        let system = self.system.iter().map(|one| match one {
            SystemPath::Read(path) | SystemPath::Link { path, .. } => path.clone(),
        });
        system.chain(self.readable.iter().map(|one| one.content.clone())).collect()
    }
}

/// Whether a folder is one of the system's: no person writes there.
pub fn is_of_system(folder: &Path) -> bool {
    // With a `..` it is somewhere else than it begins.
    let is_plain = !folder.components().any(|part| part == Component::ParentDir);
    is_plain && PROGRAMS.iter().chain(&STORES).any(|top| folder.starts_with(top))
}

/// Whether a path is no folder to work in: the whole system's, or that of all temporary files.
pub fn is_of_everybody(path: &Path) -> bool {
    const EXACT: [&str; 14] = [
        "/",
        "/tmp",
        "/var",
        "/home",
        "/root",
        "/mnt",
        "/srv",
        "/media",
        "/var/tmp",
        "/var/lib",
        "/var/log",
        "/var/cache",
        "/var/spool",
        "/opt",
    ];
    const BELOW: [&str; 12] = [
        "/proc", "/sys", "/dev", "/etc", "/run", "/boot", "/usr", "/bin", "/sbin", "/lib",
        "/lib32", "/lib64",
    ];
    EXACT.iter().any(|top| path == Path::new(top)) || BELOW.iter().any(|top| path.starts_with(top))
}

/// Whether a path is the home folder or above it: with that everything would be there.
pub fn holds(path: &Path, home: &Path) -> bool {
    home.starts_with(path)
}

/// The person's home folder, without links.
pub fn home_of(env: &Env) -> PathBuf {
    let home = env.get("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let home = home.or_else(home_on_record).map(|home| fs::canonicalize(&home).unwrap_or(home));
    // As in containers: with that everything would be a home folder.
    home.filter(|home| home != Path::new("/")).unwrap_or_else(|| PathBuf::from("/nonexistent"))
}

/// Whether a folder that a variable names is what such a folder is, and not one with anything else in it.
fn is_toolchain(root: &Path) -> bool {
    ["bin", "shims", "versions", "installs", "pkg"].iter().any(|name| root.join(name).is_dir())
}

impl ReadablePath {
    fn itself(path: &Path) -> Self {
        Self { path: path.to_owned(), content: path.to_owned() }
    }
}

/// Decides what of the person's folders is a toolchain's.
struct Lookup<'a> {
    home: &'a Path,
    /// As the environment has it: it may be a link.
    home_as_set: Option<&'a Path>,
    access: &'a SandboxAccess,
}

impl Lookup<'_> {
    /// `None` for what is not there, for what is there anyway, and for what would open more than it names:
    /// the home folder, or where a link in a folder that the program writes leads.
    fn readable(&self, path: &Path) -> Option<ReadablePath> {
        let content = fs::canonicalize(path).ok()?;
        let path = without_dots(path);
        let is_in = |path: &Path| self.access.dirs().iter().any(|dir| path.starts_with(dir));
        let is_written = is_in(&path) || is_in(&content);
        let is_odd = !is_of_system(&content)
            && STATE.iter().any(|top| content.starts_with(top) || path.starts_with(top));
        let is_there = is_of_system(&path) && is_of_system(&content);
        let opens_home = holds(&content, self.home) || holds(&path, self.home);
        // A link below the home folder may have been left there by a program.
        let is_linked = content.starts_with(self.home) && content != self.without_home_link(&path);
        if is_written || is_odd || is_there || opens_home || is_linked {
            return None;
        }
        Some(ReadablePath { path, content })
    }

    /// A path below the home folder, by the folder's own name where it is reached by a link.
    fn without_home_link(&self, path: &Path) -> PathBuf {
        let below = self.home_as_set.and_then(|home| path.strip_prefix(home).ok());
        below.map_or_else(|| path.to_owned(), |below| self.home.join(below))
    }
}

fn system_path(path: &Path) -> Option<SystemPath> {
    let data = fs::symlink_metadata(path).ok()?;
    if !data.is_symlink() {
        return Some(SystemPath::Read(path.to_owned()));
    }
    let target = fs::read_link(path).ok()?;
    // A link to a place that is mounted is a link there, too; another is its content.
    let whole = path.parent().unwrap_or(Path::new("/")).join(&target);
    if is_of_system(&whole) && path.parent() == Some(Path::new("/")) {
        Some(SystemPath::Link { path: path.to_owned(), target })
    } else {
        path.exists().then(|| SystemPath::Read(path.to_owned()))
    }
}
