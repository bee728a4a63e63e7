//! The requests of an order, bounded in time and size, by the rules of everything that the server asks for by itself.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response, header};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use parking_lot::Mutex;
use reqwest::{Client, Method};

use crate::net::{FetchError, Policy, acme_client, check_url, in_words};

/// The longest that one request takes.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// The largest body, either way: a chain of certificates has some kilobytes.
const MAX_BYTES: usize = 256 << 10;

/// The client that orders use. Cheap to clone.
#[derive(Clone)]
pub(super) struct Bounded {
    client: Client,
    allow_private: bool,
    /// For how long the authority last asked to be left alone.
    retry_after: Arc<Mutex<Option<Duration>>>,
}

impl Bounded {
    pub(super) fn new(policy: &Policy) -> Result<Self, FetchError> {
        Ok(Self {
            client: acme_client(policy)?,
            allow_private: policy.allow_private,
            retry_after: Arc::default(),
        })
    }

    /// For how long the authority asked to be left alone since this was last asked.
    pub(super) fn take_retry_after(&self) -> Option<Duration> {
        self.retry_after.lock().take()
    }

    async fn send(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, String> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string();
        let parsed = check_url(&url, self.allow_private).map_err(|error| error.to_string())?;
        if parsed.scheme() != "https" {
            // RFC 8555, 6.1
            return Err(format!("{url} is no https address"));
        }
        let body = axum::body::to_bytes(axum::body::Body::new(body), MAX_BYTES)
            .await
            .map_err(|error| error.to_string())?;
        let is_head = head.method == Method::HEAD;
        let mut headers = head.headers;
        headers.remove(header::USER_AGENT); // ours is the client's own
        let sending = self
            .client
            .request(head.method, parsed)
            .headers(headers)
            .body(body)
            .timeout(REQUEST_TIME)
            .send();
        let mut answer = sending
            .await
            .map_err(|error| in_words(&url, &error).to_string())?;
        let status = answer.status();
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        if !status.is_success() {
            *self.retry_after.lock() =
                text(header::RETRY_AFTER).and_then(|text| retry_after(text, super::now()));
            let problem =
                text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/problem+json"));
            if !problem && !is_head {
                return Err(format!("{url} answered {status}, and not as an ACME server does"));
            }
        }
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = answer.headers().clone();
        let mut read = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| in_words(&url, &error).to_string())?
        {
            if read.len() + chunk.len() > MAX_BYTES {
                return Err(format!("the answer of {url} is longer than {MAX_BYTES} bytes"));
            }
            read.extend_from_slice(&chunk);
        }
        Ok(BytesResponse {
            parts: response.into_parts().0,
            body: Box::new(Bytes::from(read)),
        })
    }
}

impl HttpClient for Bounded {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let this = self.clone();
        Box::pin(async move { this.send(request).await.map_err(|why| Error::Other(why.into())) })
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Duration::try_from(at.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_to_wait_is_read_in_both_forms() {
        let now = "2026-11-06T08:49:00Z".parse().unwrap();
        let read = |text| retry_after(text, now).map(|pause| pause.as_secs());
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Fri, 06 Nov 2026 08:49:37 GMT"), Some(37));
        assert_eq!(read("Fri, 06 Nov 2026 08:48:37 GMT"), None, "it has passed");
        assert_eq!(read("-1"), None);
        assert_eq!(read("soon"), None);
    }
}
