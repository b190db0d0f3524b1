//! comity-formats.
