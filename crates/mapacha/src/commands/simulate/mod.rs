//! `mapacha simulate`

mod access;
mod arguments;
mod files;

pub(crate) use arguments::Simulate;

use crate::config::Effective;
use crate::output::{Failure, Outcome};

/// Runs a simulator.
pub(crate) fn run(command: &Simulate, effective: &Effective) -> Result<Outcome, Failure> {
    match command {
        Simulate::Access(question) => access::run(question, effective),
    }
}
