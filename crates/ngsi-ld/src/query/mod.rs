//! The query languages of NGSI-LD, parsed into typed trees: `q` (4.9), `type` (4.17), `scopeQ` (4.19), geo
//! (4.10), temporal (4.11), projection (4.21) and ordering (4.23). What a tree *means* is the `query` crate's.
//!
//! Every parser holds its input to [`MAX_LENGTH`], [`MAX_DEPTH`] and [`MAX_TERMS`], and its errors name the
//! position, what was expected there, and an example.

mod boolean;
mod cursor;
pub(crate) mod exact;
pub mod geo;
pub mod order;
pub mod projection;
pub mod q;
mod q_parser;
pub mod scope;
pub mod temporal;
pub mod types;

pub use cursor::{MAX_DEPTH, MAX_LENGTH, MAX_TERMS};
