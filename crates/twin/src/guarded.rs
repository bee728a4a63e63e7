//! A defect in the store stops the store, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use storage::StorageError;

/// What the store answers; a panic in it leaves unknown what is durable, so it stops the store.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, StorageError>) -> Result<T, StorageError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(StorageError::Stopped(
            "the store met a defect of this program; see the log".into(),
        ))
    })
}
