//! Release control: who may have which object, and in what form.
//!
//! In scope: judging one object, or one edge, for one recipient and outlet; redaction. Out of scope: keeping decisions,
//! sending.
