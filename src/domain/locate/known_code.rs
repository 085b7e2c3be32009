//! The code that was read last: whether a change bears on a finding is asked of the same few texts for each
//! finding, and to parse one takes milliseconds.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::domain::locate::syntax::{SourceCode, TREE_BYTES_MAX};
use crate::domain::model::language::Language;

/// What the code of a text depends on: what the path says of the language, and the text, by its hash.
type CodeKey = (Option<Language>, String, blake3::Hash);

thread_local! {
    /// With the length of each text; the latest last.
    static READ: RefCell<VecDeque<(CodeKey, usize, Rc<SourceCode>)>> = RefCell::default();
}

/// The code of a text, as [`SourceCode::of`] reads it, or read it on this thread shortly before.
pub fn code_of(path: &str, text: &str) -> Rc<SourceCode> {
    let end = path.rsplit('.').next().unwrap_or_default().to_owned();
    let key = (Language::of_path(path), end, blake3::hash(text.as_bytes()));
    READ.with_borrow_mut(|read| {
        if let Some((.., code)) = read.iter().find(|(known, ..)| *known == key) {
            return Rc::clone(code);
        }
        let code = Rc::new(SourceCode::of(path, text));
        read.push_back((key, text.len(), Rc::clone(&code)));
        while read.iter().map(|(_, len, _)| len).sum::<usize>() > TREE_BYTES_MAX {
            read.pop_front();
        }
        code
    })
}

#[cfg(test)]
mod tests {
    use super::{Rc, SourceCode, TREE_BYTES_MAX, code_of};

    #[test]
    fn the_same_text_is_read_once_and_another_language_or_text_is_not_the_same() {
        let text = "def f():\n    return 1\n";
        let first = code_of("src/a.py", text);
        assert!(Rc::ptr_eq(&first, &code_of("b.py", text)));
        assert_eq!(first.functions.len(), SourceCode::of("b.py", text).functions.len());
        // A file that is called like the end of a name has no language.
        for (path, text) in [("py", text), ("a.rs", text), ("a.py", "def f():\n    return 2\n")] {
            assert!(!Rc::ptr_eq(&first, &code_of(path, text)), "{path}");
        }
        drop(code_of("a.txt", &"x\n".repeat(TREE_BYTES_MAX / 2)));
        assert!(!Rc::ptr_eq(&first, &code_of("src/a.py", text)), "what is kept has a bound");
    }
}
