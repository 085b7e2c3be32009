//! The reader itself, on a small program in which each way to name a module stands once.

use std::fs;

use super::{arrows, shape, source, uses};

const MAIN: &str = "mod a; mod b; fn main() { a::run(); }";
const A: &str = "pub mod x; mod y; pub struct Shared; pub fn run() { x::go(); }";
const X: &str = r#"
use super::Shared;
use crate::b::{self, c::Thing as T, d};
pub(super) struct Twice;
#[derive(From)] #[with(crate::b::attribute)]
pub fn go() -> crate::b::Type<super::y::Inner> {
    b::c::called(|| println!("{}", d::in_a_macro(self::own())))
}
pub struct Form { #[serde(with = "b::form")] field: T }
#[cfg(test)]
mod tests {
    use crate::only_for_tests::Nothing;
    struct Twice;
    fn long() {


    }
}
"#;
const Y: &str = r"
pub use super::x::*;
struct Private;
enum Twice {}
impl Private {
    fn two_lines() {
    }
    #[cfg(test)]
    fn for_tests() {
        crate::b::Twice
    }
}
";
const B: &str = "pub mod c; pub mod d; pub type Twice = (); #[cfg(test)] mod made;";
const C: &str = "pub struct Thing;";
const D: &str = "pub(crate) fn in_a_macro() {}";
const MADE: &str = "use crate::a::Shared;";

pub fn read() -> Vec<source::Source> {
    let top = tempfile::tempdir().unwrap();
    let src = top.path().join("src");
    fs::create_dir_all(src.join("a")).unwrap();
    fs::create_dir_all(src.join("b")).unwrap();
    for (file, text) in [
        ("main.rs", MAIN),
        ("a/mod.rs", A),
        ("a/x.rs", X),
        ("a/y.rs", Y),
        ("b/mod.rs", B),
        ("b/c.rs", C),
        ("b/d.rs", D),
        ("b/made.rs", MADE),
    ] {
        fs::write(src.join(file), text).unwrap();
    }
    source::read(top.path())
}

#[test]
fn every_way_to_name_a_module_is_read() {
    let uses = uses::of(&read());
    let found: Vec<String> = uses.iter().map(ToString::to_string).collect();
    let wanted = [
        "src/a/mod.rs:1 a::x::go",
        "src/a/x.rs:2 a::Shared",
        "src/a/x.rs:3 b",
        "src/a/x.rs:3 b::c::Thing",
        "src/a/x.rs:3 b::d",
        "src/a/x.rs:5 b::attribute",
        "src/a/x.rs:6 a::y::Inner",
        "src/a/x.rs:6 b::Type",
        "src/a/x.rs:7 b::c::called",
        "src/a/x.rs:7 b::d::in_a_macro",
        "src/a/x.rs:9 b::form",
        "src/a/y.rs:2 a::x::*",
        "src/main.rs:1 a::run",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn arrows_and_cycles_stand_in_the_folder_that_holds_both() {
    let arrows = arrows::of(&uses::of(&read()));
    let found: Vec<String> = arrows.keys().map(ToString::to_string).collect();
    let wanted = [
        "src: . uses a",
        "src: a uses b",
        "a: . uses x",
        "a: x uses .",
        "a: x uses y",
        "a: y uses x",
    ];
    assert_eq!(found, wanted);
    let cycles: Vec<String> = arrows::cycles(&arrows).iter().map(ToString::to_string).collect();
    assert_eq!(cycles, ["a: . x y"]);
}

#[test]
fn names_and_lengths_leave_out_tests_and_what_is_private() {
    let shape = shape::Shape::of(&read());
    let twice = shape.names_twice();
    let twice: Vec<_> = twice.into_iter().collect();
    assert_eq!(twice, [("Twice", vec!["src/a/x.rs:4", "src/b/mod.rs:1"])]);
    // Those of one line are left out.
    let long = shape.functions_over(1);
    let long: Vec<String> = long.iter().map(ToString::to_string).collect();
    assert_eq!(long, ["3 lines: src/a/x.rs:6 go", "2 lines: src/a/y.rs:6 Private::two_lines"]);
    let x = shape.files.iter().find(|one| one.place == "src/a/x.rs").unwrap();
    assert_eq!(x.lines, 9);
}
