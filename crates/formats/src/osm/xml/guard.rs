//! What stands between an XML file and its reader: counts lines, and lets no single tag grow without bound.

use std::io::{self, BufRead, Read};

/// The most bytes of one tag, or of the text between two.
const MAX_EVENT: usize = 4 << 20;

/// What is unpacked, up to a bound.
pub(super) struct Bounded<R> {
    inner: R,
    most: u64,
    left: u64,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R, most: u64) -> Self {
        Self {
            inner,
            most,
            left: most,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            let why = format!(
                "the file unpacks to more than {} MiB from far less, which no map does",
                self.most >> 20
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        };
        self.left = left;
        Ok(count)
    }
}

/// Bytes, their lines counted.
pub(super) struct Guard<R> {
    inner: R,
    /// Line breaks passed so far.
    breaks: u64,
    /// Bytes passed since the last [`Guard::begin`].
    passed: usize,
}

impl<R: BufRead> Guard<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            breaks: 0,
            passed: 0,
        }
    }

    /// The line that is read, from 1.
    pub(super) fn line(&self) -> u64 {
        self.breaks + 1
    }

    /// The next tag or text begins.
    pub(super) fn begin(&mut self) {
        self.passed = 0;
    }
}

impl<R: BufRead> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Guard<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.passed > MAX_EVENT {
            let why = format!(
                "a tag, or the text between two, is longer than {} MiB",
                MAX_EVENT >> 20
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // The bytes are still in the buffer: to look at them again reads nothing.
        if let Ok(bytes) = self.inner.fill_buf() {
            let passed = bytes.get(..count).unwrap_or(bytes);
            #[allow(clippy::naive_bytecount, reason = "the parser takes far longer than this")]
            let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
            self.breaks += breaks as u64;
        }
        self.passed = self.passed.saturating_add(count);
        self.inner.consume(count);
    }
}
