//! Fields of fixed order, each with its length: what messages, batches and sealed contents are made of.
//!
//! In scope: writing and reading fields; a reader never takes more than it was given. Out of scope: what they mean.
//! Limits: a field is at most [`FIELD_BYTES_MAX`].

/// The longest field: what a payload of 8 MiB takes, sealed.
pub(crate) const FIELD_BYTES_MAX: usize = 9 * 1024 * 1024;

/// Appends fields.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(first: &[u8]) -> Self {
        Self(first.to_vec())
    }

    /// A field of any length.
    pub(crate) fn bytes(mut self, field: &[u8]) -> Self {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(field);
        self
    }

    /// A number.
    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Takes fields off the front.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

/// The bytes end early, go on too long, or a length is beyond its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(Broken)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Broken> {
        self.fixed().map(u64::from_be_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(u32::from_be_bytes(self.fixed()?)).map_err(|_| Broken)?;
        if length > FIELD_BYTES_MAX {
            return Err(Broken);
        }
        let (field, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(field)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.bytes()?.try_into().map_err(|_| Broken)
    }

    pub(crate) fn text(&mut self) -> Result<String, Broken> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Broken)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Broken> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Broken)
        }
    }
}
