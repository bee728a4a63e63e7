//! Who may do what.

pub mod policies;
