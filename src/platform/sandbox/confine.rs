//! The second process image of this program, inside the sandbox: takes the last rights away, and becomes
//! the wanted program.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
};

use crate::platform::process::keep_descriptors;
use crate::platform::sandbox::access::{
    FAILED, InnerSetup, LandlockPaths, NetworkAccess, ResourceLimits,
};
use crate::platform::sandbox::syscalls::{Isolation, refuse};

/// The least that Landlock must be able to do: to hold what is renamed or linked into another folder (2),
/// and what is cut short (3).
const NEEDED: ABI = ABI::V3;

/// What is asked for beyond that, where the kernel has it: network (4), devices (5), signals and abstract
/// sockets (6).
const WANTED: ABI = ABI::V6;

/// Devices that every program may use; no terminal: what is written to one with `TIOCSTI` its shell runs.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Becomes a program. `words` are what [`InnerSetup`] says, as JSON, the program and its arguments. Returns
/// only where that fails.
pub fn run(mut words: impl Iterator<Item = OsString>) -> Result<()> {
    let (Some(confined), Some(program)) = (words.next(), words.next()) else {
        bail!("nothing to run");
    };
    let confined: InnerSetup = confined
        .to_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .context("what holds the program cannot be read")?;
    // What our parent had open leads out: a folder's descriptor is a way to all beneath it.
    keep_descriptors();
    limit(confined.limits).context("could not set the limits")?;
    let held = match &confined.landlock {
        None => {
            // Abstract sockets are in the network, which may be that of this machine.
            isolate()?.restrict_self().context("could not restrict the program with Landlock")?;
            Isolation::ByNamespaces
        }
        Some(paths) => {
            drop_capabilities().context("could not drop the rights of root")?;
            restrict(paths).context("could not restrict the program with Landlock")?;
            Isolation::ByLandlock(paths.network)
        }
    };
    refuse(held).context("could not refuse system calls")?;
    #[expect(clippy::disallowed_methods, reason = "it becomes the program: nothing is started")]
    let source = Command::new(&program).args(words).exec();
    Err(NotStarted { program: program.to_string_lossy().into_owned(), source }.into())
}

/// The program is not there, or cannot be executed.
#[derive(Debug, thiserror::Error)]
#[error("could not start `{program}`")]
struct NotStarted {
    program: String,
    source: io::Error,
}

/// The number that a shell ends with where a program could not be run for this reason; that of the sandbox's
/// own failures else.
pub fn code_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<NotStarted>() {
        Some(failed) if failed.source.kind() == io::ErrorKind::NotFound => 127,
        Some(_) => 126,
        None => FAILED,
    }
}

/// A rule set that keeps signals and abstract sockets within, where the kernel can.
fn isolate() -> Result<RulesetCreated> {
    let rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    Ok(rules.scope(Scope::from_all(WANTED))?.create()?)
}

/// Root has rights beyond its files, which Landlock does not hold. Others have none to drop.
fn drop_capabilities() -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    for capability in CapabilitySet::all().iter() {
        match remove_capability_from_bounding_set(capability) {
            // One that this kernel does not know.
            Err(Errno::INVAL) | Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(set_capabilities(None, sets)?)
}

fn limit(limits: ResourceLimits) -> io::Result<()> {
    let all = [
        (Resource::Nproc, limits.processes),
        // Of the memory that is a process's own: what it only sets aside does not count, so that Go, Node
        // and Java start.
        (Resource::Data, limits.memory),
        (Resource::Fsize, limits.disk),
        (Resource::Nofile, limits.open_files),
        (Resource::Core, 0),
    ];
    for (resource, most) in all {
        let known = rustix::process::getrlimit(resource);
        let most = known.maximum.map_or(most, |maximum| maximum.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

fn restrict(paths: &LandlockPaths) -> Result<()> {
    // No build makes devices.
    let all = AccessFs::from_all(WANTED) & !(AccessFs::MakeBlock | AccessFs::MakeChar);
    let read = AccessFs::from_read(WANTED);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?;
    if paths.network == NetworkAccess::None {
        rules = rules.handle_access(AccessNet::from_all(WANTED))?;
    }
    let mut rules = rules.create()?;
    let allow = |path: &Path, access| {
        // A file has no rights of folders.
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) };
        PathFd::new(path).ok().map(|file| PathBeneath::new(file, access))
    };
    let readable = paths.readable.iter().filter_map(|path| allow(path, read));
    let writable = paths.writable.iter().filter_map(|path| allow(path, all));
    // What programs learn of themselves. Of others it tells their names and arguments alone.
    let processes = allow(Path::new("/proc"), read);
    let devices = DEVICES.iter().filter_map(|path| allow(Path::new(path), all));
    for rule in readable.chain(writable).chain(processes).chain(devices) {
        rules = rules.add_rule(rule)?;
    }
    if rules.restrict_self()?.ruleset == RulesetStatus::NotEnforced {
        bail!("this kernel does not enforce it");
    }
    Ok(())
}
