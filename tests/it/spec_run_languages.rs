//! A run of a spec in a project with the real tools of its language, and what tests need that use such tools.

use std::path::Path;

use crate::harness::{Repo, Sandbox};
use crate::needs::{Need, skip};
use crate::scene::Scene;
use crate::spec_runs::{Step, builder, run, writes};

/// The folder of the toolchain that builds this test: what `rustup` puts in its place is in no sandbox.
fn toolchain() -> &'static Path {
    Path::new(env!("CARGO")).parent().unwrap()
}

/// Has the programs in a sandbox find the toolchain.
pub fn with_rust(sandbox: &mut Sandbox) {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", toolchain().display());
    sandbox.vars.push(("PATH", path));
    // The home folder is another one here.
    if let Some(toolchains) = toolchain().ancestors().find(|it| it.ends_with("toolchains")) {
        let rustup = toolchains.parent().unwrap().display().to_string();
        sandbox.vars.push(("RUSTUP_HOME", rustup));
    }
}

/// A project of one language.
struct Project {
    /// The policy's command.
    command: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// A name that the spec uses.
    call: &'static str,
    tests: &'static [(&'static str, &'static str)],
    code: &'static [(&'static str, &'static str)],
}

const JAVASCRIPT: Project = Project {
    command: "run = 'node --test --test-reporter=junit --test-reporter-destination=\"$TRIBUNAL_REPORT\" test/'\n\
         format = \"junit\"",
    files: &[
        ("package.json", "{ \"name\": \"sizes\", \"type\": \"module\", \"private\": true }\n"),
        ("src/double.js", "export const double = (n) => n * 2;\n"),
        (
            "test/double.test.js",
            "import test from 'node:test';\nimport assert from 'node:assert';\nimport { double } from '../src/double.js';\n\
             test('doubles', () => assert.equal(double(2), 4));\n",
        ),
    ],
    call: "parseSize",
    tests: &[(
        "test/size.test.js",
        "import test from 'node:test';\nimport assert from 'node:assert';\nimport { parseSize } from '../src/size.js';\n\
         test('a size with a unit is read', () => assert.equal(parseSize('2K'), 2048));\n\
         test('what is no size is none', () => assert.equal(parseSize('K'), undefined));\n",
    )],
    code: &[(
        "src/size.js",
        "/** Reads a size such as `2K`, in bytes. */\nexport function parseSize(text) {\n  \
         const found = /^(\\d+)K$/.exec(text);\n  return found ? Number(found[1]) * 1024 : undefined;\n}\n",
    )],
};

/// The scene, in which the toolchain that builds this test is found.
pub fn with_toolchain(mut scene: Scene) -> Scene {
    with_rust(&mut scene.sandbox);
    scene
}

/// Whether there is a `node`; else the test is left out, which is said.
pub fn has_node(test: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join("node").exists());
    if !found {
        skip(test, Need::Agents, "there is no `node`");
    }
    found
}

impl Project {
    fn scene(&self) -> Scene {
        let done = "SUBJECT: feat(size): read sizes with a unit";
        let steps = |files, says| -> Vec<Step> { vec![writes(files, says)] };
        with_toolchain(builder(steps(self.tests, ""), steps(self.code, done), &[]))
    }

    fn repo<'a>(&self, scene: &'a Scene) -> Repo<'a> {
        let repo = scene.sandbox.repo("r");
        for (path, text) in self.files {
            repo.write(path, text);
        }
        let policy =
            format!("[gates]\nscope = \"off\"\n[[commands]]\nname = \"tests\"\n{}\n", self.command);
        repo.write("tribunal.toml", policy).commit_unjudged("feat: double");
        repo.tribunal(&["trust", "commands", "--yes"]).ok();
        let spec = format!(
            "---\nid: sizes\nstatus: ready\nsize: S\n---\n# Read sizes with a unit\n\n## Goal\n\nPeople write `2K`.\n\n\
             ## Acceptance criteria\n\n- **AC-1** WHEN `{}` is given `2K` THEN it gives 2048. verify: test\n",
            self.call
        );
        repo.write("docs/specs/sizes.md", spec);
        repo
    }

    /// Builds the spec; each commit of the branch passes the tests by itself.
    fn is_built(&self) {
        let scene = self.scene();
        let repo = self.repo(&scene);
        let json = run(&repo).ok().json();
        assert_eq!(json["verdict"], "pass", "{json}");
        let touched = repo.git(&["diff", "--name-only", "main", "tribunal/sizes"]).ok();
        for (path, _) in self.tests.iter().chain(self.code) {
            assert!(touched.out().contains(path), "{path} in {touched}");
        }
        repo.git(&["checkout", "--quiet", "tribunal/sizes"]).ok();
        repo.tribunal(&["check", "--commands", "--all"]).ok();
    }
}

#[test]
fn a_spec_is_built_in_a_javascript_project() {
    if has_node("a_spec_is_built_in_a_javascript_project") {
        JAVASCRIPT.is_built();
    }
}
