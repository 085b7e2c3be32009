//! Whether two findings of reviews are the same mistake.

use crate::domain::review::finding::ReviewFinding;

/// Whether a finding is one that is known, in the same tree. They are about the same code, and agree in
/// their class, their title or their failure, or the reviewer says that they are the same. Likeness of
/// words alone hides no finding.
pub fn is_same(known: &ReviewFinding, found: &ReviewFinding) -> bool {
    if known.path != found.path {
        return false;
    }
    if found.same_as.as_ref() == Some(&known.id) {
        return true;
    }
    let agrees = known.class == found.class
        || squeezed(&known.title) == squeezed(&found.title)
        || squeezed(&known.failure) == squeezed(&found.failure);
    agrees && is_about_the_same_code(known, found)
}

fn is_about_the_same_code(known: &ReviewFinding, found: &ReviewFinding) -> bool {
    if squeezed(&known.anchor) == squeezed(&found.anchor) {
        return true;
    }
    match (known.anchored.lines(), found.anchored.lines()) {
        (Some((first, last)), Some((start, end))) => first <= end && start <= last,
        _ => false,
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}
