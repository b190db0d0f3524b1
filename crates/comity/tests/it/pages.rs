//! The pages of a node as a browser asks for them.
//!
//! In scope: what stands on a page, what a form does, what is not shown or done for whom. Out of scope: how pages look.

mod work;
