//! Mail that is written.
