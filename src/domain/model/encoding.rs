//! Recognises text in any usual encoding, and gives it as UTF-8.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// How much of a text is looked at to tell its encoding, in bytes from the first that is not ASCII.
const LOOKED_AT_MAX: usize = 256 << 10;

/// One control character in so many is the most that a text has: where it is UTF-8, and where its
/// encoding is only guessed. Compressed data has one in ten.
const CONTROLS: (usize, usize) = (10, 50);

/// The fewest bytes in which zeros say something.
const UTF_16_BYTES_MIN: usize = 8;

/// Content that is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedText<'a> {
    /// The text as UTF-8, with what it has of zero bytes and other control characters. In a text that is
    /// UTF-8 but for some bytes these stay as they are.
    pub utf8: Cow<'a, [u8]>,
    pub encoding: TextEncoding,
}

/// How a text is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding {
    /// `UTF-8`, `UTF-16LE`, `GBK`.
    pub name: &'static str,
    /// Whether it began with a byte order mark that is no part of the text.
    pub marked: bool,
}

impl TextEncoding {
    pub const UTF_8: Self = Self { name: "UTF-8", marked: false };
}

/// The text that the content is; `None` where it is none. Two contents with the same text and the same
/// encoding are the same.
pub fn decode(content: &[u8]) -> Option<DecodedText<'_>> {
    match Encoding::for_bom(content) {
        Some((encoding, mark)) if encoding != encoding_rs::UTF_8 => {
            return decoded(&content[mark..], encoding, true, CONTROLS.0);
        }
        _ => {}
    }
    let utf8 = || {
        let few = has_few(content.iter().filter(|byte| is_control(**byte)).count(), content.len());
        few(CONTROLS.0)
            .then_some(DecodedText { utf8: Cow::Borrowed(content), encoding: TextEncoding::UTF_8 })
    };
    let (valid, invalid) = sequences(content);
    if invalid == 0
        && let Some(text) = utf8()
    {
        return Some(text);
    }
    if let Some(text) = utf_16(content) {
        return Some(text);
    }
    // What is mostly UTF-8 is a damaged text, and not one in another encoding.
    let guessed = (invalid > valid).then(|| guess(content)).flatten();
    guessed.or_else(|| if invalid * 10 <= content.len() { utf8() } else { None })
}

/// How many characters of several bytes the content has as UTF-8, and how many bytes that are none.
fn sequences(content: &[u8]) -> (usize, usize) {
    if std::str::from_utf8(content).is_ok() {
        return (0, 0);
    }
    content.utf8_chunks().fold((0, 0), |(valid, invalid), chunk| {
        let several = chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        (valid + several, invalid + chunk.invalid().len())
    })
}

/// UTF-16 without a mark: ASCII in it has a zero in each second byte.
fn utf_16(content: &[u8]) -> Option<DecodedText<'_>> {
    let zeros = |offset| content.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (big, little) = (zeros(0), zeros(1));
    let encoding = match () {
        () if content.len() % 2 == 1 || content.len() < UTF_16_BYTES_MIN => return None,
        () if little > 10 * big => UTF_16LE,
        () if big > 10 * little => UTF_16BE,
        () => return None,
    };
    decoded(content, encoding, false, CONTROLS.1)
}

/// The likeliest of the encodings in which each country wrote before Unicode.
fn guess(content: &[u8]) -> Option<DecodedText<'_>> {
    let few = has_few(content.iter().filter(|byte| is_control(**byte)).count(), content.len());
    if !few(CONTROLS.1) {
        return None;
    }
    let first = content.iter().position(|byte| !byte.is_ascii())?;
    let looked_at = &content[first..content.len().min(first + LOOKED_AT_MAX)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(looked_at, looked_at.len() + first == content.len());
    decoded(content, detector.guess(None, Utf8Detection::Deny), false, CONTROLS.1)
}

fn decoded<'a>(
    content: &'a [u8],
    encoding: &'static Encoding,
    marked: bool,
    controls: usize,
) -> Option<DecodedText<'a>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(content)?;
    let strange = text.chars().filter(|c| is_strange(*c)).count();
    has_few(strange, text.chars().count())(controls).then(|| DecodedText {
        utf8: match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        encoding: TextEncoding { name: encoding.name(), marked },
    })
}

/// Whether so many of all are at most one in so many.
fn has_few(number: usize, all: usize) -> impl Fn(usize) -> bool {
    move |one_in| number * one_in <= all
}

/// Whether a byte controls something that texts do not.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, 0x08..=0x0d | 0x1b)
}

fn is_strange(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_control(byte),
        _ => c.is_control() || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}'),
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_JP, EUC_KR, GBK, KOI8_U, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    };
    use proptest::prelude::{prop, prop_assert, proptest};

    use super::{TextEncoding, decode};

    /// A program with a comment, as it is in any encoding.
    fn program(words: &str) -> String {
        format!("#!/bin/sh\r\n# {words}\r\nrm -rf \"$1\"  # {words}\r\n")
    }

    fn utf_16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn text(content: &[u8]) -> (String, &'static str, bool) {
        let text = decode(content).unwrap_or_else(|| panic!("{content:?} is no text"));
        let TextEncoding { name, marked } = text.encoding;
        (String::from_utf8(text.utf8.into_owned()).unwrap(), name, marked)
    }

    #[test]
    fn text_is_recognised_in_the_usual_encodings() {
        for (encoding, words) in [
            (GBK, "删除目录中的所有文件，请小心使用这个程序"),
            (BIG5, "刪除目錄中的所有檔案，請小心使用這個程式"),
            (SHIFT_JIS, "ディレクトリの中のファイルをすべて削除します。注意して使ってください"),
            (EUC_JP, "ディレクトリの中のファイルをすべて削除します。注意して使ってください"),
            (EUC_KR, "디렉터리에 있는 모든 파일을 삭제합니다. 조심해서 사용하십시오"),
            (KOI8_U, "удаляет все файлы в папке, пользуйтесь осторожно"),
            (WINDOWS_1251, "удаляет все файлы в папке, пользуйтесь осторожно"),
            (WINDOWS_1250, "příliš žluťoučký kůň úpěl ďábelské ódy"),
            (WINDOWS_1252, "größere Maßnahmen für die Prüfung natürlich"),
        ] {
            let shown = program(words);
            let (content, _, lost) = encoding.encode(&shown);
            assert!(!lost);
            assert_eq!(text(&content), (shown, encoding.name(), false));
        }
        let words = program("größere Maßnahmen, 删除");
        for big in [false, true] {
            let name = if big { "UTF-16BE" } else { "UTF-16LE" };
            for mark in [false, true] {
                assert_eq!(text(&utf_16(&words, big, mark)), (words.clone(), name, mark));
            }
        }
        // One accent in a long text.
        let latin = [program("ok").as_bytes(), b"# a caf\xe9 in Paris\n"].concat();
        assert_eq!(text(&latin).1, "windows-1252");
        assert!(text(&latin).0.contains("café"), "{latin:?}");
    }

    #[test]
    fn utf_8_stays_as_it_is() {
        for content in [
            &b""[..],
            b"fn main() {}\n",
            "größer\n".as_bytes(),
            b"\xef\xbb\xbfmarked\n",
            b"#!/bin/sh\n# one zero \0 here\nrm -rf \"$1\"\n",
            b"\x1b[1mbold\x1b[0m\x0c\n",
            // Damaged, and no other encoding.
            b"na\xc3\xafve caf\xc3\xa9 \xff broken\n",
        ] {
            let text = decode(content).unwrap_or_else(|| panic!("{content:?} is no text"));
            assert_eq!((&*text.utf8, text.encoding), (content, TextEncoding::UTF_8));
        }
    }

    #[test]
    fn what_is_no_text_is_not_taken_for_one() {
        let elf = [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], b"\x03\0>\0\x01\0\0\0", &[0; 64]].concat();
        let numbers: Vec<u8> = (0..400_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        // What a compressor makes looks drawn.
        let drawn: Vec<u8> = (0..64_u8).flat_map(|n| *blake3::hash(&[n]).as_bytes()).collect();
        for content in [
            &b"a\0b"[..],
            b"\x89PNG\0\x01\x02",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0\x1f\xf3\xffa",
            b"\xff\xfe\0\xd8",
            &elf,
            &numbers,
            &drawn,
        ] {
            assert_eq!(decode(content), None, "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_utf_8_without_controls_is_never_taken_for_anything_else(content in "[^\\p{Cc}]{0,80}") {
            let text = decode(content.as_bytes()).unwrap();
            prop_assert!(*text.utf8 == *content.as_bytes() && text.encoding == TextEncoding::UTF_8);
        }

        #[test]
        fn nothing_of_a_text_is_lost(content in prop::collection::vec(0_u8..=255, 0..200)) {
            if let Some(text) = decode(&content) {
                let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count();
                prop_assert!(text.encoding.name.starts_with("UTF-16") || lines(&text.utf8) == lines(&content));
            }
        }
    }
}
