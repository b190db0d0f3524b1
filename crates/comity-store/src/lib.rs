//! comity-store.
