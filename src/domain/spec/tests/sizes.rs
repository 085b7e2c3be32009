//! What is counted, and that the larger sign wins.

use crate::domain::model::size::Size;
use crate::domain::spec::classify::classify;
use crate::domain::spec::read::read;
use crate::domain::spec::tests::{GOOD_MD, GOOD_YAML};

#[test]
fn the_largest_sign_is_the_size() {
    let criteria = |n: usize| {
        let row = |i| format!("- **AC-{i}** a MUST b\n  - verify: test\n");
        let rows = (1..=n).map(row).collect::<Vec<_>>().concat();
        format!("# T\n## Goal\ng\n## Acceptance criteria\n{rows}")
    };
    let with = |front: &str| format!("---\n{front}\n---\n{}", criteria(1));
    let goal = |words: &str| criteria(1).replace("\ng\n", &format!("\n{words}\n"));
    let table = [
        (criteria(1), Size::S, "1 acceptance criterion: S"),
        (criteria(4), Size::M, "4 acceptance criteria: M"),
        (criteria(8), Size::L, "8 acceptance criteria: L"),
        (with("touches: [src/a, src/b]"), Size::S, "1 touched top folder: S"),
        (with("touches: [src/a, docs/b]"), Size::M, "2 touched top folders: M"),
        (with("touches: ['**/*.rs']"), Size::L, "touches any folder: L"),
        (goal("the database schema"), Size::M, "speaks of schema: M"),
        (goal("a race in the api of payments"), Size::L, "speaks of concurrency, api, money: L"),
        (goal("apiary raceway authoritative"), Size::S, "1 acceptance criterion: S"),
        (goal(&"word ".repeat(400)), Size::M, "404 words: M"),
    ];
    for (text, size, sign) in table {
        let found = classify(&read(text.as_bytes(), "t.md"));
        assert_eq!(found.size, size, "{found:?}");
        assert!(!found.stated);
        assert!(found.signs.iter().any(|s| s == sign), "{sign}: {:?}", found.signs);
    }
}

#[test]
fn what_is_wrong_or_not_understood_is_large() {
    for (name, text) in [("t.md", ""), ("t.yaml", "a: ["), ("t.md", "# T\n")] {
        let found = classify(&read(text.as_bytes(), name));
        assert_eq!(found.counted, Size::L, "{found:?}");
    }
}

#[test]
fn a_stated_size_wins_and_the_counted_one_is_kept() {
    let found = classify(&read(GOOD_MD.replace("size: M", "size: S").as_bytes(), "t.md"));
    assert_eq!((found.size, found.stated, found.counted), (Size::S, true, Size::M));
    assert!(!classify(&read(GOOD_MD.replace("size: M", "size: auto").as_bytes(), "t.md")).stated);
    assert_eq!(classify(&read(GOOD_YAML.as_bytes(), "t.yaml")).size, Size::M);
}
