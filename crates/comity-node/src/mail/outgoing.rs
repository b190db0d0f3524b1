//! Mail that leaves, as documents, and what a person may do about it: send it again now, or take it back.
