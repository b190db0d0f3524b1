//! Placeholder of difference, soon written.
