//! Text in HTML pages: the one place where what others wrote is made harmless.
//!
//! In scope: escaping. Out of scope: pages.

/// Text as it stands in a page, between tags or in a quoted attribute: nothing that was said can become markup.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            // What cannot be seen could make a line read differently from what was signed.
            control if control.is_control() => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_becomes_markup_and_no_control_goes_unseen() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check(
            "<script>alert('x')</script>",
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;",
        );
        check("a & \"b\"", "a &amp; &quot;b&quot;");
        check("a\u{1b}b\r\n\t\u{4e2d}", "a\u{fffd}b\u{fffd}\n\t\u{4e2d}");
    }
}
