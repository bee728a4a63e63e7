//! From the twin to inputs.
