//! The TLP label that a mail carries in its words (TLP 2.0: "SHOULD indicate the label in the subject line and in the body").
//!
//! In scope: the words of TLP 2.0 and 1.0; the most restrictive counts. Out of scope: labels of what is attached.

use comity_stix::marking::Tlp;

/// What the words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The most restrictive label.
    pub(super) label: Option<Tlp>,
    /// Something was called TLP that is no label.
    pub(super) unknown: bool,
}

impl Said {
    /// Looks through more text.
    pub(super) fn look(&mut self, text: &str) {
        let mut rest = text;
        while let Some(place) = find(rest) {
            let after = rest.get(place + 3..).unwrap_or_default();
            let before = rest.get(..place).and_then(|text| text.chars().next_back());
            rest = after;
            if before.is_some_and(char::is_alphanumeric) {
                continue;
            }
            let Some(words) = after
                .trim_start_matches([' ', '\t'])
                .strip_prefix([':', '\u{ff1a}'])
            else {
                continue;
            };
            match label(words) {
                Some(found) => self.label = self.label.max(Some(found)),
                None => self.unknown = true,
            }
        }
    }
}

/// The next `TLP`, in any case.
fn find(text: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(3);
    windows.position(|three| three.eq_ignore_ascii_case(b"tlp"))
}

/// The label that begins a text: `AMBER+STRICT`, `amber strict`, `WHITE`.
fn label(text: &str) -> Option<Tlp> {
    let text = text.trim_start_matches([' ', '\t', '*', '_']);
    let (first, rest) = word(text);
    let joint = rest.trim_start_matches([' ', '+', '-', '_']);
    let (second, _) = word(joint);
    if first.eq_ignore_ascii_case("amber")
        && second.eq_ignore_ascii_case("strict")
        && rest.len() - joint.len() <= 3
    {
        return Some(Tlp::AmberStrict);
    }
    Tlp::parse(first)
}

fn word(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .take(20)
        .position(|byte| !byte.is_ascii_alphabetic())
        .unwrap_or(text.len().min(20));
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::Said;
    use comity_stix::marking::Tlp;

    #[test]
    fn the_most_restrictive_label_counts() {
        let check = |text: &str, label: Option<Tlp>, unknown: bool| {
            let mut said = Said::default();
            said.look(text);
            assert_eq!((said.label, said.unknown), (label, unknown), "{text}");
        };
        check("[TLP:AMBER+STRICT] Campaign", Some(Tlp::AmberStrict), false);
        check("tlp: amber strict, please", Some(Tlp::AmberStrict), false);
        check("TLP:AMBER strictly for you", Some(Tlp::Amber), false);
        check("(TLP : Green) and TLP:RED below", Some(Tlp::Red), false);
        check("TLP\u{ff1a}RED 紧急", Some(Tlp::Red), false);
        check("TLP:WHITE", Some(Tlp::Clear), false);
        check("**TLP:** *green*", Some(Tlp::Green), false);
        check("TLP:PURPLE", None, true);
        check("about the TLP standard", None, false);
        check("HTLP:RED", None, false);
        check("TLP:", None, true);
    }
}
