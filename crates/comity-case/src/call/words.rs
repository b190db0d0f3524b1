//! Code words: what two officers say to each other on a call, so that each knows that the other sits at its party's node.
//!
//! A node draws the words of its officer at random and states their digest in the call. Whoever hears them types them, and the
//! machine compares. The digest is bound to the call and to the speaker: words that were heard once mean nothing elsewhere.
//! It keeps nothing from the other side's node, which has no reason to guess what it may as well say that it heard.
//!
//! In scope: bytes to words, what was heard to a digest. Out of scope: drawing (`comity-node`), comparing (`call`).
//! Limits: [`CODE_BYTES`], [`HEARD_BYTES_MAX`].

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;

use crate::message::ThreadId;

/// Bytes of a code, a word each: a voice that guesses is right once in four thousand million times.
pub const CODE_BYTES: usize = 4;
/// The longest text that is read as code words.
pub const HEARD_BYTES_MAX: usize = 200;

/// A word for each byte, chosen to be told apart over a bad line.
const WORDS: [&str; 256] = [
    "acorn", "actor", "adobe", "album", "alarm", "almond", "amber", "anchor", "angel", "ankle",
    "apple", "apron", "arch", "arrow", "aspen", "atlas", "atom", "attic", "autumn", "avenue",
    "axle", "bacon", "badge", "bagel", "bakery", "balcony", "bamboo", "banjo", "barley", "basket",
    "beacon", "beaver", "bell", "bench", "berry", "bicycle", "biscuit", "blanket", "blossom",
    "board", "bonnet", "border", "bottle", "boulder", "bracket", "breeze", "brick", "bison",
    "bronze", "bucket", "buffalo", "bugle", "buzzard", "button", "cabin", "cactus", "camel",
    "candle", "canoe", "canvas", "carbon", "carpet", "castle", "cedar", "cello", "cement", "chalk",
    "cherry", "chimney", "cinema", "circus", "clay", "clover", "cobalt", "coconut", "comet",
    "copper", "coral", "cotton", "crater", "cricket", "crystal", "cuckoo", "curtain", "cushion",
    "cymbal", "dagger", "denim", "daisy", "dancer", "decade", "delta", "dentist", "desert", "dial",
    "diamond", "dinner", "doctor", "dolphin", "donkey", "dragon", "drum", "duck", "dune", "eagle",
    "easel", "echo", "eclipse", "elbow", "elephant", "elm", "enamel", "emerald", "engine",
    "escort", "fabric", "falcon", "farmer", "feather", "fender", "fiddle", "figure", "finch",
    "flame", "flute", "fiord", "forest", "fossil", "fountain", "fox", "freight", "fruit", "funnel",
    "galaxy", "garden", "gazebo", "geyser", "ginger", "giraffe", "glacier", "globe", "goose",
    "goblet", "gondola", "grape", "gravel", "guitar", "gutter", "hammer", "harbour", "harvest",
    "hazel", "helmet", "hermit", "heron", "hinge", "honey", "hornet", "hotel", "hunter", "icicle",
    "igloo", "indigo", "insect", "iron", "island", "ivory", "jacket", "jaguar", "jasmine", "jelly",
    "jigsaw", "jockey", "judge", "juniper", "kayak", "kennel", "kettle", "kiosk", "kitten",
    "knight", "koala", "ladder", "lagoon", "lantern", "laundry", "lemon", "leopard", "lever",
    "lizard", "lobster", "locket", "lotus", "lumber", "lunar", "magnet", "mango", "maple",
    "marble", "meadow", "medal", "melon", "mercury", "mirror", "mimosa", "monkey", "mosaic",
    "mountain", "muffin", "museum", "mustard", "napkin", "nectar", "needle", "nickel", "nomad",
    "noodle", "nutmeg", "oasis", "ocean", "olive", "onion", "opera", "orbit", "orchid", "otter",
    "oxygen", "oyster", "paddle", "palace", "panther", "parrot", "pebble", "pelican", "pepper",
    "piano", "pigeon", "pilot", "pirate", "planet", "plum", "pocket", "polar", "poppy", "prism",
    "pulley", "pumpkin", "quail", "quartz", "quilt", "rabbit", "radar", "raven", "ribbon", "river",
    "robin",
];

/// The words of a code.
pub fn spoken(code: [u8; CODE_BYTES]) -> String {
    let word = |byte: u8| WORDS.get(usize::from(byte)).copied().unwrap_or_default();
    code.map(word).join(" ")
}

/// What was heard, as [`spoken`] writes it; the error is what is no code word.
pub fn heard(text: &str) -> Result<String, String> {
    if text.len() > HEARD_BYTES_MAX {
        return Err(format!("{} bytes of text", text.len()));
    }
    let lower = text.to_lowercase();
    let parts = lower.split(|c: char| c.is_whitespace() || c == ',' || c == '-');
    let words: Vec<&str> = parts.filter(|word| !word.is_empty()).collect();
    if let Some(unknown) = words.iter().find(|word| !WORDS.contains(word)) {
        return Err(format!("{unknown:?}"));
    }
    if words.len() != CODE_BYTES {
        return Err(format!("a code of {} words", words.len()));
    }
    Ok(words.join(" "))
}

/// The digest that a party states of the words that its officer will say on a call.
pub fn digest(call: ThreadId, speaker: &PartyName, words: &str) -> Digest {
    Digest::of(format!("comity-code/v1\n{call}\n{speaker}\n{words}").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_byte_has_a_word_of_its_own() {
        let all: BTreeSet<&str> = WORDS.into_iter().collect();
        assert_eq!(all.len(), 256);
        let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(all.iter().all(plain));
        assert_eq!(spoken([0, 1, 254, 255]).split(' ').count(), CODE_BYTES);
    }

    #[test]
    fn what_is_heard_is_read_as_it_is_typed() {
        let words = spoken([0, 17, 200, 255]);
        for typed in [
            words.clone(),
            words.to_uppercase(),
            words.replace(' ', ", "),
            format!(" {} ", words.replace(' ', "-")),
        ] {
            assert_eq!(heard(&typed).as_deref(), Ok(words.as_str()));
        }
        assert_eq!(
            heard("acorn acorn acorn zebra"),
            Err("\"zebra\"".to_owned())
        );
        assert_eq!(heard("acorn acorn"), Err("a code of 2 words".to_owned()));
        assert_eq!(
            heard(&"acorn ".repeat(100)),
            Err("600 bytes of text".to_owned())
        );
    }

    #[test]
    fn a_digest_is_bound_to_the_call_and_to_the_speaker() {
        use crate::message::Subject;
        use uuid::Uuid;
        let call = |number| ThreadId::new(Subject::Call, Uuid::from_u128(number));
        let [alpha, bravo] = ["alpha", "bravo"].map(|name| PartyName::parse(name).unwrap());
        let words = spoken([1, 2, 3, 4]);
        let all: BTreeSet<String> = [
            digest(call(1), &alpha, &words),
            digest(call(2), &alpha, &words),
            digest(call(1), &bravo, &words),
            digest(call(1), &alpha, &spoken([1, 2, 3, 5])),
        ]
        .map(|one| one.to_string())
        .into();
        assert_eq!(all.len(), 4);
    }
}
