//! What a task may touch, measured on what it left.

use crate::domain::model::globs::Globs;
use crate::domain::review::fix_limits::{RepairedFile, is_steering, is_test_path, weakened_tests};

/// What a step of a task may touch.
#[derive(Clone, Copy)]
pub struct TaskBounds<'a> {
    /// The paths that are named for it; `None` where none are.
    pub touches: Option<&'a Globs>,
    pub named_by: NamedBy,
    /// Whether a path is one of the policy or its rules.
    pub is_policy: fn(&[u8]) -> bool,
    /// The files that the test commands name: what they print is what the tests are seen by.
    pub runners: &'a [String],
    /// Whether a path is one of a spec.
    pub is_spec: &'a dyn Fn(&str) -> bool,
    /// Whether a path is one that reviews leave out and the spec does not name.
    pub is_left_out: &'a dyn Fn(&str) -> bool,
}

/// Who names the paths of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    Spec,
    Task,
    Diagnosis,
}

impl NamedBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "the spec's `touches`",
            Self::Task => "the task's list of files",
            Self::Diagnosis => "the diagnosis",
        }
    }
}

/// Whether a path is one of tests, and of what belongs to them. Below the folder of the code `spec` and
/// `testing` are ordinary names.
pub fn is_test(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    if is_test_path(name) {
        return true;
    }
    let mut is_code = false;
    for folder in folders.split('/').map(str::to_lowercase) {
        match folder.as_str() {
            "test" | "tests" | "__tests__" | "e2e" | "testdata" => return true,
            "spec" | "specs" | "testing" if !is_code => return true,
            "src" | "lib" => is_code = true,
            _ => {}
        }
    }
    false
}

/// The names of files by which a project is built and tested, and by which it takes in the code of others.
const MANIFESTS: [&str; 22] = [
    "Cargo.toml",
    "build.rs",
    "package.json",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "pytest.ini",
    "tox.ini",
    "conftest.py",
    "requirements.txt",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Gemfile",
    "Rakefile",
    "Makefile",
    "Justfile",
    "CMakeLists.txt",
    "tsconfig.json",
    ".npmrc",
    ".babelrc",
];

/// The beginnings of the names of settings of test runners: `jest.config.js`.
const RUNNER_SETTINGS: [&str; 6] = [
    "jest.config.",
    "vitest.config.",
    "karma.conf.",
    ".mocharc",
    "babel.config.",
    "playwright.config.",
];

/// Whether a file says how the project is built and tested.
pub fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    MANIFESTS.iter().any(|known| known.eq_ignore_ascii_case(name))
        || RUNNER_SETTINGS.iter().any(|start| name.starts_with(start))
        || [".cargo/", ".github/", ".circleci/"].iter().any(|folder| path.starts_with(folder))
        || [".gitlab-ci.yml", ".gitmodules", ".travis.yml", "Jenkinsfile"].contains(&path)
}

/// What package managers write beside a manifest: nobody reads it, and tests need it.
const LOCKS: [&str; 9] = [
    "Cargo.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "poetry.lock",
    "uv.lock",
    "Gemfile.lock",
    "composer.lock",
    "go.sum",
];

/// Whether a package manager writes it beside a manifest.
pub fn is_lock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    LOCKS.contains(&name)
}

impl TaskBounds<'_> {
    fn steering(&self, files: &[RepairedFile]) -> Vec<String> {
        let files = files.iter().filter(|file| is_steering(&file.path, self.is_policy));
        let refused = files.map(|file| {
            format!(
                "it changed `{}`: the policy, the rules and the instructions of agents are no task's to change",
                file.path
            )
        });
        refused.collect()
    }

    /// Why no task may change a file of that path, as far as its path tells.
    pub fn forbids(&self, path: &str) -> Option<&'static str> {
        let is_runner = self.runners.iter().any(|runner| runner == path);
        if is_steering(path, self.is_policy) {
            Some("the policy, the rules and the instructions of agents are no task's to change")
        } else if (self.is_spec)(path) {
            Some("what is to be built is no task's to change")
        } else if is_runner {
            Some("it runs the tests")
        } else if self.is_unread(path) {
            Some("no review reads it (`review.leave-out`)")
        } else {
            None
        }
    }

    /// Whether code in a file of that path would be taken without anybody who read it.
    fn is_unread(&self, path: &str) -> bool {
        (self.is_left_out)(path) && !is_lock(path) && !is_test(path)
    }

    /// Changes to how the tests run, by which anything could be made to pass.
    fn running(&self, files: &[RepairedFile]) -> Vec<String> {
        let is_named = |path: &str| self.touches.is_some_and(|globs| globs.names(path));
        let mut refused = Vec::new();
        for RepairedFile { path, .. } in files {
            if (self.is_spec)(path) {
                refused.push(format!(
                    "it changed the spec `{path}`: what is to be built is no task's to change"
                ));
            } else if self.runners.contains(path) {
                refused.push(format!("it changed `{path}`, which runs the tests"));
            } else if self.is_unread(path) {
                refused.push(format!(
                    "it changed `{path}`, which no review reads (`review.leave-out`)"
                ));
            } else if is_manifest(path) && !is_named(path) {
                refused.push(format!(
                    "it changed `{path}`, which decides how the project is built and tested, and {} does not \
                     name it",
                    self.named_by.as_str()
                ));
            }
        }
        refused
    }
}

/// Why what a step left that writes tests is refused, one a line. It writes tests alone, in files of their
/// own, and leaves those that are there at least as strong.
pub fn refuse_tests(files: &[RepairedFile], bounds: TaskBounds<'_>) -> Vec<String> {
    let mut refused = bounds.steering(files);
    refused.extend(bounds.running(files));
    for file in files.iter().filter(|file| !is_test(&file.path)) {
        if !is_steering(&file.path, bounds.is_policy) {
            refused.push(format!(
                "it changed `{}`, which is no file of tests: the tests come first, in files of their own",
                file.path
            ));
        }
    }
    for file in files.iter().filter(|file| is_test(&file.path)) {
        if let Some(old) = &file.old
            && !only_declares(old, file.new.as_deref().unwrap_or_default())
        {
            refused.push(format!(
                "it changed `{}`, which was there: new tests need files of their own, and what is there \
                 may only gain lines that name them",
                file.path
            ));
        }
    }
    refused.extend(weakened_tests(files));
    refused
}

/// The words with which a file names another one.
const DECLARATIONS: [&str; 10] = [
    "mod ",
    "pub mod ",
    "use ",
    "import ",
    "from ",
    "#include ",
    "require",
    "export ",
    "source ",
    ". ",
];

/// Whether a text is as it was but for added lines that name another file.
fn only_declares(old: &str, new: &str) -> bool {
    let mut left = old.lines().peekable();
    for line in new.lines() {
        if left.peek() == Some(&line) {
            left.next();
        } else if !is_declaration(line) {
            return false;
        }
    }
    left.next().is_none()
}

/// A text without the lines that name another file.
pub(super) fn without_declarations(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !is_declaration(line)).collect()
}

fn is_declaration(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || DECLARATIONS.iter().any(|word| line.starts_with(word))
}

/// Who wrote the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeStep {
    /// The step that writes it.
    Code,
    /// Fixes of its review, which may bring tests of their own.
    Fixes,
}

/// Why what was left by who writes code is refused, one a line. The tests are as they were when they failed,
/// and nothing is touched that the spec does not name.
pub fn refuse_code(files: &[RepairedFile], bounds: TaskBounds<'_>, step: CodeStep) -> Vec<String> {
    let mut refused = bounds.steering(files);
    refused.extend(bounds.running(files));
    for file in files.iter().filter(|file| !is_steering(&file.path, bounds.is_policy)) {
        if is_test(&file.path) {
            if step == CodeStep::Fixes && file.old.is_none() && !file.is_deleted {
                continue;
            }
            refused.push(format!(
                "it changed `{}`: the tests stay as they were when they failed",
                file.path
            ));
        } else if bounds.touches.is_some_and(|globs| !globs.matches(&file.path)) {
            refused.push(format!(
                "it changed `{}`, which {} does not name",
                file.path,
                bounds.named_by.as_str()
            ));
        }
    }
    // Tests that stand beside the code, in its own file.
    let code: Vec<RepairedFile> =
        files.iter().filter(|file| !is_test(&file.path)).cloned().collect();
    refused.extend(weakened_tests(&code));
    refused
}
