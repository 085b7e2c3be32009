//! Text is found where it stands, and not where it does not.

use crate::fuzz;
use std::ops::Range;

use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use crate::domain::review::anchor::{anchor, holds};
use crate::domain::review::finding::Anchored;

const TEXT: &str = "\
fn load(path: &Path) -> Result<Config> {
    let text = fs::read_to_string(path)?; // read all of it
    let config = parse(&text)?;
    check(&config);
    Ok(config)
}

fn store(path: &Path, config: &Config) {
    let text = render(config);
    let _ = fs::write(path, text);
}

fn store_all(all: &[(PathBuf, Config)]) {
    for (path, config) in all {
        let text = render(config);
        let _ = fs::write(path, text);
    }
}
";

fn exact(line: u32, end_line: u32) -> Anchored {
    Anchored::Exact { line, end_line }
}

#[test]
fn each_way_of_quoting_has_its_tier() {
    let normalised = |line, end_line| Anchored::Normalised { line, end_line };
    let near = |line, end_line| Anchored::Near { line, end_line };
    let elsewhere = |line, end_line| Anchored::Elsewhere { line, end_line };
    let at = |line: u32| line..line + 1;
    let cases: [(&str, Range<u32>, Anchored); 24] = [
        ("    let config = parse(&text)?;", at(3), exact(3, 3)),
        ("let config = parse(&text)?;", at(3), exact(3, 3)),
        ("parse(&text)?", at(3), exact(3, 3)),
        ("\n    check(&config);\n    Ok(config)\n\n", at(4), exact(4, 5)),
        ("let _ = fs::write(path, text);", at(10), exact(10, 10)),
        ("let _ = fs::write(path, text);", at(16), exact(16, 16)),
        ("let _ = fs::write(path, text);", at(13), exact(10, 10)),
        ("let _ = fs::write(path, text);", 17..17, exact(16, 16)),
        ("let config = parse(&text)?;", at(15), elsewhere(3, 3)),
        ("\tlet  config = parse( &text )?;", at(3), normalised(3, 3)),
        ("check(&config);\nOk(config)", at(5), normalised(4, 5)),
        ("check(&config); Ok(config)", at(5), normalised(4, 5)),
        ("let text = fs::read_to_string(path)?;  // all", at(2), normalised(2, 2)),
        ("let text = fs::read_to_string(file)?;", at(2), near(2, 2)),
        ("fn store(path: &Path, … {\n let text = render(config);", at(8), near(8, 9)),
        ("fn store(path: &Path, ... {", at(1), elsewhere(8, 8)),
        ("-      |     let _ = fs::write(path, text);", at(10), exact(10, 10)),
        ("+   10 |     let _ = fs::write(path, text);", at(10), exact(10, 10)),
        ("+    let _ = fs::write(path, text);", at(10), exact(10, 10)),
        ("let row = db.fetch_one(query).await?;", at(3), Anchored::Nowhere),
        ("}", at(6), Anchored::Nowhere),
        ("});;}", at(6), Anchored::Nowhere),
        ("Ok(", at(5), Anchored::Nowhere),
        ("", at(5), Anchored::Nowhere),
    ];
    for (quote, touched, found) in cases {
        assert_eq!(
            anchor(quote, TEXT, std::slice::from_ref(&touched)),
            found,
            "{quote} {touched:?}"
        );
    }
    assert_eq!(anchor("check(&config);", TEXT, &[]), elsewhere(4, 4));
    assert_eq!(anchor("check(&config);", "", &[at(1)]), Anchored::Nowhere);
    // A word is not found within another.
    assert_eq!(anchor("fn store", "fn store_all() {}\nfn store() {}\n", &[at(1)]), exact(2, 2));
    // The whole line goes before a part of another.
    assert_eq!(anchor("x = y;", "a.x = y;\n  x = y;\n", &[at(1)]), exact(2, 2));
}

#[test]
fn a_quote_holds_only_where_it_stands() {
    for quote in [
        "let _ = fs::write(path, text);",
        "let _  =  fs::write(path,text);",
        "check(&config);\nOk(config)",
        "for (path, config) … {\n let text = render(config);",
        "   10 |     let _ = fs::write(path, text);",
    ] {
        assert!(holds(quote, TEXT), "{quote}");
    }
    for quote in [
        "",
        "}",
        "…",
        "......",
        "let _ = fs::write(file, text);",
        "store(all)",
        "fn load … fn store_all",
    ] {
        assert!(!holds(quote, TEXT), "{quote}");
    }
}

proptest! {
    #[test]
    fn a_verbatim_line_is_found_there(
        lines in prop::collection::vec("[ \t]{0,8}[a-z][a-z_]{1,8}\\([a-z0-9, ]{0,20}\\);( // [a-z ]{0,9})?", 1..30),
        at: prop::sample::Index,
    ) {
        let at = at.index(lines.len());
        let line = u32::try_from(at + 1).unwrap();
        let found = anchor(&lines[at], &lines.join("\n"), std::slice::from_ref(&(line..line + 1)));
        let (first, last) = found.lines().unwrap();
        let is_exact = matches!(found, Anchored::Exact { .. });
        prop_assert!(is_exact);
        prop_assert_eq!(first, last);
        prop_assert!(lines[first as usize - 1].contains(lines[at].trim()));
        prop_assert!(holds(&lines[at], &lines.join("\n")));
    }

    #[test]
    fn nothing_makes_it_panic(quote in "(?s).{0,60}", text in "(?s).{0,200}", line in 0..9_u32) {
        if let Some((first, last)) = anchor(&quote, &text, std::slice::from_ref(&(line..line))).lines() {
            prop_assert!(1 <= first && first <= last);
            prop_assert!(last as usize <= text.lines().count());
        }
        holds(&quote, &text);
    }
}

#[test]
fn drawn_quotes_are_looked_for() {
    let text = "fn a() {\n    // one\n    write(path)?;\n    two(\n        three,\n    );\n}\n\n\n---\nend\n";
    let words = [
        "...",
        "…",
        "`",
        "@@ -1 +1 @@",
        "+",
        "-",
        "3: ",
        "| ",
        "\n",
        "write",
        "(",
        ")",
        "    ",
        "\t",
    ];
    fuzz::hold("quotes", &[text.as_bytes()], &words.map(str::as_bytes), move |bytes| {
        let quote = String::from_utf8_lossy(bytes);
        let touched = [2..4, 8..9];
        let _in_text = anchor(&quote, text, &touched);
        let _in_quote = anchor(text, &quote, &touched);
        let _stands = holds(&quote, text);
    });
}
