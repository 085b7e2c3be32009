//! The arbiter is shown what bears on a claim, and little else.

use crate::domain::model::change::FileMode;
use crate::domain::model::encoding::TextEncoding;
use crate::domain::model::severity::Severity;
use crate::domain::review::deliver::file::{Became, DeliveredFile, DeliveryLimits, FileSide};
use crate::domain::review::deliver::{Delivery, deliver};
use crate::domain::review::finding::{Anchored, FindingOrigin, Quote, ReviewFinding};
use crate::domain::review::surroundings::around;
use crate::domain::review::tests::claim;

const STORE: &str = "fn open() {}\n\nfn store(path: &str) {\n    write(path);\n}\n";
const CALLER: &str =
    "use crate::store;\n\nfn main() {\n    let restore = 1;\n    store(\"a\");\n}\n";

fn finding(path: &str, anchor: &str, line: u32) -> ReviewFinding {
    let claim = claim(path, anchor);
    ReviewFinding {
        id: "F-1".into(),
        class: claim.class,
        severity: Severity::High,
        basis: claim.basis,
        title: claim.title,
        path: claim.path,
        anchor: claim.anchor,
        failure: claim.failure,
        evidence: vec![Quote { path: "src/disk.rs".into(), text: "fn write(path: &str)".into() }],
        fix: claim.fix,
        search_pattern: claim.search_pattern,
        same_as: None,
        origin: FindingOrigin::Change,
        anchored: Anchored::Exact { line, end_line: line },
    }
}

fn delivery(files: &[(&str, &str)]) -> Delivery {
    let files: Vec<DeliveredFile> = files
        .iter()
        .map(|(path, text)| DeliveredFile {
            path: (*path).into(),
            became: Became::Added,
            old: None,
            new: Some(FileSide {
                mode: FileMode::File,
                raw: (*text).into(),
                masked: (*text).into(),
                encoding: Some(TextEncoding::UTF_8),
            }),
        })
        .collect();
    let limits = DeliveryLimits { bytes_per_call: 96 << 10, calls: 8, context_lines: 3 };
    deliver(&files, &limits, &[1; 32])
}

#[test]
fn its_file_what_it_quotes_and_what_calls_it_are_shown_and_no_other_file() {
    let disk = "mod a;\n\nfn write(path: &str) {\n    drop(path);\n}\n";
    let other = "name: ci\non: push\n";
    let files = [("ci.yml", other), ("src/store.rs", STORE), ("src/z.rs", "fn z() {}\n")];
    let delivery = delivery(&files);
    let text = |path: &str| match path {
        "src/store.rs" => Some(STORE.to_owned()),
        "src/disk.rs" => Some(disk.to_owned()),
        _ => None,
    };
    let tree = [("src/main.rs", CALLER), ("src/store.rs", STORE), ("ci.yml", other)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let shown = around(&finding("src/store.rs", "    write(path);", 4), &delivery, &text, &tree);
    let heads: Vec<&str> = shown.iter().filter_map(|text| text.lines().next()).collect();
    assert_eq!(
        heads,
        [
            "=== src/store.rs: added, section 1 of 1",
            "=== src/disk.rs: as it is now, around a quote of the evidence",
            "=== src/main.rs: as it is now, names `store`",
            "=== src/main.rs: as it is now, names `store`",
        ]
    );
    assert!(shown[3].contains("     5 |     store(\"a\");\n"), "{}", shown[3]);
    assert!(!shown.concat().contains("name: ci"));
}

#[test]
fn it_is_never_much() {
    let long: Vec<String> =
        (0..4_000).map(|n| format!("    let line_{n} = store({n});\n")).collect();
    let text = format!("fn store() {{\n{}}}\n", long.concat());
    let delivery = delivery(&[("src/store.rs", &text)]);
    let tree: Vec<(String, String)> =
        (0..50).map(|n| (format!("src/{n}.rs"), CALLER.to_owned())).collect();
    let of = |path: &str| (path == "src/store.rs").then(|| text.clone());
    let claim = finding("src/store.rs", "    let line_2000 = store(2000);", 2_002);
    let shown = around(&claim, &delivery, &of, &tree);
    assert!(shown.concat().len() <= 16 << 10);
    assert!(shown[0].starts_with("=== src/store.rs: added, section "));
    for line in [1_950, 2_000, 2_050] {
        assert!(shown[0].contains(&format!("let line_{line} = ")), "{line}");
    }
    assert!(shown[0].len() > 9 << 10 && shown[0].ends_with("@@ rows behind are left out\n"));
    assert!(around(&finding("gone.rs", "nothing", 1), &delivery, &of, &[]).is_empty());
}
