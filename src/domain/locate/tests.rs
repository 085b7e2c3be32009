//! Lines found again, and the measure over real histories.

use crate::fuzz;
use std::collections::BTreeMap;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use serde::Deserialize;

use crate::domain::locate::index::{Index, LineLocators, LocatorKind, Search, normalised};
use crate::domain::locate::lines::changes;
use crate::domain::locate::port::{Diff, Ported, port};
use crate::domain::locate::symbols;

const OLD: &str = "\
use std::fs;

impl Store {
    fn open(&self) {
        let _ = fs::create_dir(&self.dir); // best effort
        self.check();
    }

    fn close(&self) {
        let _ = fs::create_dir(&self.dir);
        self.check();
    }
}
";

fn of(text: &str, line: u32) -> Option<LineLocators> {
    Index::new(text).locators(line)
}

fn find(locators: &LineLocators, text: &str) -> Search {
    Index::new(text).find(locators)
}

fn found(text: &str, line: u32, new: &str) -> Option<(u32, LocatorKind, bool)> {
    match find(&of(text, line)?, new) {
        Search::Found { line, by, carries_dismissal } => Some((line, by, carries_dismissal)),
        Search::Ambiguous | Search::Gone => None,
    }
}

#[test]
fn a_line_is_found_by_the_surest_locator_that_fits() {
    let moved = format!("//! A store.\n\n{OLD}");
    assert_eq!(found(OLD, 5, &moved), Some((7, LocatorKind::Context3, true)));
    let neighbours = OLD.replace("fn open(&self)", "fn open_it(&self)");
    assert_eq!(found(OLD, 6, &neighbours), Some((6, LocatorKind::After2, false)));
    let grown = OLD.replace("        let _ = fs", "        self.log();\n        let _ = fs");
    assert_eq!(found(OLD, 10, &grown), Some((12, LocatorKind::SymbolOrdinal, false)));
    let twice =
        OLD.replace("        self.check();", "        self.check();\n        self.check();");
    assert_eq!(found(OLD, 11, &twice), Some((12, LocatorKind::Before2, false)));
    assert_eq!(find(&of(OLD, 5).unwrap(), "fn open() {}\n"), Search::Gone);
    let lines = "x();\n\n\ny();\n";
    assert_eq!(of(lines, 2), None, "a blank line says nothing");
    assert_eq!(of(lines, 9), None);
    assert_eq!(of(lines, 0), None);
}

#[test]
fn a_line_is_carried_through_the_diff() {
    let new = "use std::fs;\nuse std::io;\n\nfn a() {\n\tb();\n}\n";
    let old = "use std::fs;\n\nfn a() {\n    b();\n    c();\n}\n// end\n";
    let carried: Vec<_> = (1..=8).map(|line| port(old, new, line)).collect();
    assert_eq!(
        carried,
        [
            Ported::Unchanged(1),
            Ported::Unchanged(3),
            Ported::Unchanged(4),
            Ported::Unchanged(5),
            Ported::Deleted,
            Ported::Unchanged(6),
            Ported::Deleted,
            Ported::Deleted,
        ]
    );
    assert_eq!(port("a\nb\nc\n", "a\nx\nc\n", 2), Ported::Edited);
}

#[test]
fn a_line_is_compared_without_its_comment() {
    for (line, text) in [
        ("  let a  =\t1; // why", "let a = 1;"),
        ("x = 1  # why", "x = 1"),
        ("url = \"http://a # b\"", "url = \"http://a # b\""),
        ("// whole", "// whole"),
        ("#include <a.h>", "#include <a.h>"),
        ("color: #fff;", "color: #fff;"),
        ("   ", ""),
    ] {
        assert_eq!(normalised(line), text, "{line}");
    }
}

#[test]
fn symbols_enclose_lines_in_any_language() {
    for (text, line, leaf) in [
        (OLD, 5, "open"),
        (OLD, 13, "impl Store"),
        ("class A:\n    def b(self):\n        if x:\n            y()\n\nz()\n", 4, "b"),
        ("class A:\n    def b(self):\n        y()\n\nz()\n", 5, ""),
        ("func (s *Store) Close() error {\n\treturn nil\n}\n", 2, "Close"),
        ("class A {\n  public int size() {\n    return n;\n  }\n}\n", 3, "size"),
        ("export const load = async (x) => {\n  y();\n};\n", 2, "load"),
        ("static int read_all(int fd)\n{\n    return 0;\n}\n", 3, ""),
        ("[a.b]\nc = 1\n[d]\nc = 1\n", 4, "d"),
        ("fn a() {\n    if (x) {\n        y();\n    }\n}\n", 3, "a"),
    ] {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(symbols::of_lines(&lines)[line - 1].leaf(), leaf, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_it(old in "[a-c{}\\n \"/#]{0,80}", new in any::<String>(), line in 0u32..9) {
        let _ = port(&old, &new, line);
        if let Some(locators) = of(&old, line) {
            let _ = find(&locators, &new);
        }
    }

    #[test]
    fn a_line_is_never_found_where_another_text_stands(
        old in "([a-b]{1,2}\\n){1,12}", new in "([a-b]{1,2}\\n){1,12}", line in 1u32..12,
    ) {
        if let Some((at, _, _)) = found(&old, line, &new) {
            let text = |text: &str, line: u32| text.lines().nth(line as usize - 1).map(normalised);
            prop_assert_eq!(text(&old, line), text(&new, at));
        }
    }

    #[test]
    fn in_the_same_text_a_line_finds_itself(old in "([a-c]{1,2}\\n){1,12}", line in 1u32..12) {
        if let Some(locators) = of(&old, line) {
            match find(&locators, &old) {
                Search::Found { line: at, .. } => prop_assert_eq!(at, line),
                Search::Ambiguous | Search::Gone => prop_assert!(false, "not found in itself"),
            }
        }
    }
}

#[derive(Deserialize)]
struct Pair {
    repository: String,
    distance: u32,
    old: String,
    new: String,
    map: Vec<(u32, u32)>,
}

#[derive(Default)]
struct Tally {
    lines: u32,
    found: u32,
    wrong: u32,
    carried: u32,
    carried_wrong: u32,
    ambiguous: u32,
    port_wrong: u32,
    by: BTreeMap<LocatorKind, (u32, u32)>,
}

/// Over the pairs of `benches/locators/sample.py`, named by `TRIBUNAL_BENCH_LOCATORS`; without
/// it over an edit of this project's own text.
#[test]
fn measure() {
    #[expect(clippy::disallowed_methods, reason = "names the measured data, and decides nothing")]
    let pairs: Vec<Pair> = match std::env::var("TRIBUNAL_BENCH_LOCATORS") {
        Err(_) => vec![edited(include_str!("index.rs")), edited(include_str!("symbols.rs"))],
        Ok(path) => {
            let lines = std::fs::read_to_string(&path).unwrap();
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    };
    let mut tallies: BTreeMap<(String, u32), Tally> = BTreeMap::new();
    for pair in &pairs {
        let tally = tallies.entry((pair.repository.clone(), pair.distance)).or_default();
        measure_pair(pair, tally);
    }
    println!("repository, distance: lines, found % (by a tier: found/wrong), wrong %, ambiguous %");
    for ((repository, distance), t) in &tallies {
        let share = |part: u32| 100.0 * f64::from(part) / f64::from(t.lines);
        println!(
            "{repository} {distance}: {} lines, found {:.2} %, wrong {:.3} %, ambiguous {:.2} %, \
             dismissal carried {:.1} % wrongly {:.3} %, ported wrongly {:.2} % {:?}",
            t.lines,
            share(t.found),
            share(t.wrong),
            share(t.ambiguous),
            share(t.carried),
            share(t.carried_wrong),
            share(t.port_wrong),
            t.by,
        );
        assert!(share(t.found) >= 97.0, "{repository} at {distance}: found {:.2}", share(t.found));
        assert!(share(t.wrong) <= 0.5, "{repository} at {distance}: wrong {:.3}", share(t.wrong));
    }
}

/// A pair where every seventh line is gone and before every fifth stands a new one.
fn edited(old: &str) -> Pair {
    let (mut new, mut map) = (Vec::new(), Vec::new());
    for (number, line) in (1u32..).zip(old.lines()) {
        if number % 5 == 0 {
            new.push(format!("    added({number});"));
        }
        if number % 7 != 0 {
            new.push(line.to_owned());
            if line.trim().len() >= 4 {
                map.push((number, u32::try_from(new.len()).unwrap()));
            }
        }
    }
    let new = new.join("\n");
    Pair { repository: "edited".to_owned(), distance: 1, old: old.to_owned(), new, map }
}

fn measure_pair(pair: &Pair, tally: &mut Tally) {
    let (old, new) = (Index::new(&pair.old), Index::new(&pair.new));
    let diff = Diff::new(&pair.old, &pair.new);
    for &(from, to) in &pair.map {
        tally.lines += 1;
        tally.port_wrong += u32::from(diff.port(from) != Ported::Unchanged(to));
        match new.find(&old.locators(from).unwrap()) {
            Search::Found { line, by, carries_dismissal } => {
                let wrong = u32::from(line != to);
                tally.found += 1 - wrong;
                tally.wrong += wrong;
                tally.carried += u32::from(carries_dismissal);
                tally.carried_wrong += u32::from(carries_dismissal) * wrong;
                let by = tally.by.entry(by).or_default();
                *by = (by.0 + 1, by.1 + wrong);
            }
            Search::Ambiguous => tally.ambiguous += 1,
            Search::Gone => {}
        }
    }
}

#[test]
fn what_came_in_place_of_a_line_is_known() {
    let old = "a\nb\nc\nd\ne\n";
    for (new, line, expected) in [
        ("a\nB\nc\nd\ne\n", 2, 2..3),
        ("x\na\nB\nC\nd\ne\n", 3, 4..5),
        ("a\nB1\nB2\nB3\nc\nd\ne\n", 2, 2..5),
        ("a\nc\nd\ne\n", 2, 2..2),
        ("a\nb\nc\nd\ne\n", 2, 2..3),
        ("a\nb\n", 9, 0..0),
    ] {
        assert_eq!(Diff::new(old, new).replacement(line), expected, "{new:?} {line}");
    }
}

#[test]
fn drawn_texts_are_compared() {
    let old = "fn a() {\n    one(); // why\n}\n\nclass B:\n    def c(self):\n        return 1\n\n# d\nfunction e() {\n  two()\n}\n";
    let words = [
        "fn ", "class ", "def ", "{", "}", "\n", "//", "#", "    ", "\t", "\"", "/*", "*/", "<!--",
    ];
    fuzz::hold("versions of a file", &[old.as_bytes()], &words.map(str::as_bytes), move |bytes| {
        let new = String::from_utf8_lossy(bytes);
        for (old, new) in [(old, &*new), (&*new, old)] {
            for line in [0, 1, 7, u32::MAX] {
                let _ported = port(old, new, line);
                if let Some(locators) = of(old, line) {
                    let _found = find(&locators, new);
                }
            }
        }
        let changed = changes(old.as_bytes(), bytes);
        assert!(
            changed
                .iter()
                .all(|part| part.old.start <= part.old.end && part.new.start <= part.new.end)
        );
    });
}
