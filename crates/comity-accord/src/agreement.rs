//! Placeholder of agreement, soon written.
