//! comity-api.
