//! Placeholder of fingerprint, soon written.
