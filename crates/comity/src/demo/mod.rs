//! `comity demo`.
use crate::cli::DemoArgs;
use crate::failure::Failure;
pub(crate) fn run(_args: &DemoArgs) -> Result<(), Failure> {
    Err(Failure::no("not yet"))
}
