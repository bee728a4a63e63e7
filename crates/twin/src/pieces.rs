//! A blob on its way to the writer, in pieces.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How long the writer waits for the next piece of a blob before it gives up on whoever sends it.
const BLOB_PATIENCE: Duration = Duration::from_secs(10);

/// The content of a blob as it comes from another thread.
pub(crate) struct Pieces {
    coming: Receiver<io::Result<Vec<u8>>>,
    current: io::Cursor<Vec<u8>>,
    /// Why it ended early, where it did.
    pub(crate) failed: Option<String>,
}

impl Pieces {
    /// Pieces to come; an empty one is the end.
    pub(crate) fn new(coming: Receiver<io::Result<Vec<u8>>>) -> Self {
        Self {
            coming,
            current: io::Cursor::default(),
            failed: None,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let error = match self.coming.recv_timeout(BLOB_PATIENCE) {
                Ok(Ok(piece)) if piece.is_empty() => return Ok(0),
                Ok(Ok(piece)) => {
                    self.current = io::Cursor::new(piece);
                    continue;
                }
                Ok(Err(error)) => error,
                Err(RecvTimeoutError::Disconnected) => io::Error::other("whoever sent it went away"),
                Err(RecvTimeoutError::Timeout) => io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("nothing came for {} s", BLOB_PATIENCE.as_secs()),
                ),
            };
            self.failed = Some(error.to_string());
            return Err(error);
        }
    }
}
