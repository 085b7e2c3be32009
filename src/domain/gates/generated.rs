//! Which files a program wrote and which were taken over from others: by what they say of themselves,
//! and by what `.gitattributes` says of them.

use std::collections::HashSet;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};
use globset::{GlobBuilder, GlobMatcher};

use crate::domain::model::limits::POLICY_FILE_BYTES_MAX;
use crate::domain::model::objects::{Content, ReadObjects, TreeItem};
use crate::domain::model::oid::Oid;

/// Where a file says that a program wrote it: in so many first lines, of so many bytes.
const LINES: usize = 12;
const BYTES: usize = 4096;

/// The attributes by which hosts of repositories leave files out of diffs and statistics.
const ATTRIBUTES: [&str; 2] = ["linguist-generated", "linguist-vendored"];

/// Whether the first lines of a file say that a program wrote it: `@generated`, or that it was generated
/// and is not to be edited, in whatever words.
pub fn says_generated(content: &[u8]) -> bool {
    let start = content[..content.len().min(BYTES)].to_str_lossy().to_ascii_lowercase();
    let start = start.lines().take(LINES).collect::<Vec<_>>().join("\n");
    let has = |words: &[&str]| words.iter().any(|word| start.contains(word));
    let is_marked = start.match_indices("@generated").any(|(at, mark)| {
        let next = start[at + mark.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
    });
    is_marked || has(&["generated"]) && has(&["do not edit", "do not modify", "don't edit"])
}

/// What the `.gitattributes` files of a tree say of paths.
#[derive(Debug, Default)]
pub struct Attributes {
    /// In git's order: the last one that names a path decides.
    lines: Vec<AttributeLine>,
}

#[derive(Debug)]
struct AttributeLine {
    paths: GlobMatcher,
    attribute: &'static str,
    is_set: bool,
}

impl Attributes {
    /// Reads those in the folders on the way to these paths.
    pub fn read<'a>(
        objects: &dyn ReadObjects,
        tree: &Oid,
        paths: impl IntoIterator<Item = &'a BStr>,
    ) -> Result<Self> {
        let mut folders: HashSet<&BStr> = HashSet::new();
        for path in paths {
            let mut rest: &[u8] = path;
            while let Some((above, _)) = rest.rsplit_once_str("/") {
                folders.insert(above.as_bstr());
                rest = above;
            }
        }
        let mut attributes = Self::default();
        let mut open = vec![(BString::default(), tree.clone())];
        while let Some((folder, tree)) = open.pop() {
            for item in objects.tree(&tree)? {
                let path = if folder.is_empty() {
                    item.name().to_owned()
                } else {
                    BString::from([folder.as_slice(), item.name()].join(&b'/'))
                };
                match item {
                    TreeItem::File { name, entry } if name == ".gitattributes" => {
                        let read = objects.content(&entry.oid, POLICY_FILE_BYTES_MAX)?;
                        if let (true, Content::Whole(text)) = (entry.is_regular(), read) {
                            attributes.add(folder.as_bstr(), &text);
                        }
                    }
                    TreeItem::Tree { oid, .. } if folders.contains(path.as_bstr()) => {
                        open.push((path, oid));
                    }
                    TreeItem::File { .. } | TreeItem::Tree { .. } => {}
                }
            }
        }
        Ok(attributes)
    }

    /// Whether a path is marked as generated or vendored.
    pub fn has(&self, path: &BStr) -> bool {
        let path = path.to_path_lossy();
        ATTRIBUTES.into_iter().any(|attribute| {
            let mut lines = self.lines.iter().rev().filter(|line| line.attribute == attribute);
            lines.find(|line| line.paths.is_match(&path)).is_some_and(|line| line.is_set)
        })
    }

    /// Adds the lines of a file in that folder. A line that cannot be read says nothing.
    fn add(&mut self, folder: &BStr, text: &[u8]) {
        for line in text.lines() {
            let line = line.to_str_lossy();
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next().filter(|word| !word.starts_with(['#', '['])) else {
                continue;
            };
            let Some(paths) = matcher(folder, pattern) else { continue };
            for word in words {
                let name = word.trim_start_matches(['-', '!']);
                let (name, value) = name.split_once('=').unwrap_or((name, "true"));
                let Some(attribute) = ATTRIBUTES.into_iter().find(|known| *known == name) else {
                    continue;
                };
                let is_set = !word.starts_with(['-', '!']) && value != "false";
                self.lines.push(AttributeLine { paths: paths.clone(), attribute, is_set });
            }
        }
    }
}

/// A pattern of a `.gitattributes` in that folder: without a slash it names files at any depth.
fn matcher(folder: &BStr, pattern: &str) -> Option<GlobMatcher> {
    let anchored = pattern.strip_prefix('/').unwrap_or(pattern);
    let below = if pattern.contains('/') { anchored.to_owned() } else { format!("**/{pattern}") };
    let pattern = match folder.to_str_lossy() {
        top if top.is_empty() => below,
        folder => format!("{}/{below}", globset::escape(&folder)),
    };
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::{Attributes, says_generated};

    #[test]
    fn a_generated_file_says_so_in_its_first_lines() {
        for (text, expected) in [
            ("// Code generated by protoc-gen-go. DO NOT EDIT.\npackage a\n", true),
            (
                "# -*- coding: utf-8 -*-\n# Generated by the protocol buffer compiler.  DO NOT EDIT!\n",
                true,
            ),
            (
                "/**\n * This file was automatically generated.\n * Please do not modify it.\n */\n",
                true,
            ),
            ("// @generated by cargo\n", true),
            ("/* eslint-disable */\n/** @generated */\n", true),
            ("import { x } from '@generated/client'\n", false),
            ("// The key is generated at the start.\nfn main() {}\n", false),
            ("# Do not edit on the server\nx = 1\n", false),
            ("", false),
        ] {
            assert_eq!(says_generated(text.as_bytes()), expected, "{text:?}");
        }
        let late = format!("{}// @generated\n", "x\n".repeat(40));
        assert!(!says_generated(late.as_bytes()));
        assert!(!says_generated(&[0xff; 9000]));
    }

    #[test]
    fn attributes_are_read_as_git_reads_them() {
        let mut attributes = Attributes::default();
        attributes.add(
            "".into(),
            b"# linguist-generated\n*.gen.ts linguist-generated\n/dist/** linguist-generated=true\n\
              lib/*.js -text linguist-vendored\nkept.gen.ts -linguist-generated\n[bad linguist-generated\n\
              * text=auto\n",
        );
        attributes
            .add("api".into(), b"*.go linguist-generated\nhand.go linguist-generated=false\n");
        for (path, expected) in [
            ("a.gen.ts", true),
            ("deep/er/a.gen.ts", true),
            ("deep/kept.gen.ts", false),
            ("dist/a/b.js", true),
            ("x/dist/b.js", false),
            ("lib/a.js", true),
            ("lib/sub/a.js", false),
            ("api/v1/a.go", true),
            ("api/hand.go", false),
            ("a.go", false),
        ] {
            assert_eq!(attributes.has(path.into()), expected, "{path}");
        }
    }
}
