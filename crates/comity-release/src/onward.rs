//! What becomes of a label after release: who may pass an object on, and who may lower its label.
//!
//! In scope: the receiver's side of TLP 2.0. Out of scope: enforcing it there; the receiver's own `judge` does.

use comity_stix::marking::Tlp;

/// To whom a receiver may pass an object on without asking its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Onward {
    /// To nobody: it was for the person addressed.
    Nobody,
    /// Within the receiver's organisation.
    Organisation,
    /// Within the organisation and to its clients.
    Clients,
    /// Within the community.
    Community,
    /// To anyone.
    Anyone,
}

/// To whom an object of this label may be passed on. Without the right to relay it never leaves the receiver and the
/// clients it protects.
pub fn onward(label: Tlp, relay: bool) -> Onward {
    let by_label = match label {
        Tlp::Red => Onward::Nobody,
        Tlp::AmberStrict => Onward::Organisation,
        Tlp::Amber => Onward::Clients,
        Tlp::Green => Onward::Community,
        Tlp::Clear => Onward::Anyone,
    };
    if relay {
        by_label
    } else {
        by_label.min(Onward::Clients)
    }
}

/// Who asks for another label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relabeller {
    /// The party that made the object, over its signature.
    OriginatorSigned,
    /// The party that made the object, so it is said.
    OriginatorUnsigned,
    /// Anyone else.
    Other,
}

/// Why a label stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelabelError {
    /// Someone else than the originator would lower it.
    #[error("only the originator lowers {from} to {to}: ask it for a new version")]
    NotOriginator {
        /// The label it has.
        from: Tlp,
        /// The label asked for.
        to: Tlp,
    },
    /// The originator did not sign.
    #[error("lowering {from} to {to} needs the originator's signature: ask for a signed version")]
    NotSigned {
        /// The label it has.
        from: Tlp,
        /// The label asked for.
        to: Tlp,
    },
}

/// Whether a label may be replaced: anyone may be stricter, only the originator lowers, and signs (rule b).
pub fn relabel(from: Tlp, to: Tlp, by: Relabeller) -> Result<(), RelabelError> {
    if to >= from {
        return Ok(());
    }
    match by {
        Relabeller::OriginatorSigned => Ok(()),
        Relabeller::OriginatorUnsigned => Err(RelabelError::NotSigned { from, to }),
        Relabeller::Other => Err(RelabelError::NotOriginator { from, to }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Onward, RelabelError, Relabeller, onward, relabel};
    use comity_stix::marking::Tlp;

    #[test]
    fn a_stricter_label_goes_no_further() {
        for relay in [false, true] {
            let reach: Vec<Onward> = Tlp::ALL.map(|label| onward(label, relay)).to_vec();
            assert!(reach.is_sorted_by(|left, right| left >= right));
        }
        assert_eq!(onward(Tlp::Clear, false), Onward::Clients);
        assert_eq!(onward(Tlp::AmberStrict, true), Onward::Organisation);
        assert_eq!(onward(Tlp::Red, true), Onward::Nobody);
    }

    #[test]
    fn only_the_originator_lowers_a_label_and_signs() {
        let (from, to) = (Tlp::Amber, Tlp::Green);
        let check = |by, expected| assert_eq!(relabel(from, to, by), expected, "{by:?}");
        check(Relabeller::OriginatorSigned, Ok(()));
        check(
            Relabeller::OriginatorUnsigned,
            Err(RelabelError::NotSigned { from, to }),
        );
        check(
            Relabeller::Other,
            Err(RelabelError::NotOriginator { from, to }),
        );
        assert_eq!(relabel(to, from, Relabeller::Other), Ok(()));
        assert_eq!(relabel(from, from, Relabeller::Other), Ok(()));
    }
}
