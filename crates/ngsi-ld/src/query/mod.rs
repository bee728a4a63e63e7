//! The query languages of NGSI-LD, parsed into typed trees: `q` (4.9), `type` (4.17), `scopeQ` (4.19), geo
//! (4.10) and temporal (4.11). What a tree *means* is the `query` crate's.

pub mod geo;
pub mod q;
pub mod scope;
pub mod temporal;
pub mod types;
