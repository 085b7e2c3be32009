//! Tokens that carry their own proof, and tokens whose first part can be read.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Base64 of either alphabet, padded or not.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let url_safe = text.iter().any(|b| matches!(b, b'-' | b'_'));
    if url_safe { URL_SAFE.decode(text).ok() } else { STANDARD.decode(text).ok() }
}

/// Six base-62 digits of a CRC-32, as GitHub and npm append them to the random part.
pub fn crc62(random: &[u8]) -> [u8; 6] {
    let mut rest = crc32fast::hash(random);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// Whether `gh?_` or `npm_` tokens end in the checksum of their random part.
pub fn crc62_holds(token: &[u8]) -> bool {
    let body = token.iter().position(|&b| b == b'_').map_or(token, |at| &token[at + 1..]);
    body.len() > 6 && body[body.len() - 6..] == crc62(&body[..body.len() - 6])
}

/// Whether a Grafana token (`glsa_…_xxxxxxxx`) ends in the checksum of what stands before.
pub fn crc16_holds(token: &[u8]) -> bool {
    let Some(at) = token.iter().rposition(|&b| b == b'_') else { return false };
    let (head, sum) = (&token[..at], &token[at + 1..]);
    let random = head.iter().position(|&b| b == b'_').map_or(head, |at| &head[at + 1..]);
    [head, random]
        .into_iter()
        .any(|text| format!("{:08x}", crc32fast::hash(text)).as_bytes() == sum)
}

/// Whether the part before the first dot is a JWT's header: a JSON object that names an algorithm
/// or a key.
pub fn is_jwt(token: &[u8]) -> bool {
    let head = token.split(|&b| b == b'.').next().unwrap_or(token);
    decode(head).is_some_and(|json| {
        json.starts_with(b"{")
            && json.trim_ascii_end().ends_with(b"}")
            && [&b"\"alg\""[..], b"\"typ\"", b"\"enc\"", b"\"kid\""]
                .iter()
                .any(|key| memchr::memmem::find(&json, key).is_some())
    })
}

/// Whether the part before the first dot is a decimal number in base64.
pub fn number_first(token: &[u8]) -> bool {
    let head = token.split(|&b| b == b'.').next().unwrap_or(token);
    decode(head).is_some_and(|text| {
        (17..=20).contains(&text.len())
            && text.iter().filter(|b| b.is_ascii_digit()).count() + 3 >= text.len()
    })
}

/// Whether the base64 text opens with a number of ten or more digits and a colon, and goes on with
/// bytes that are not text.
pub fn number_colon(token: &[u8]) -> bool {
    let Some(bytes) = decode(token) else { return false };
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    digits >= 10 && bytes.get(digits) == Some(&b':') && bytes.iter().any(|b| !b.is_ascii())
}
