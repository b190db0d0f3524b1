//! The formats that `comity import` reads and `comity export` writes.
//!
//! In scope: recognising a file by its content, cutting it into single STIX objects as they stream by,
//! making indicators of plain lists, writing objects out as a bundle, lines, CSV or bare values; custody of evidence for tools of
//! others (`case_uco`).
//! Out of scope: whether an object obeys STIX (`comity-stix`), storing it (`comity-store`), opening files.
//!
//! The crate is given readers and writers; it opens nothing, knows no clock and starts no task. Memory is
//! bounded by [`import::ReadLimits`], whatever the size of the file.

pub mod case_uco;
pub mod export;
pub mod import;
