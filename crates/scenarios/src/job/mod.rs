//! Runs in the background: progress, cancel, resume; their entities.
