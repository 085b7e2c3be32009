//! What a task may touch, measured on what it left.

use globset::GlobSet;

use crate::domain::review::fix_limits::{RepairedFile, is_steering, is_test_path, weakened_tests};

/// What a step of a task may touch.
#[derive(Clone, Copy)]
pub struct TaskBounds<'a> {
    /// The paths that the spec names with `touches`; `None` where it names none.
    pub touches: Option<&'a GlobSet>,
    /// Whether a path is one of the policy or its rules.
    pub is_policy: fn(&[u8]) -> bool,
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
}

/// Why what a step left that writes tests is refused, one a line. It writes tests alone, in files of their
/// own, and leaves those that are there at least as strong.
pub fn refuse_tests(files: &[RepairedFile], bounds: TaskBounds<'_>) -> Vec<String> {
    let mut refused = bounds.steering(files);
    for file in files.iter().filter(|file| !is_test_path(&file.path)) {
        if !is_steering(&file.path, bounds.is_policy) {
            refused.push(format!(
                "it changed `{}`, which is no file of tests: the tests come first, in files of their own",
                file.path
            ));
        }
    }
    for file in files.iter().filter(|file| is_test_path(&file.path)) {
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
        let is_declaration = || {
            let line = line.trim_start();
            line.is_empty() || DECLARATIONS.iter().any(|word| line.starts_with(word))
        };
        if left.peek() == Some(&line) {
            left.next();
        } else if !is_declaration() {
            return false;
        }
    }
    left.next().is_none()
}

/// Why what a step left that writes code is refused, one a line. The tests are as they were when they
/// failed, and nothing is touched that the spec does not name.
pub fn refuse_code(files: &[RepairedFile], bounds: TaskBounds<'_>) -> Vec<String> {
    let mut refused = bounds.steering(files);
    for file in files.iter().filter(|file| !is_steering(&file.path, bounds.is_policy)) {
        if is_test_path(&file.path) {
            refused.push(format!(
                "it changed `{}`: the tests stay as they were when they failed",
                file.path
            ));
        } else if bounds.touches.is_some_and(|globs| !globs.is_match(&file.path)) {
            refused.push(format!(
                "it changed `{}`, which the spec's `touches` does not name",
                file.path
            ));
        }
    }
    // Tests that stand beside the code, in its own file.
    let code: Vec<RepairedFile> =
        files.iter().filter(|file| !is_test_path(&file.path)).cloned().collect();
    refused.extend(weakened_tests(&code));
    refused
}
