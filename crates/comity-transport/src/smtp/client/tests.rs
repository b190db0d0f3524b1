//! The way out against servers of a few lines.
