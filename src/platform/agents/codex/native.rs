//! The program behind the launcher that npm installs, which is a script for node.

use std::fs;
use std::path::{Path, PathBuf};

use crate::platform::process;

/// The program itself, where `launcher` is npm's and it can be found near it.
pub fn beside(launcher: &Path) -> Option<PathBuf> {
    let script = fs::canonicalize(launcher).ok()?;
    if script.extension()? != "js" {
        return None;
    }
    let (package, triple) = platform()?;
    // `<package>/bin/codex.js`
    let top = script.parent()?.parent()?;
    let scope = top.parent()?;
    let folders = [scope.join(package), top.join("node_modules/@openai").join(package), top.into()];
    let inside = ["bin/codex", "codex/codex"];
    let places = folders.iter().flat_map(|folder| {
        inside.iter().map(move |name| folder.join("vendor").join(triple).join(name))
    });
    places.into_iter().find(|place| process::is_program(place))
}

/// The words that npm's packages have for this machine.
fn platform() -> Option<(&'static str, &'static str)> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(("codex-linux-x64", "x86_64-unknown-linux-musl")),
        ("linux", "aarch64") => Some(("codex-linux-arm64", "aarch64-unknown-linux-musl")),
        ("macos", "x86_64") => Some(("codex-darwin-x64", "x86_64-apple-darwin")),
        ("macos", "aarch64") => Some(("codex-darwin-arm64", "aarch64-apple-darwin")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{beside, platform};

    #[test]
    fn the_program_behind_the_launcher_is_found() {
        let Some((package, triple)) = platform() else { return };
        let top = tempfile::tempdir().unwrap();
        let modules = top.path().join("node_modules/@openai");
        fs::create_dir_all(modules.join("codex/bin")).unwrap();
        fs::create_dir(top.path().join("bin")).unwrap();
        File::create(modules.join("codex/bin/codex.js")).unwrap();
        let launcher = top.path().join("bin/codex");
        symlink(modules.join("codex/bin/codex.js"), &launcher).unwrap();
        assert_eq!(beside(&launcher), None);

        let program = modules.join(package).join("vendor").join(triple).join("bin/codex");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        File::create(&program).unwrap();
        assert_eq!(beside(&launcher), None, "it cannot be executed");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(beside(&launcher), Some(fs::canonicalize(&program).unwrap()));
        assert_eq!(beside(&program), None, "it is the program already");
    }
}
