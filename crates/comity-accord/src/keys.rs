//! Placeholder of keys, soon written.
