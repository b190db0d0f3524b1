//! Characters that change how a text looks without being seen: they could show a signer other words than those signed.
//!
//! In scope: finding one. Out of scope: letters that look alike.

/// The first hidden character of a text, with its byte offset: zero-width ones, line separators that are no line ends, and
/// the controls of writing direction (Unicode Standard Annex 9).
pub(crate) fn find(text: &str) -> Option<(usize, char)> {
    // No ASCII character is hidden, and most texts are ASCII: told in one pass over words of the machine.
    if text.is_ascii() {
        return None;
    }
    text.char_indices().find(|(_, letter)| is_hidden(*letter))
}

/// Whether a character is hidden.
pub const fn is_hidden(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_found() {
        for good in ["", "alpha", "\u{4e2d}\u{6587}", "\u{e9}\n\t"] {
            assert_eq!(find(good), None, "{good}");
        }
        assert_eq!(find("a\u{202e}b"), Some((1, '\u{202e}')));
        assert_eq!(find("\u{feff}"), Some((0, '\u{feff}')));
    }
}
