//! What may happen to the city's data, and the proof of what did.
//!
//! [`audit`] is the tamper-evident log: one Merkle tree (RFC 9162) for each tenant, in that tenant's own store.
//! [`desk`] is what a data-protection officer keeps: the register of processing activities with their impact
//! assessments, the requests of data subjects and the breaches, each with its clock. [`profiles`] are laws as data: each
//! article names the checks that can find it violated, and the gap report is what they find.

pub mod audit;
pub mod desk;
pub mod profiles;
