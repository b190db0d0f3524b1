//! The JSON Canonicalization Scheme (RFC 8785): one spelling for equal values.
//!
//! In scope: writing a read [`Value`] in that spelling: no white space, keys in UTF-16 order, ECMAScript
//! numbers, the shortest escapes. Out of scope: keeping objects, which stay as they were received.

use crate::json::{self, JsonError, Kind, Limits, Value};

/// The canonical spelling of a JSON text.
pub fn of_text(text: &str, limits: &Limits) -> Result<String, JsonError> {
    json::parse(text, limits).map(|value| of(&value))
}

/// The canonical spelling of a value.
pub fn of(value: &Value<'_>) -> String {
    let mut out = String::with_capacity(value.raw().len());
    write_value(value, &mut out);
    out
}

/// Adds the canonical spelling of a value.
pub(crate) fn write_value(value: &Value<'_>, out: &mut String) {
    match value.kind() {
        Kind::Null => out.push_str("null"),
        Kind::Bool(true) => out.push_str("true"),
        Kind::Bool(false) => out.push_str("false"),
        // The reader has refused what is no finite double.
        Kind::Number => out.push_str(&number(value.as_number().unwrap_or(0.0))),
        Kind::String(text) => write_string(text, out),
        Kind::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Kind::Object(members) => {
            let members = members
                .iter()
                .map(|member| (member.key.as_ref(), &member.value))
                .collect();
            write_members(members, out);
        }
    }
}

/// Adds an object of these members, sorted by the UTF-16 code units of their keys (section 3.2.3).
pub(crate) fn write_members(mut members: Vec<(&str, &Value<'_>)>, out: &mut String) {
    members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    out.push('{');
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

/// Adds a JSON string (section 3.2.2.2).
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control @ '\0'..'\u{20}' => {
                let code = format!("\\u{:04x}", u32::from(control));
                out.push_str(&code);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A finite double as ECMAScript writes it (ECMA-262 section 6.1.6.1.20, RFC 8785 section 3.2.2.3).
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // `{:e}` gives the shortest digits that read back as the same double: `-1.2345e-7`.
    let spelled = format!("{value:e}");
    let (sign, spelled) = spelled
        .strip_prefix('-')
        .map_or(("", spelled.as_str()), |rest| ("-", rest));
    let (mantissa, exponent) = spelled.split_once('e').unwrap_or((spelled, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // The decimal point stands behind this many of the digits.
    let point = exponent + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if count <= point && point <= 21 {
        format!("{sign}{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    } else if -6 < point && point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let plus = if exponent > 0 { "+" } else { "" };
        format!("{sign}{first}{dot}{rest}e{plus}{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use super::{number, of_text};
    use crate::json::Limits;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        depth_max: 64,
        values_max: 10_000,
        properties_max: 1_000,
    };

    fn check(text: &str, expected: &str) {
        assert_eq!(of_text(text, &LIMITS).as_deref(), Ok(expected));
    }

    /// RFC 8785 section 3.2.2 and 3.2.3.
    #[test]
    fn reproduces_the_examples_of_the_standard() {
        check(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#,
        );
        check(
            r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        );
    }

    /// RFC 8785 appendix B, by the bits of each double.
    #[test]
    fn writes_numbers_as_the_standard_does() {
        let table: [(u64, &str); 22] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ];
        for (bits, expected) in table {
            assert_eq!(number(f64::from_bits(bits)), expected);
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back_as_the_same_double(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(number(value).parse::<f64>(), Ok(value));
        }

        #[test]
        fn canonical_text_is_its_own_canonical_form(keys in prop::collection::btree_map("\\PC{0,6}", -1e9_f64..1e9, 0..6), text in "\\PC{0,20}") {
            let json = serde_json::json!({ "k": keys, "t": [text, null, true] }).to_string();
            let once = of_text(&json, &LIMITS).unwrap();
            prop_assert_eq!(of_text(&once, &LIMITS), Ok(once.clone()));
            let left: serde_json::Value = serde_json::from_str(&json).unwrap();
            let right: serde_json::Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(left.get("t"), right.get("t"));
        }
    }
}
