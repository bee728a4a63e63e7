//! The way out, for documents that are named by URL. Implemented by the program's one guarded client.

use std::time::Duration;

/// Fetches documents. Blocking: call it from a thread that may wait. Implementations refuse what their rules
/// forbid (private addresses, other schemes, redirects to either).
pub trait Net: Send + Sync {
    /// The body that a GET of `url` answers with (status 200), accepting JSON and JSON-LD.
    fn get(&self, url: &str, limits: NetLimits) -> Result<Vec<u8>, NetError>;

    /// The same with what the answer says about how long it holds. One who does not look at that says nothing.
    fn fetch(&self, url: &str, limits: NetLimits) -> Result<Fetched, NetError> {
        let body = self.get(url, limits)?;
        Ok(Fetched { body, max_age: None })
    }
}

/// A document as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The body.
    pub body: Vec<u8>,
    /// How long it holds (`s-maxage`, `max-age` or `Expires`, RFC 9111), where the answer says that.
    pub max_age: Option<Duration>,
}

/// Bounds of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetLimits {
    /// The largest body, in bytes, after decompression.
    pub max_bytes: usize,
    /// From the first byte sent to the last received, redirects included.
    pub timeout: Duration,
}

impl Default for NetLimits {
    /// 2 MiB in 10 s: the largest published @contexts have about 0.5 MiB.
    fn default() -> Self {
        Self {
            max_bytes: 2 << 20,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Why a document could not be had: what, and what to do; lower case, no final period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NetError(pub String);
