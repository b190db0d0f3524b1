//! comity-transport.
