//! What counts as a call, as tables.

use crate::flow::setup::install::calls::{HookCall, ScriptLine, in_configuration, in_script};
use crate::flow::setup::install::script_lines::lines;

/// A verdict as one word, with the line that it names.
fn said(call: HookCall) -> String {
    let (word, place) = match call {
        HookCall::Runs { behind: Some(place) } => ("behind", Some(place)),
        HookCall::Runs { behind: None } => ("runs", None),
        HookCall::Absent => ("absent", None),
        HookCall::Named => ("named", None),
        HookCall::Unread => ("unread", None),
        HookCall::WindowsLines => ("windows", None),
        HookCall::Unreached(place) => ("unreached", Some(place)),
        HookCall::Sometimes(place) => ("sometimes", Some(place)),
        HookCall::Ignored(place) => ("ignored", Some(place)),
    };
    place.map_or(word.to_owned(), |ScriptLine { number, .. }| format!("{word} {number}"))
}

/// A call of the hook by itself.
const CALL: &str = "tribunal hook pre-commit \"$@\"";

fn check(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        assert_eq!(said(in_script(text.as_bytes(), "pre-commit", false)), *expected, "{text}");
    }
}

#[test]
fn a_call_counts_where_the_script_comes_to_it_and_ends_with_its_answer() {
    let call = CALL;
    check(&[
        (format!("{call}\n"), "runs"),
        (format!("#!/bin/sh\n# a comment\nset -eu\n{call}\nnpm test\n"), "runs"),
        (format!("#!/bin/sh -e\n{call}\nnpm test\n"), "runs"),
        (format!("#!/bin/sh\n{call} || exit $?\nnpm test\n"), "runs"),
        (format!("{call} || {{ echo no; exit 1; }}\nnpm test\n"), "runs"),
        (format!("if ! {call}; then\n  exit 1\nfi\nnpm test\n"), "runs"),
        (format!("{call}; code=$?\nnpm test\nexit $code\n"), "runs"),
        (format!("exec </dev/tty\nexec {call}\n"), "runs"),
        (format!("FOO=1 /opt/bin/{call}\n"), "runs"),
        (format!("\"$HOME/.cargo/bin/tribunal\" -q hook 'pre-commit' \"$@\"\n{}", ""), "runs"),
        (format!("tribunal \\\n  hook pre-commit\n{}", ""), "runs"),
        (format!("mise exec -- {call}\n"), "runs"),
        (format!("sh -c '{call}' --\n"), "runs"),
        (format!("exec /bin/bash -ec '{call}' --\n"), "runs"),
        (format!("command -v tribunal >/dev/null && {call}\n"), "runs"),
        (format!("command -v tribunal >/dev/null || exit 0\n{call}\n"), "runs"),
        (format!("if ! which tribunal; then\n  echo none\nelse\n  {call}\nfi\n"), "runs"),
        (format!("if [ -x /usr/bin/tribunal ]; then {call}; else echo none; fi\n"), "runs"),
        (lines("pre-commit") + "npm test\n", "runs"),
        (format!(". \"$(dirname -- \"$0\")/_/husky.sh\"\n\n{call}\nnpm test\n"), "runs"),
        (format!("npm test\n{call}\n"), "behind 1"),
        (format!("[ -n \"$CI\" ] && exit 0\n{call}\n"), "behind 1"),
        (
            format!("a=(x 'y z')\ncase $a in\n  (x | y) echo \"$(echo ')')\" ;;\nesac\n{call}\n"),
            "behind 3",
        ),
        (format!("cat <<'END' >notes\nit's ( open\nEND\n{call}\n"), "behind 1"),
    ]);
}

#[test]
fn a_call_does_not_count_that_may_not_run_or_is_not_heard() {
    let call = CALL;
    check(&[
        (format!("exit 0\n{call}\n"), "unreached 1"),
        (format!("#!/bin/sh\nexec npm test\n{call}\n"), "unreached 2"),
        (format!("{{ exit; }}\n{call}\n"), "behind 1"),
        (format!("f() {{\n  {call}\n}}\n"), "sometimes 1"),
        (format!("function f {{\n  {call}\n}}\n"), "sometimes 1"),
        (format!("if false; then\n  {call}\nfi\n"), "sometimes 1"),
        (format!("if command -v tribunal; then\n  true\nelse\n  {call}\nfi\n"), "sometimes 1"),
        (
            format!("if [ -z \"$CI\" ]; then\n  if command -v tribunal; then {call}; fi\nfi\n"),
            "sometimes 1",
        ),
        (format!("while read -r x; do {call}; done\n"), "sometimes 1"),
        (format!("case $x in a) {call} ;; esac\n"), "sometimes 1"),
        (format!("[ -z \"$CI\" ] &&\n  {call}\n"), "sometimes 1"),
        // Where its answer is lost.
        (format!("{call}\nnpm test\n"), "ignored 1"),
        (format!("set -e\n{call} || true\n"), "ignored 2"),
        (format!("set -e\n{call} || exit 0\n"), "ignored 2"),
        (format!("{call} &\n"), "ignored 1"),
        (format!("set -e\n{call} | tee log\n"), "ignored 2"),
        (format!("if {call}; then echo good; fi\n"), "ignored 1"),
        (format!("set -e\n{call} && npm test\nnpm run more\n"), "ignored 2"),
        (format!("({call}) | cat\n"), "ignored 1"),
    ]);
}

#[test]
fn a_text_that_only_names_the_call_is_none() {
    let call = CALL;
    check(&[
        (format!("echo {call}\n"), "absent"),
        (format!("echo run {call}\n"), "absent"),
        (format!("# {call}\ntrue # {call}\n"), "absent"),
        ("echo 'then: tribunal hook pre-commit'\n".to_owned(), "absent"),
        (format!("cat <<END\n{call}\nEND\n"), "absent"),
        (format!("cat <<-\"END\"\n\t{call}\n\tEND\n"), "absent"),
        ("x='\ntribunal hook pre-commit\n'\n".to_owned(), "absent"),
        (
            "tribunal hook commit-msg\ntribunal hook pre-commit-x\ntribunal check\n".to_owned(),
            "absent",
        ),
        (String::new(), "absent"),
        // What is not read.
        (format!("echo \"open\n{call}\n"), "unread"),
        (format!("if true; then\n{call}\n"), "unread"),
        (format!("{call}\nfi\n"), "unread"),
        ("if x; then\n".repeat(100) + call, "unread"),
        (format!("#!/usr/bin/env python3\nrun('{call}')\n"), "named"),
        (format!("#!/usr/bin/env node\n// {call}\n"), "absent"),
        (format!("{call} || exit $?\r\nnpm test\r\n"), "windows"),
        ("npm test\r\n".to_owned(), "absent"),
    ]);
}

#[test]
fn what_is_run_by_a_shell_that_ends_at_errors_needs_no_word_for_it() {
    let text = b"tribunal hook pre-commit\nnpm test\n";
    assert_eq!(said(in_script(text, "pre-commit", true)), "runs");
    assert_eq!(said(in_script(text, "pre-commit", false)), "ignored 1");
    // And nothing that comes behind a commit can stop it.
    let text = b"tribunal hook post-commit\nnpm test\n";
    assert_eq!(said(in_script(text, "post-commit", false)), "runs");
    let text = lines("pre-push") + "npm test\n";
    assert_eq!(said(in_script(text.as_bytes(), "pre-push", false)), "runs");
}

#[test]
fn a_configuration_calls_by_a_command_or_by_an_id() {
    for (text, event, expected) in [
        ("  run: command -v tribunal || exit 0; tribunal hook pre-push {1}\n", "pre-push", true),
        (
            "    - run: if command -v tribunal >/dev/null; then tribunal hook pre-commit; fi\n",
            "pre-commit",
            true,
        ),
        ("    - {run: tribunal hook pre-commit}\n", "pre-commit", true),
        ("  \"run\": \"tribunal hook pre-commit\",\n", "pre-commit", true),
        ("run = 'tribunal hook pre-commit'\n", "pre-commit", true),
        (
            "  run: |\n    if command -v tribunal; then\n      tribunal hook pre-commit\n    fi\n",
            "pre-commit",
            true,
        ),
        (
            "entry: sh -c 'command -v tribunal || exit 0; exec tribunal hook pre-commit'\n",
            "pre-commit",
            true,
        ),
        ("      - id: tribunal-pre-merge-commit\n", "pre-merge-commit", true),
        ("      - id: tribunal-pre-commit # ours\n", "pre-commit", true),
        ("      - id: tribunal-pre-commit-x\n", "pre-commit", false),
        ("      # - id: tribunal-pre-commit\n", "pre-commit", false),
        ("  run: echo tribunal hook pre-commit\n", "pre-commit", false),
        ("  run: true # tribunal hook pre-commit\n", "pre-commit", false),
        ("  run: tribunal hook pre-commit || true\n", "pre-commit", false),
        ("  fail_text: tribunal hook pre-commit\n", "pre-commit", false),
        ("  # run: tribunal hook pre-commit\n", "pre-commit", false),
        ("  run: tribunal hook pre-commit\n", "commit-msg", false),
    ] {
        assert_eq!(in_configuration(text.as_bytes(), event), expected, "{text}");
    }
}

proptest::proptest! {
    /// Whatever stands in a script, it is read to an end.
    #[test]
    fn drawn_scripts_are_read(words in proptest::collection::vec(0..WORDS.len(), 0..40)) {
        let text: String = words.iter().map(|word| WORDS[*word]).collect();
        let call = in_script(text.as_bytes(), "pre-commit", false);
        if let HookCall::Runs { .. } = call {
            proptest::prop_assert!(text.contains("tribunal"));
        }
    }
}

const WORDS: [&str; 34] = [
    "tribunal hook pre-commit",
    "if ",
    "then ",
    "else ",
    "fi ",
    "\n",
    "; ",
    " && ",
    " || ",
    " | ",
    " & ",
    "'",
    "\"",
    "\\",
    "$(",
    ")",
    "(",
    "{ ",
    "} ",
    "case x in ",
    "esac ",
    ";; ",
    "<<END\n",
    "END\n",
    "#",
    "`",
    "exit ",
    "while ",
    "do ",
    "done ",
    "f() ",
    "${",
    "a=(",
    "[[ ",
];
