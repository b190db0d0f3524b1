//! Placeholder of enrolment, soon written.
