//! Which version of an object is the newest, which the oldest, and which stands under an old STIX version.
//!
//! In scope: the flags of all versions of one object in one view (TAXII 2.1 section 3.4.1; STIX 2.1 section 3.6: the
//! newest is the one with the greatest `modified`, also when it arrived earlier).
//! Out of scope: finding the versions (`lookup`), writing flags (`embedded`, `server`).

use crate::error::StoreError;
use crate::objects::Outcome;
use crate::objects::entry::Flags;
use crate::objects::record::ObjectMeta;

/// One version of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sibling {
    pub(crate) position: u64,
    pub(crate) version: (i64, u16),
    pub(crate) flags: Flags,
}

/// Sets the flags of all versions of one object, none of them removed.
pub(crate) fn settle(siblings: &mut [Sibling]) {
    let both = |wanted: bool| {
        siblings
            .iter()
            .any(|s| s.flags.any(Flags::SPEC_20) == wanted)
    };
    let mixed = both(true) && both(false);
    for spec_20 in [false, true] {
        let of_spec = || {
            siblings
                .iter()
                .filter(|s| s.flags.any(Flags::SPEC_20) == spec_20)
        };
        // Between equal versions the one that came later counts as newer.
        let newest = of_spec().map(|s| (s.version, s.position)).max();
        let oldest = of_spec().map(|s| (s.version, s.position)).min();
        for sibling in siblings
            .iter_mut()
            .filter(|s| s.flags.any(Flags::SPEC_20) == spec_20)
        {
            let key = Some((sibling.version, sibling.position));
            let mut flags = sibling.flags.without(
                Flags::NOT_LAST
                    .with(Flags::NOT_FIRST)
                    .with(Flags::OLD_SPEC)
                    .with(Flags::MIXED_SPEC),
            );
            if key != newest {
                flags = flags.with(Flags::NOT_LAST);
            }
            if key != oldest {
                flags = flags.with(Flags::NOT_FIRST);
            }
            if mixed {
                flags = flags.with(Flags::MIXED_SPEC);
                if spec_20 {
                    flags = flags.with(Flags::OLD_SPEC);
                }
            }
            sibling.flags = flags;
        }
    }
}

/// What becomes of a new object beside the versions that the view has; `says_the_same` compares contents.
pub(crate) fn decide(
    siblings: &[Sibling],
    meta: &ObjectMeta,
    only_new_ids: bool,
    says_the_same: impl Fn(&Sibling) -> Result<bool, StoreError>,
) -> Result<Outcome, StoreError> {
    if siblings.is_empty() {
        return Ok(Outcome::Added);
    }
    if only_new_ids {
        return Ok(Outcome::Unchanged);
    }
    let spec_20 = meta.flags.any(Flags::SPEC_20);
    let mut same_spec = siblings
        .iter()
        .filter(|s| s.flags.any(Flags::SPEC_20) == spec_20);
    if meta.flags.any(Flags::UNVERSIONED) {
        // Without a version of its own an object that says something else is a newer one.
        let Some(newest) = same_spec.max_by_key(|s| (s.version, s.position)) else {
            return Ok(Outcome::Added);
        };
        return Ok(if says_the_same(newest)? {
            Outcome::Unchanged
        } else {
            Outcome::Added
        });
    }
    let version = (meta.version, meta.version_nanos);
    let Some(equal) = same_spec.find(|s| s.version == version) else {
        return Ok(Outcome::Added);
    };
    Ok(if says_the_same(equal)? {
        Outcome::Unchanged
    } else {
        Outcome::Differs
    })
}

/// Whether two JSON texts say the same: spaces and the order of properties do not count.
pub(crate) fn same_content(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    parse(one).is_some_and(|value| Some(value) == parse(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(versions: &[(i64, bool)], shown: &[u64]) {
        let mut siblings: Vec<Sibling> = versions
            .iter()
            .zip(0..)
            .map(|((version, spec_20), position)| Sibling {
                position,
                version: (*version, 0),
                flags: if *spec_20 {
                    Flags::SPEC_20
                } else {
                    Flags::default()
                },
            })
            .collect();
        settle(&mut siblings);
        let got: Vec<u64> = siblings
            .iter()
            .filter(|s| !s.flags.any(Flags::HIDDEN))
            .map(|s| s.position)
            .collect();
        assert_eq!(got, shown, "{versions:?}");
    }

    #[test]
    fn the_greatest_version_is_shown_whenever_it_arrived() {
        check(&[(1, false)], &[0]);
        check(&[(1, false), (2, false)], &[1]);
        check(&[(9, false), (2, false), (3, false)], &[0]);
    }

    #[test]
    fn the_latest_stix_version_is_shown_even_if_an_older_one_is_newer() {
        check(&[(1, false), (5, true)], &[0]);
        check(&[(1, true), (5, true)], &[1]);
    }
}
