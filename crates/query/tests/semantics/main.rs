//! What queries mean, against oracles that share no code with the crate.

mod evaluator;
mod oracle;
mod plan;
mod random;
mod temporal;
