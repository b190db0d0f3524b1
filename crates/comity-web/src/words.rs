//! The words of the pages: Project Fluent, one bundle a language, compiled in.
//!
//! Every visible word comes from `locales/`. A test holds both languages and the pages against each other: a key that a page asks for
//! and a language lacks, or that nobody asks for, is a failed test.
//!
//! In scope: choosing a language, saying things in it. Out of scope: what others wrote, which is shown as it is.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Chinese, simplified.
    Chinese,
    /// English with every word changed, so that what was not taken from here shows.
    Pseudo,
}

impl Language {
    /// The languages that a person can choose.
    pub const OFFERED: [Self; 2] = [Self::English, Self::Chinese];

    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
            Self::Pseudo => "en-XA",
        }
    }

    /// Its name in itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
            Self::Pseudo => "Ƥşḗŭḓǿ",
        }
    }

    /// The language of a tag.
    pub fn parse(tag: &str) -> Option<Self> {
        let all = [Self::English, Self::Chinese, Self::Pseudo];
        all.into_iter().find(|one| one.tag() == tag)
    }

    /// The first language of an `Accept-Language` field (RFC 9110 section 12.5.4) that there is; weights are not looked at, as
    /// browsers send them in order.
    pub fn accepted(field: &str) -> Option<Self> {
        field.split(',').take(20).find_map(|range| {
            let tag = range.split(';').next()?.trim();
            let primary = tag.split('-').next()?;
            if primary.eq_ignore_ascii_case("zh") {
                Some(Self::Chinese)
            } else if primary.eq_ignore_ascii_case("en") {
                Some(Self::English)
            } else {
                None
            }
        })
    }

    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
            Self::Pseudo => &PSEUDO,
        }
    }
}

/// The words of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({})", self.language.tag())
    }
}

static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::read(Language::English));
static CHINESE: LazyLock<Words> = LazyLock::new(|| Words::read(Language::Chinese));
static PSEUDO: LazyLock<Words> = LazyLock::new(|| Words::read(Language::Pseudo));

impl Words {
    fn read(language: Language) -> Self {
        let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Marks of direction around what is put in would be copied along with it.
        bundle.set_use_isolating(false);
        if language == Language::Pseudo {
            bundle.set_transform(Some(pseudo));
        }
        for (english, chinese) in crate::locales::FILES {
            let text = if language == Language::Chinese {
                chinese
            } else {
                english
            };
            // A file with an error in it still gives the messages around it; the tests refuse both.
            let resource = match FluentResource::try_new((*text).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether there is a message of this key.
    pub fn knows(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// What stands under a key.
    pub fn say(&self, key: &str) -> String {
        self.said(key, None)
    }

    /// The same with one thing put in.
    pub fn say_of<'a>(
        &self,
        key: &str,
        name: &'a str,
        value: impl Into<FluentValue<'a>>,
    ) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set(name, value);
        self.said(key, Some(&arguments))
    }

    /// The same with several things put in.
    pub fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, value) in values {
            arguments.set(*name, *value);
        }
        self.said(key, Some(&arguments))
    }

    /// The words for a word of the node's own (`state`, `accepted`): where there are none, the word itself.
    pub fn word(&self, family: &str, word: &str) -> String {
        let key = format!(
            "{family}-{}",
            word.to_ascii_lowercase()
                .replace([' ', '_', ':', '+', ','], "-")
        );
        if self.knows(&key) {
            self.say(&key)
        } else {
            word.to_owned()
        }
    }

    fn said(&self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let pattern = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value());
        let Some(pattern) = pattern else {
            // Never reached while the tests hold; a page with a strange word is better than none.
            tracing::error!(key, language = self.language.tag(), "words are missing");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let said = self.bundle.format_pattern(pattern, arguments, &mut errors);
        said.into_owned()
    }
}

/// Letters that look like the ones they stand for.
fn pseudo(text: &str) -> std::borrow::Cow<'_, str> {
    let changed = text.chars().map(|letter| match letter {
        'a' => 'ȧ',
        'b' => 'ƀ',
        'c' => 'ƈ',
        'e' => 'ḗ',
        'i' => 'ī',
        'n' => 'ƞ',
        'o' => 'ǿ',
        's' => 'ş',
        't' => 'ŧ',
        'u' => 'ŭ',
        'y' => 'ẏ',
        'A' => 'Ȧ',
        'E' => 'Ḗ',
        'I' => 'Ī',
        'L' => 'Ŀ',
        'O' => 'Ǿ',
        'S' => 'Ş',
        'T' => 'Ŧ',
        'U' => 'Ŭ',
        other => other,
    });
    changed.collect::<String>().into()
}

#[cfg(test)]
mod tests;
