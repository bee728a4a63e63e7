//! Messages that the program sends by itself, by the same rules as what it fetches.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderMap;

use super::{
    CONNECT_TIMEOUT, FetchError, GuardedResolver, Policy, causes, check_url, judge, refusal, shortened, trust,
};

/// How many connections to one host stay open for what comes next.
const IDLE: usize = 2;
/// For how long.
const IDLE_TIME: Duration = Duration::from_secs(20);
/// How much of an answer is read, so that its connection can be used again.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// And for how long.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// Posts messages to endpoints that somebody named. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Poster {
    client: Client,
    allow_private: bool,
}

/// What an endpoint answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
}

impl Poster {
    /// A client.
    ///
    /// # Errors
    /// When the system has no means for it (no certificates to trust, no memory).
    pub fn new(policy: &Policy) -> Result<Self, FetchError> {
        let client = super::builder(policy)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_TIME)
            .build()
            .map_err(|error| FetchError::Failed {
                url: String::new(),
                why: causes(&error),
            })?;
        Ok(Self {
            client,
            allow_private: policy.allow_private,
        })
    }

    /// Posts a body. Every answer is one, also a refusal.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Posted, FetchError> {
        let parsed = check_url(url, self.allow_private)?;
        let request = self
            .client
            .post(parsed)
            .headers(headers)
            .body(body)
            .timeout(timeout);
        let mut response = request.send().await.map_err(|error| in_words(url, &error))?;
        let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
        let posted = Posted {
            status: response.status().as_u16(),
            retry_after_s: retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok()),
        };
        // What it says besides does not matter, and is not waited for; a connection that was read to its end can be
        // used again.
        let rest = async move {
            let mut read = 0;
            while let Ok(Some(chunk)) = response.chunk().await {
                read += chunk.len();
                if read > MAX_ANSWER_BYTES {
                    break;
                }
            }
        };
        tokio::spawn(tokio::time::timeout(ANSWER_TIME, rest));
        Ok(posted)
    }
}

/// A client for an authority of certificates, whose requests say themselves how long they take.
///
/// # Errors
/// When the system has no means for it.
pub(crate) fn acme_client(policy: &Policy) -> Result<Client, FetchError> {
    let built = builder(policy).connect_timeout(CONNECT_TIMEOUT).build();
    built.map_err(|error| FetchError::Failed {
        url: String::new(),
        why: causes(&error),
    })
}

/// Why a request came to nothing.
pub(crate) fn in_words(url: &str, error: &reqwest::Error) -> FetchError {
    refusal(error).cloned().unwrap_or_else(|| FetchError::Failed {
        url: shortened(url),
        why: trust::explained(causes(error)),
    })
}

/// The addresses of a host, all of them judged: for protocols other than HTTP.
pub async fn resolve(host: &str, port: u16, allow_private: bool) -> Result<Vec<SocketAddr>, FetchError> {
    let failed = |why: String| FetchError::Failed {
        url: shortened(host),
        why,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|error| failed(error.to_string()))?
        .collect();
    judge(host, &found, allow_private)?;
    if found.is_empty() {
        return Err(failed("the name has no address".to_owned()));
    }
    Ok(found)
}

/// What all our clients have in common.
pub(super) fn builder(policy: &Policy) -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("mapacha/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        // Names of header fields have no case, and not every receiver knows that.
        .http1_title_case_headers()
        .tls_backend_preconfigured(policy.trust.config())
        .dns_resolver(Arc::new(GuardedResolver {
            allow_private: policy.allow_private,
        }))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn who_answered_has_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiver = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            let _ = socket.read(&mut buffer).await;
            // No length, and no end: the answer goes on for as long as the connection is open.
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
        });
        let policy = Policy {
            allow_private: true,
            ..Policy::default()
        };
        let poster = Poster::new(&policy).unwrap();
        let posting = poster.post(&url, HeaderMap::new(), b"{}".to_vec(), Duration::from_hours(1));
        // A guard against hanging, nothing that is measured.
        let posted = tokio::time::timeout(Duration::from_secs(20), posting).await;
        assert_eq!(posted.expect("it hangs").unwrap().status, 200);
        receiver.abort();
    }
}
