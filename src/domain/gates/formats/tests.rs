//! Reports of other tools, and broken ones.

use crate::fuzz;
use proptest::prelude::{any, proptest};

use crate::domain::gates::formats::{ReportFormat, ReportSource};
use crate::domain::model::finding::Finding;
use crate::domain::model::gate::Gate;

const SOURCE: ReportSource<'_> =
    ReportSource { gate: Gate::Import, tool: "lint", root: "/home/me/project" };

fn read(format: &str, text: &str) -> Vec<Finding> {
    ReportFormat::from_name(format).unwrap().read(text, SOURCE).unwrap()
}

fn broken(format: &str, text: &str) -> String {
    ReportFormat::from_name(format).unwrap().read(text, SOURCE).unwrap_err().to_string()
}

/// A finding on one line, to compare with.
fn told(finding: &Finding) -> String {
    let Finding { rule, class, severity, message, suggestion, anchor, .. } = finding;
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        format!("{}:{}:{}-{}", place.kind.display(), place.line, place.column, place.end_line)
    });
    format!("{place} {severity} {rule} {class} | {message} | {suggestion} | {anchor}")
}

fn all_told(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(told).collect()
}

const SARIF: &str = r#"{
  "version": "2.1.0",
  "runs": [{
    "tool": {"driver": {"name": "CodeQL", "rules": [
      {"id": "js/sql-injection", "defaultConfiguration": {"level": "error"},
       "properties": {"security-severity": "8.8"}, "help": {"text": "use parameters"},
       "messageStrings": {"default": {"text": "query from {0}"}}},
      {"id": "js/odd", "shortDescription": {"text": "odd code"}, "defaultConfiguration": {"level": "note"}}
    ]}},
    "originalUriBaseIds": {"SRCROOT": {"uri": "file:///home/me/project/"}},
    "artifacts": [{"location": {"uri": "src/listed.js"}}],
    "results": [
      {"ruleId": "js/sql-injection", "message": {"id": "default", "arguments": ["a request"]},
       "locations": [{"physicalLocation": {
         "artifactLocation": {"uri": "src/a%20b.js", "uriBaseId": "SRCROOT"},
         "region": {"startLine": 3, "startColumn": 5, "endLine": 4, "snippet": {"text": "db.run(q)\n"}}}}]},
      {"ruleIndex": 1, "message": {}, "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]},
      {"ruleId": "js/odd", "level": "none", "message": {"text": "said to be noise"}},
      {"ruleId": "js/odd", "kind": "pass", "message": {"text": "passed"}},
      {"ruleId": "js/odd", "message": {"text": "suppressed"}, "suppressions": [{"kind": "inSource"}]},
      {"ruleId": "js/odd", "message": {"text": "not suppressed"}, "suppressions": [{"status": "rejected"}],
       "locations": [{"physicalLocation": {"artifactLocation": {"uri": "file:///elsewhere/x.js"}}}]}
    ]
  }]
}"#;

#[test]
fn sarif_is_read() {
    assert_eq!(
        all_told(&read("sarif", SARIF)),
        [
            "src/a b.js:3:5-4 high CodeQL::js/sql-injection security/code-injection | query from a request | use parameters | db.run(q)",
            "src/listed.js:0:0-0 low CodeQL::js/odd other/codeql-js-odd | odd code |  | ",
            "/elsewhere/x.js:0:0-0 low CodeQL::js/odd other/codeql-js-odd | not suppressed |  | ",
        ]
    );
    assert!(
        broken("sarif", "{").starts_with("not SARIF 2.1.0: EOF while parsing an object at line 1")
    );
    assert!(
        broken("sarif", r#"{"version": "2.0.0", "runs": []}"#).contains("its version is `2.0.0`")
    );
    assert!(broken("sarif", r#"{"version": "2.1.0"}"#).contains("missing field `runs`"));
    assert_eq!(
        read("sarif", r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}"#),
        []
    );
}

#[test]
fn cargo_json_is_read() {
    let span =
        r#"{"file_name":"src/a.rs","line_start":2,"line_end":2,"column_start":7,"is_primary":true,
        "text":[{"text":"let ä = b.unwrap();"}],"expansion":null,"suggested_replacement":null}"#
            .replace('\n', "");
    let foreign =
        r#"{"file_name":"/rustc/x/macros.rs","line_start":9,"line_end":9,"column_start":1,
        "is_primary":true,"text":[],"expansion":{"span":SPAN}}"#
            .replace('\n', "")
            .replace("SPAN", &span);
    let message = |code: &str, level: &str, spans: &str, children: &str| {
        format!(
            r#"{{"message":"said","code":{code},"level":"{level}","spans":[{spans}],"children":[{children}]}}"#
        )
    };
    let help = r#"{"level":"note","message":"why","spans":[]},{"level":"help","message":"try","spans":[{"file_name":"a","line_start":1,"line_end":1,"column_start":1,"is_primary":true,"suggested_replacement":"b?"}]}"#;
    let clippy = message(r#"{"code":"clippy::unwrap_used"}"#, "warning", &span, help);
    let rustc = message(r#"{"code":"unused_must_use"}"#, "error", &foreign, "");
    let envelope = |message: &str| {
        format!(r#"{{"reason":"compiler-message","package_id":"x","message":{message}}}"#)
    };
    let text = [
        "   Compiling x".to_owned(),
        envelope(&clippy),
        envelope(&clippy),
        r#"{"reason":"build-finished","success":false}"#.to_owned(),
        rustc,
        envelope(&message("null", "error", "", "")),
        r#"{"$message_type":"artifact","artifact":"x"}"#.to_owned(),
    ]
    .join("\n");
    assert_eq!(
        all_told(&read("cargo-json", &text)),
        [
            "src/a.rs:2:8-2 medium clippy::unwrap_used error-handling/panic | said | try: `b?` | let ä = b.unwrap();",
            "src/a.rs:2:8-2 high rustc::unused_must_use error-handling/unchecked-result | said |  | let ä = b.unwrap();",
        ]
    );
    let wrong = broken("cargo-json", "fine\n{\"reason\": \n");
    assert!(wrong.contains("at line 2 column"), "{wrong}");
    assert!(
        broken("cargo-json", r#"{"reason":"compiler-message","message":{}}"#)
            .contains("missing field")
    );
}

#[test]
fn rdjson_is_read() {
    let one = r#"{"message":"unused","location":{"path":"/home/me/project/a.py","range":{"start":{"line":3,"column":2},"end":{"line":5,"column":1}}},"severity":"ERROR","code":{"value":"F841"},"suggestions":[{"text":"x"}]}"#;
    let other = r#"{"message":"plain","location":{"path":"./b.py"}}"#;
    let report = format!(
        r#"{{"source":{{"name":"ruff"}},"severity":"INFO","diagnostics":[{one},{other}]}}"#
    );
    assert_eq!(
        all_told(&read("rdjson", &report)),
        [
            "a.py:3:2-4 high ruff::F841 correctness/dead-code | unused | replace it by `x` | ",
            "b.py:0:0-0 low ruff other/ruff | plain |  | ",
        ]
    );
    let lines = format!("{one}\n\n{other}\n");
    assert_eq!(read("rdjsonl", &lines).len(), 2);
    assert_eq!(read("rdjson", "\n"), []);
    assert!(
        broken("rdjson", &format!("{one}\n{{\"message\":\"x\"}}\n"))
            .contains("missing field `location` at line 2")
    );
    assert!(broken("rdjson", "{\"diagnostics\": 3}").contains("invalid type"));
}

#[test]
fn codex_is_read() {
    let plugin = r#"{"verdict":"needs-attention","summary":"s","findings":[{"severity":"critical","title":"Token is logged","body":"It ends in the log.","file":"src/a.rs","line_start":4,"line_end":6,"confidence":0.9,"recommendation":"redact it"}],"next_steps":[]}"#;
    let native = r#"{"findings":[{"title":"[P1] Retry never ends","body":"","confidence_score":0.5,"priority":1,"code_location":{"absolute_file_path":"/home/me/project/src/b.rs","line_range":{"start":7,"end":7}}},{"title":"[P3] Spelling","body":"b","class":"documentation/outdated"}],"overall_correctness":"patch is incorrect"}"#;
    assert_eq!(
        all_told(&read("codex", plugin)),
        [
            "src/a.rs:4:0-6 critical codex other/token-is-logged | Token is logged: It ends in the log. | redact it | "
        ]
    );
    assert_eq!(
        all_told(&read("codex", native)),
        [
            "src/b.rs:7:0-7 high codex other/retry-never-ends | Retry never ends |  | ",
            " low codex documentation/outdated | Spelling: b |  | ",
        ]
    );
    assert!(broken("codex", "{}").contains("missing field `findings`"));
}

#[test]
fn lines_are_read_by_named_groups() {
    let format = r"^(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>\w+): (?P<message>.*?)(?: \[(?P<rule>[\w-]+)\])?$";
    let text = "src/a.c:3:7: warning: value unused [unused]\nnot one\nsrc/a.c:4:1: error: no\n";
    assert_eq!(
        all_told(&read(format, text)),
        [
            "src/a.c:3:7-3 medium lint::unused other/lint-unused | value unused |  | ",
            "src/a.c:4:1-4 high lint other/lint | no |  | ",
        ]
    );
    for (format, reason) in [
        ("(?P<message>", "unclosed group"),
        ("(?P<path>x)", "no group `message`"),
        ("(?P<file>x)(?P<message>y)", "unknown group `file`"),
        ("junit", "`junit` is a test report"),
        ("xunit", "`xunit` is not a known format"),
    ] {
        let error = ReportFormat::from_name(format).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn a_report_says_what_it_is() {
    for (text, is) in [
        (SARIF, "Sarif"),
        ("{\"findings\": []}", "Codex"),
        ("{\"diagnostics\": []}", "Rdjson"),
        ("{\"message\":\"m\",\"location\":{\"path\":\"a\"}}\n{}\n", "Rdjson"),
        ("{\"reason\":\"build-finished\"}\n{\"reason\":\"x\"}\n", "CargoJson"),
    ] {
        let guessed = format!("{:?}", ReportFormat::guess(text).unwrap());
        assert_eq!(guessed, is, "{text}");
    }
    assert!(ReportFormat::guess("").is_none() && ReportFormat::guess("a: b").is_none());
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in any::<String>(), json in "[{}\\[\\]\":,a-c0-9 \n]{0,60}", cut in 0usize..2000) {
        let half: String = SARIF.chars().take(cut).collect();
        for format in ["sarif", "cargo-json", "rdjson", "codex", "(?P<line>.)(?P<message>.+)"] {
            let format = ReportFormat::from_name(format).unwrap();
            for text in [&text, &json, &half] {
                drop(format.read(text, SOURCE));
                drop(ReportFormat::guess(text));
            }
        }
        drop(ReportFormat::from_name(&format!("(?P<message>{text}")));
    }
}

const CARGO: &str = r#"{"reason":"compiler-message","package_id":"a 0.1.0","target":{"name":"a"},"message":{"rendered":"warning: unused","$message_type":"diagnostic","children":[{"children":[],"code":null,"level":"help","message":"remove it","rendered":null,"spans":[{"byte_end":4,"byte_start":0,"column_end":5,"column_start":1,"file_name":"src/a.rs","is_primary":true,"line_end":1,"line_start":1,"suggested_replacement":"","suggestion_applicability":"MachineApplicable","text":[]}]}],"code":{"code":"unused_imports","explanation":null},"level":"warning","message":"unused","spans":[{"column_end":5,"column_start":1,"file_name":"src/a.rs","is_primary":true,"line_end":1,"line_start":1,"text":[{"highlight_end":5,"highlight_start":1,"text":"use x;"}]}]}}
{"reason":"build-finished","success":true}
"#;

const RDJSON: &str = r#"{"source":{"name":"lint"},"severity":"ERROR","diagnostics":[{"message":"m","location":{"path":"a.rs","range":{"start":{"line":3,"column":2},"end":{"line":4}}},"severity":"WARNING","code":{"value":"E1","url":"x"},"suggestions":[{"range":{"start":{"line":3}},"text":"y"}]}]}"#;

const CODEX: &str = r#"{"findings":[{"severity":"critical","title":"[P1] Token","body":"b","class":"a/b","file":"src/a.rs","line_start":4,"line_end":6,"confidence":0.9,"recommendation":"redact it","code_location":{"absolute_file_path":"/home/me/project/src/b.rs","line_range":{"start":7,"end":7}}}]}"#;

const GREP: &str = r"^(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>\w+): (?P<message>.*?)(?: \[(?P<rule>[\w-]+)\])?$";

#[test]
fn drawn_reports_are_read_or_refused() {
    let texts = [SARIF, CARGO, RDJSON, CODEX, "src/a.c:3:7: warning: value unused [unused]\n"];
    let words = [
        "\"runs\":",
        "\"results\":",
        "\"message\":",
        "\"text\":",
        "\"locations\":",
        "\"region\":",
        "\"uri\":",
        "\"artifactLocation\":",
        "\"uriBaseId\":",
        "\"file:///\"",
        "\"%\"",
        "\"{0}{1}{\"",
        "\"reason\":",
        "\"spans\":",
        "\"diagnostics\":",
        "\"location\":",
        "\"findings\":",
        "\"..\"",
        "null",
        "true",
        "[]",
        "{}",
        ",",
        "\"\"",
        "(?P<message>",
        "(?P<line>.)",
        "\"\\ud800\"",
        "src/a.c:",
    ];
    let (texts, words) = (texts.map(str::as_bytes), words.map(str::as_bytes));
    fuzz::hold("reports", &texts, &words, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        for format in ["sarif", "cargo-json", "rdjson", "codex", GREP] {
            drop(ReportFormat::from_name(format).unwrap().read(&text, SOURCE));
        }
        drop(ReportFormat::guess(&text));
    });
    let of = [GREP.as_bytes(), b"sarif", b"(?P<line>.)(?P<message>.+)"];
    fuzz::hold("formats of reports", &of, &words, |bytes| {
        let name = String::from_utf8_lossy(bytes);
        if let Ok(format) = ReportFormat::from_name(&name) {
            drop(format.read("src/a.c:3:7: warning: value unused [unused]\n", SOURCE));
        }
    });
}
