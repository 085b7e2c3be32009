//! What the run of the demo needs of the machine: Rust, and something that holds what agents wrote.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cli::demo::stage::{DemoStage, aside};
use crate::domain::model::error::hinted;
use crate::platform::config::env::Env;
use crate::platform::process::{Cmd, is_program};
use crate::platform::sandbox::access::FAILED;
use crate::platform::ui::ask::{OnEnter, yes_or_no};

/// Has the programs of the demo find this user's Rust: their home folder is another one.
pub fn find(stage: &mut DemoStage, env: &Env) -> Result<()> {
    let missing = |why: &str| {
        hinted(
            format!("the run is shown with a project in Rust, and {why}"),
            "install Rust (https://rustup.rs); `tribunal demo guard` shows the rest without it",
        )
    };
    let asked = Cmd::new("rustc", &stage.root).args(["--print", "sysroot"]).capture();
    let asked = asked.map_err(|error| missing(&error.to_string()))?;
    let root = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if asked.code() != 0 || !root.is_absolute() {
        return Err(missing("`rustc --print sysroot` does not say where it is"));
    }
    let programs = root.join("bin");
    if is_program(&programs.join("cargo")) {
        let path = env.get("PATH").unwrap_or_default();
        let folders = [programs].into_iter().chain(std::env::split_paths(path));
        stage.set_var("PATH", std::env::join_paths(folders)?);
    }
    // Where rustup keeps it, below another home folder.
    if let Some(toolchains) = root.ancestors().find(|folder| folder.ends_with("toolchains"))
        && let Some(rustup) = toolchains.parent().map(Path::as_os_str)
    {
        stage.set_var("RUSTUP_HOME", OsString::from(rustup));
    }
    Ok(())
}

/// What the person's own settings are to say of the sandbox, so that what the agent writes can be tested here.
pub fn sandbox_settings(stage: &DemoStage) -> Result<&'static str> {
    let words = ["sandbox", "--", "cargo", "--version"];
    let answer = stage.typed("tribunal", &words)?;
    if answer.code() != i32::from(FAILED) {
        answer.passes("`cargo` in the sandbox")?;
        aside(
            "It is there: what the agent writes is built and tested in it, without network and home folder.",
        );
        return Ok("");
    }
    let question = "Nothing here holds what an agent wrote. In this demo that is text which came with it: run it with \
                    your rights?";
    if yes_or_no(question, OnEnter::No)? == Some(true) {
        return Ok("\n[sandbox]\nwithout = \"run\"\n");
    }
    Err(hinted(
        "nothing here can hold what an agent wrote, so that no run can be shown",
        "on Linux install bubblewrap, elsewhere answer the question on a terminal; `tribunal demo guard` shows the rest",
    ))
}
