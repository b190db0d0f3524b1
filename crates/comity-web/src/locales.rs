//! The files of words, in both languages.
//!
//! In scope: which there are. Out of scope: reading them (`words`).

macro_rules! locale {
    ($name:literal) => {
        (
            include_str!(concat!("../locales/en/", $name, ".ftl")),
            include_str!(concat!("../locales/zh-Hans/", $name, ".ftl")),
        )
    };
}

/// English and Chinese of each file.
pub(crate) const FILES: &[(&str, &str)] = &[
    locale!("frame"),
    locale!("signing"),
    locale!("home"),
    locale!("objects"),
    locale!("work"),
    locale!("fields"),
    locale!("states"),
    locale!("between"),
    locale!("letters"),
    locale!("house"),
    locale!("book"),
];
