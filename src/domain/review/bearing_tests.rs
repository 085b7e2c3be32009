//! Which changes bear on a place, as a table.

use crate::domain::locate::syntax::SourceCode;
use crate::domain::review::bearing::{
    ConcernedPlace, TouchedLines, bearing, quotes_change, touched,
};

const OLD: &str = "\
import os


def first(items):
    return items[0]


class Store:
    def get(self, key):
        \"\"\"Looks it up.\"\"\"
        path = os.path.join(self.root, key)
        return open(path).read()

    def put(self, key, value):
        open(self.name(key), 'w').write(value)


def check_key(key):
    return key.isalnum()
";

fn at(path: &str, old: &str, new: &str, line: u32, texts: &[&str]) -> TouchedLines {
    let quotes = [old.lines().nth(line as usize - 1).unwrap()];
    bearing(old, new, ConcernedPlace { path, lines: Some((line, line)), quotes: &quotes, texts })
}

/// Whether a change from one text of `OLD` to another bears on the line that opens the file.
fn bears(from: &str, to: &str, texts: &[&str]) -> bool {
    assert!(OLD.contains(from), "{from}");
    !at("a.py", OLD, &OLD.replacen(from, to, 1), 12, texts).is_empty()
}

#[test]
fn what_is_in_the_function_bears_and_what_says_nothing_does_not() {
    let guard = "        if not key.isalnum():\n            raise KeyError(key)\n";
    let opens = "        path = os.path.join";
    for (what, from, to, expected) in [
        ("a guard above", opens, &format!("{guard}{opens}"), true),
        ("the line itself", "open(path).read()", &"read(path)".to_owned(), true),
        ("a line below", "read()\n", &"read()\n        # done\n".to_owned(), false),
        (
            "a comment above",
            opens,
            &format!("        # {guard}{opens}").replace(":\n            ", " "),
            false,
        ),
        ("its docstring", "Looks it up.", &"Raises where the key leads out.".to_owned(), false),
        (
            "white space",
            "(self.root, key)",
            &"( self.root,\n                key )".to_owned(),
            false,
        ),
        ("a decorator", "    def get", &"    @checked\n    def get".to_owned(), true),
        ("its parameters", "get(self, key)", &"get(self, key: Key)".to_owned(), true),
        ("another function", "'w'", &"'wb'".to_owned(), false),
        ("the last function", "key.isalnum()", &"key.isascii()".to_owned(), false),
        ("another import", "import os\n", &"import os\nimport re\n".to_owned(), false),
        (
            "a function of its own",
            "def check",
            &"def more():\n    pass\n\n\ndef check".to_owned(),
            false,
        ),
    ] {
        assert_eq!(bears(from, to, &[]), expected, "{what}");
    }
}

#[test]
fn indentation_counts_where_it_has_a_meaning() {
    let old = "def f(x):\n    if x:\n        g()\n    h()\n";
    let deeper = old.replace("    h()", "        h()");
    assert!(!at("a.py", old, &deeper, 4, &[]).is_empty());
    let wider = "def f(x):\n  if x:\n      g()\n  h()\n";
    assert!(at("a.py", old, wider, 4, &[]).is_empty());
    let (yaml, in_it) = ("a:\n  b: 1\nc: 2\n", "a:\n  b: 1\n  c: 2\n");
    assert!(!at("a.yaml", yaml, in_it, 3, &[]).is_empty());
}

#[test]
fn a_function_that_the_evidence_names_or_quotes_bears() {
    let (from, to) = ("key.isalnum()", "key.isascii()");
    assert!(bears(from, to, &["a key that check_key lets pass leads out of the folder"]));
    assert!(!bears(from, to, &["a key that check_keys lets pass leads out of the folder"]));
    // A word of the language is no name, a call is.
    let (from, to) = ("items[0]", "items[0] if items else None");
    assert!(!bears(from, to, &["the first key leads out"]));
    assert!(bears(from, to, &["first(keys) gives it", ""]));
    assert!(bears(from, to, &["what `first` gives leads out"]));
    let other = |quotes: &[&str], new: &str| {
        !bearing(OLD, new, ConcernedPlace { path: "a.py", lines: None, quotes, texts: &[] })
            .is_empty()
    };
    let new =
        OLD.replace("    return key.isalnum()", "    key = str(key)\n    return key.isalnum()");
    assert!(other(&["    return key.isalnum()"], &new));
    assert!(!other(&["    return items[0]"], &new));
    assert!(!other(&[], &new), "of another file nothing else bears on it");
    let (added, named) = ("def safe_join(a, b):\n    return a\n", &["there is no safe_join"][..]);
    let place = ConcernedPlace { path: "b.py", lines: None, quotes: &[], texts: named };
    assert_eq!(bearing("", added, place).added, [1, 2]);
}

#[test]
fn what_moved_did_not_change() {
    let start = OLD.find("def first").unwrap();
    let end = OLD.find("class Store").unwrap();
    let (moved, rest) = (&OLD[start..end], [&OLD[..start], &OLD[end..]].concat());
    let new = format!("{rest}\n\n{moved}");
    assert_eq!(at("a.py", OLD, &new, 5, &[]), TouchedLines::default());
    // Gone altogether it did.
    assert_eq!(at("a.py", OLD, &rest, 5, &[]).removed, [4, 5]);
    assert_eq!(at("a.py", OLD, "", 5, &[]).removed, [4, 5]);
}

#[test]
fn every_language_with_a_grammar_has_functions() {
    for (path, text, line, expected) in [
        (
            "a.rs",
            "impl A {\n    // why\n    #[inline]\n    fn f(&self) {\n        g();\n    }\n}\n",
            5,
            ("A.f", (3, 6)),
        ),
        ("a.go", "package p\n\nfunc (a *A) F() int {\n\treturn 1\n}\n", 4, ("F", (3, 5))),
        ("a.c", "static char *f(int a)\n{\n  return 0;\n}\n", 3, ("f", (1, 4))),
        ("A.java", "class A {\n  @Test\n  void f() {\n    g();\n  }\n}\n", 4, ("A.f", (2, 5))),
        ("a.js", "const f = async (a) => {\n  g();\n};\n", 2, ("f", (1, 3))),
        ("a.ts", "class A {\n  f(a: B): void {\n    g();\n  }\n}\n", 3, ("A.f", (2, 4))),
        ("a.tsx", "export function F() {\n  return <a>b  c</a>;\n}\n", 2, ("F", (1, 3))),
        ("a.py", "class A:\n    @b\n    def f(self):\n        g()\n", 4, ("A.f", (2, 4))),
    ] {
        let code = SourceCode::of(path, text);
        let found = code.enclosing(line).map(|one| (one.path.as_str(), one.lines));
        assert_eq!(found, Some(expected), "{path}");
        assert!(code.enclosing(line).unwrap().tokens.len() > 4, "{path}");
        let spaced = text.replace("g();", "g( );  ").replace("return 1", "return  1 // one");
        assert!(touched(path, text, &spaced).is_empty(), "{path}");
        let edited = text.replace("g()", "h()").replace("return", "throw");
        assert_eq!(touched(path, text, &edited).added, [line], "{path}");
    }
}

#[test]
fn without_a_grammar_the_file_bears_and_comments_do_not() {
    let old = "#!/bin/sh\nset -e\nrm -rf \"$1\"\n";
    for (what, new, expected) in [
        ("a guard", "#!/bin/sh\nset -e\n[ -n \"$1\" ] || exit 1\nrm -rf \"$1\"\n", true),
        ("a comment", "#!/bin/sh\nset -e\n# Removes it all.\nrm -rf \"$1\"  # sure\n", false),
        ("white space", "#!/bin/sh\n\nset  -e\n\trm -rf \"$1\"\n", false),
        ("a string", "#!/bin/sh\nset -e\nrm -rf \"$ 1\"\n", false),
    ] {
        assert_eq!(!at("a.sh", old, new, 3, &[]).is_empty(), expected, "{what}");
    }
    let cpp = "/* what\n it does */\nint a = 1;\n";
    assert!(touched("a.cpp", cpp, "/* else */\nint a = 1;\n").is_empty());
    assert_eq!(touched("a.cpp", cpp, "#include <b>\nint a = 1;\n").added, [1]);
    assert_eq!(touched("a.md", "# One\n\ntext\n", "# Two\n\ntext\n").added, [1]);
}

#[test]
fn a_change_is_quoted_by_what_it_added_or_took_away() {
    let new =
        OLD.replace("        return open(path)", "        verify(path)\n        return open(path)");
    for (quote, expected) in [
        ("verify(path)", true),
        ("        verify(path)\n        return open(path).read()", true),
        ("return open(path).read()", false),
        ("return items[0]", false),
        ("verify(path, key)", false),
        ("", false),
    ] {
        assert_eq!(quotes_change(quote, "a.py", OLD, &new), expected, "{quote}");
    }
    // What lost a part is a line that the change made.
    let shorter = OLD.replace("items[0]", "items");
    assert!(quotes_change("    return items", "a.py", OLD, &shorter));
    assert_eq!(touched("a.py", OLD, &shorter).added, [5]);
    let less = OLD.replace("    return items[0]\n", "    return None\n");
    assert!(quotes_change("return items[0]", "a.py", OLD, &less), "the quoted text is gone");
    let told = OLD.replace("    return items[0]", "    # never empty here\n    return items[0]");
    assert!(!quotes_change("# never empty here", "a.py", OLD, &told), "a comment is no repair");
}
