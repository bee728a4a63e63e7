//! What may happen to the city's data, and the proof of what did.
//!
//! [`audit`] is the tamper-evident log: one Merkle tree (RFC 9162) for each tenant, in that tenant's own store.

pub mod audit;
