//! What the program takes from the world, passed in so that tests can be the world.

use ngsi_ld::Timestamp;

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Chance, from a seed that is printed.
pub trait Rng: Send + Sync {
    /// The next number.
    fn next_u64(&self) -> u64;
}
