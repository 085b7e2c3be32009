//! Which policy holds for what arrives at a ref.

use crate::domain::gates::stricter::Extent;
use crate::domain::model::oid::Oid;
use crate::flow::evaluate::push::plan::{PolicySource, policy_source};

#[test]
fn the_policy_of_a_ref_is_its_own_and_the_default_branch_s() {
    let oid = |digit: &str| Oid::parse(&digit.repeat(40)).unwrap();
    let (own, default, tip) = (oid("a"), oid("b"), oid("c"));
    let both =
        |extent| PolicySource::Stricter { own: own.clone(), default: default.clone(), extent };
    let (a, b, c) = (Some(&own), Some(&default), Some(&tip));
    let cases = [
        (a, b, c, true, both(Extent::Whole)),
        (a, b, c, false, both(Extent::Guards)),
        // The default branch itself.
        (b, b, c, true, PolicySource::Of(default.clone())),
        // The default branch is not known.
        (a, None, c, false, PolicySource::Of(own.clone())),
        // An orphan history.
        (None, b, c, false, PolicySource::Of(default.clone())),
        (None, b, None, false, PolicySource::Of(default.clone())),
        // The first push, with and without a commit.
        (None, None, c, true, PolicySource::FirstPush(tip.clone())),
        (None, None, None, false, PolicySource::Defaults),
    ];
    for (own, default, pushed, protected, expected) in cases {
        assert_eq!(policy_source(own, default, pushed, protected), expected);
    }
}
