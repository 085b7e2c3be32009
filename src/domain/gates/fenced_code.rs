//! The lines of a Markdown file that show code between fences.

use std::ops::Range;

use bstr::{BStr, ByteSlice as _};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

/// How the names of Markdown files end.
const ENDINGS: [&str; 6] = ["md", "markdown", "mdx", "mdc", "qmd", "rmd"];

/// Of a larger file no line counts as fenced.
const BYTES_MAX: usize = 1024 * 1024;

/// The lines between fences, counted from 1, ends excluded; none of a file that is no Markdown. A fence
/// that nothing closes makes no code: what follows it may be anything.
pub fn fenced_lines(path: &BStr, content: &[u8]) -> Vec<Range<u32>> {
    let ending = path.rsplit_once_str(".").map(|(_, ending)| ending);
    let is_markdown =
        |ending: &[u8]| ENDINGS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(ending));
    if !ending.is_some_and(is_markdown) || content.len() > BYTES_MAX {
        return Vec::new();
    }
    let Ok(text) = content.to_str() else { return Vec::new() };
    let (mut lines, mut line, mut counted_to) = (Vec::new(), 1, 0);
    for (event, range) in Parser::new(text).into_offset_iter() {
        let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) = event else { continue };
        line += breaks(&text[counted_to..range.start]);
        counted_to = range.start;
        let block = text[range].trim_end();
        if is_closed(block) {
            lines.push(line + 1..line + breaks(block));
        }
    }
    lines
}

fn breaks(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// Whether the last line of a block is a fence, as the first one is.
fn is_closed(block: &str) -> bool {
    let Some((opening, rest)) = block.split_once('\n') else { return false };
    let last = rest.rsplit('\n').next().unwrap_or_default();
    let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
    let sign = if opening.trim_start().starts_with('~') { '~' } else { '`' };
    last.len() >= 3 && last.chars().all(|c| c == sign)
}

#[cfg(test)]
mod tests {
    use super::fenced_lines;

    #[test]
    fn lines_between_closed_fences_are_code() {
        for (path, text, lines) in [
            ("a.md", "one\n```\ntwo\nthree\n```\nfour\n", &[(3, 5)][..]),
            ("A.MARKDOWN", "~~~~ text\n```\n~~~~\n\n```sh\nx\n```", &[(2, 3), (6, 7)][..]),
            ("a.md", "- list\n\n  ```\n  x\n  ```\n", &[(4, 5)][..]),
            ("a.md", "> ```\n> x\n> ```\n", &[(2, 3)][..]),
            ("a.md", "```\nnever closed\n", &[][..]),
            ("a.md", "```\n````x\n``\n", &[][..]),
            ("a.md", "    ```\n    x\n    ```\n", &[][..]),
            ("a.md", "```\r\nx\r\n```\r\n", &[(2, 3)][..]),
            ("a.rs", "```\nx\n```\n", &[][..]),
            ("md", "```\nx\n```\n", &[][..]),
        ] {
            let found = fenced_lines(path.into(), text.as_bytes());
            let found: Vec<(u32, u32)> = found.iter().map(|l| (l.start, l.end)).collect();
            assert_eq!(found, lines, "{path} {text:?}");
        }
        assert!(fenced_lines("a.md".into(), b"```\n\xff\n```\n").is_empty());
    }
}
