//! What is written for people, taken out of the source and the documents.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tidy::source;

/// Read when the test runs: a shared target folder would otherwise test another checkout.
pub fn top() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
}

pub fn is_markdown(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == "md")
}

/// The documents that people read, with their text.
pub fn documents() -> Vec<(String, String)> {
    let mut paths =
        vec!["README.md".to_owned(), "ARCHITECTURE.md".into(), "CONTRIBUTING.md".into()];
    for entry in fs::read_dir(top().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if is_markdown(&name) {
            paths.push(format!("docs/{name}"));
        }
    }
    paths.push("src/domain/policy/default.toml".to_owned());
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(top().join(path)).unwrap()))
        .collect()
}

/// Every string literal of the program, with its file: not those of tests, of comments and of what the
/// compiler alone reads.
pub fn literals() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for source in source::read(&top()).into_iter().filter(|source| !source.is_test) {
        let text = fs::read_to_string(top().join(&source.file)).unwrap();
        let tokens: TokenStream = text.parse().unwrap();
        let mut texts = Vec::new();
        collect(tokens, &mut texts);
        found.extend(texts.into_iter().map(|text| (source.file.clone(), text)));
    }
    found
}

fn collect(tokens: TokenStream, texts: &mut Vec<String>) {
    let mut is_attribute = false;
    let mut is_for_tests = false;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => is_attribute = true,
            TokenTree::Group(group) => {
                let words = group.stream().to_string();
                if is_attribute && group.delimiter() == Delimiter::Bracket {
                    is_for_tests |= words.replace(' ', "") == "cfg(test)";
                    let is_unread = ["doc", "expect", "allow"].iter().any(|w| words.starts_with(w));
                    if !is_unread {
                        collect(group.stream(), texts);
                    }
                } else if !(is_for_tests && group.delimiter() == Delimiter::Brace) {
                    collect(group.stream(), texts);
                }
                if group.delimiter() == Delimiter::Brace {
                    is_for_tests = false;
                }
                is_attribute = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => is_for_tests = false,
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    texts.push(text.value());
                }
            }
            _ => {}
        }
    }
}

#[test]
fn literals_are_those_of_the_program() {
    let all = literals();
    let has = |text: &str| all.iter().any(|(_, found)| found == text);
    assert!(all.len() > 3000, "{}", all.len());
    assert!(has("no runs yet") && has("the run `{}` was stopped"));
    assert!(!has("no such file in the test of the texts"));
}
