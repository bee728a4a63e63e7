//! The one client by which the program reaches out by itself: @contexts, feeds, notifications.
//!
//! It speaks http and https to addresses that were checked, and to no other: the names are resolved here, every address
//! is judged by [`address::check`], and the connection goes to a judged address. No redirects, no proxies, no
//! credentials in URLs; an answer has a size and a time that it may not pass.

pub mod address;
#[cfg(test)]
pub(crate) mod authority;
mod form;
mod outbound;
mod trust;

pub use form::Answered;
use outbound::builder;
pub use outbound::{Posted, Poster, resolve};
pub(crate) use outbound::{acme_client, in_words};
pub use trust::Trust;
pub(crate) use trust::secured;

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use twin::{Fetched, Net, NetError, NetLimits};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_URL_BYTES: usize = 2048;

/// Why something could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not a URL this client fetches.
    #[error("nothing is sent to `{url}`: {why}")]
    Url {
        /// The URL, cut to 200 characters.
        url: String,
        /// Why.
        why: String,
    },
    /// The host's address may not be reached.
    #[error(
        "nothing is sent to `{host}`: {address} is {why}; if it is yours and meant, set notifications.allow_private \
         (for an @context contexts.static is better, which needs no network)"
    )]
    Address {
        /// The host as the URL has it.
        host: String,
        /// The address.
        address: IpAddr,
        /// What sort of address it is.
        why: &'static str,
    },
    /// It was tried and did not come.
    #[error("`{url}` could not be fetched: {why}")]
    Failed {
        /// The URL, cut to 200 characters.
        url: String,
        /// Why.
        why: String,
    },
}

/// Whom the program may talk to. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Also loopback and private addresses.
    pub allow_private: bool,
    /// Who says that a server is who it is.
    pub trust: Trust,
}

/// The guarded client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GuardedClient {
    policy: Policy,
    timeout: Duration,
}

impl GuardedClient {
    /// A client. No request takes longer than `timeout`.
    pub fn new(policy: Policy, timeout: Duration) -> Self {
        Self { policy, timeout }
    }

    /// Fetches a document of at most `max_bytes` bytes after decompression. Only a 2xx answer is one.
    pub async fn fetch(&self, url: &str, accept: &str, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
        let fetched = self.fetch_dated(url, accept, max_bytes).await?;
        Ok(fetched.body)
    }

    /// The same with what the answer says about how long it holds.
    async fn fetch_dated(&self, url: &str, accept: &str, max_bytes: usize) -> Result<Fetched, FetchError> {
        let parsed = check_url(url, self.policy.allow_private)?;
        let failed = |why: String| FetchError::Failed {
            url: shortened(url),
            why: trust::explained(why),
        };
        // Requests are rare (what comes is kept elsewhere), so each has a client of its own: nothing stays open.
        let client = builder(&self.policy)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .timeout(self.timeout)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| failed(causes(&error)))?;
        let request = client.get(parsed).header(reqwest::header::ACCEPT, accept);
        let mut response = request
            .send()
            .await
            .map_err(|error| refusal(&error).cloned().unwrap_or_else(|| failed(causes(&error))))?;
        let status = response.status();
        if status.is_redirection() {
            let target = response
                .headers()
                .get(reqwest::header::LOCATION)
                .and_then(|v| v.to_str().ok());
            return Err(failed(format!(
                "it redirects to `{}`, and redirects are not followed; use that URL itself",
                shortened(target.unwrap_or("?"))
            )));
        }
        if !status.is_success() {
            return Err(failed(format!("it answers {status}")));
        }
        let max_age = max_age(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(causes(&error)))? {
            if body.len() + chunk.len() > max_bytes {
                return Err(failed(format!("the answer is larger than {max_bytes} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { body, max_age })
    }
}

impl Net for GuardedClient {
    fn get(&self, url: &str, limits: NetLimits) -> Result<Vec<u8>, NetError> {
        Net::fetch(self, url, limits).map(|fetched| fetched.body)
    }

    /// On a thread and a runtime of its own, so that it works wherever the caller stands.
    fn fetch(&self, url: &str, limits: NetLimits) -> Result<Fetched, NetError> {
        let client = Self {
            timeout: self.timeout.min(limits.timeout),
            policy: self.policy.clone(),
        };
        let fetched = std::thread::scope(|scope| {
            let fetching = std::thread::Builder::new()
                .name("fetch".to_owned())
                .spawn_scoped(scope, || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let runtime = runtime.map_err(|error| NetError(error.to_string()))?;
                    let fetch = client.fetch_dated(
                        url,
                        "application/ld+json, application/json;q=0.9",
                        limits.max_bytes,
                    );
                    let fetched = runtime.block_on(fetch);
                    // A name that is still being looked up is not waited for.
                    runtime.shutdown_background();
                    fetched.map_err(|error| NetError(error.to_string()))
                });
            fetching.map(std::thread::ScopedJoinHandle::join)
        });
        match fetched {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(NetError(
                "the request failed inside this program; its log says why".to_owned(),
            )),
            Err(error) => Err(NetError(format!(
                "no thread could be started for the request: {error}"
            ))),
        }
    }
}

/// How long an answer holds, where it says so (RFC 9111, 4.2.1): `s-maxage`, else `max-age`, else `Expires`.
fn max_age(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    use reqwest::header::{CACHE_CONTROL, DATE, EXPIRES};
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let all = headers.get_all(CACHE_CONTROL).iter();
    let directives: Vec<&str> = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    if directives
        .iter()
        .any(|d| d.eq_ignore_ascii_case("no-store") || d.eq_ignore_ascii_case("no-cache"))
    {
        return Some(Duration::ZERO);
    }
    let seconds = |name: &str| {
        directives.iter().find_map(|directive| {
            let (key, value) = directive.split_once('=')?;
            let value = value.trim_matches('"').parse().ok()?;
            key.eq_ignore_ascii_case(name).then(|| Duration::from_secs(value))
        })
    };
    let instant = |name| {
        jiff::fmt::rfc2822::parse(text(name)?)
            .ok()
            .map(|at| at.timestamp())
    };
    seconds("s-maxage").or_else(|| seconds("max-age")).or_else(|| {
        text(EXPIRES)?;
        // A date that cannot be read is one in the past (RFC 9111, 5.3).
        let Some(expires) = instant(EXPIRES) else {
            return Some(Duration::ZERO);
        };
        let since = instant(DATE)?; // without one it does not say for how long
        Some(Duration::try_from(expires.duration_since(since)).unwrap_or(Duration::ZERO))
    })
}

/// Checks all that can be said of a URL before a name is resolved.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, FetchError> {
    let refused = |why: &str| FetchError::Url {
        url: shortened(text),
        why: why.to_owned(),
    };
    if text.len() > MAX_URL_BYTES {
        return Err(refused("it is longer than 2048 bytes"));
    }
    // The URL standard drops tabs and line ends inside a URL; what is dropped may fool a reader of logs.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(refused("it holds white space or control characters"));
    }
    let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" => {}
        _ => return Err(refused("only http and https URLs are")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it holds credentials"));
    }
    let host = url.host_str().ok_or_else(|| refused("it names no host"))?;
    if let Ok(ip) = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
    {
        address::check(ip, allow_private).map_err(|why| FetchError::Address {
            host: host.to_owned(),
            address: ip,
            why,
        })?;
    }
    Ok(url)
}

/// Resolves names and lets only judged addresses through, so that the connection goes to what was checked.
struct GuardedResolver {
    allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            judge(&host, &found, allow_private)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Refuses a name when one of its addresses is refused: a name that points inside and outside is an attack.
fn judge(host: &str, found: &[SocketAddr], allow_private: bool) -> Result<(), FetchError> {
    for address in found {
        let address = address.ip();
        address::check(address, allow_private).map_err(|why| FetchError::Address {
            host: host.to_owned(),
            address,
            why,
        })?;
    }
    Ok(())
}

fn refusal<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a FetchError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<FetchError>() {
            return Some(refusal);
        }
        cause = error.source();
    }
    None
}

/// The last cause of an error, which is the one that says something.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn urls_that_are_refused_before_anything_is_sent() {
        for (url, why) in [
            ("file:///etc/passwd", "only http"),
            ("gopher://example.org/", "only http"),
            ("ftp://example.org/x", "only http"),
            ("data:application/json,{}", "only http"),
            ("urn:x:y", "only http"),
            ("http://user:pw@example.org/", "credentials"),
            ("http://user@example.org/", "credentials"),
            ("http://127.0.0.1@example.org/", "credentials"),
            ("http://", "host"),
            ("not a url", "white space"),
            ("http://exa mple.org/", "white space"),
            ("http://example.org/\r\nHost: x", "white space"),
            ("http://127.0.0.1/", "loopback"),
            ("http://127.1/", "loopback"),
            ("http://2130706433/", "loopback"),
            ("http://0x7f000001/", "loopback"),
            ("http://0x7f.1/", "loopback"),
            ("http://0177.0.0.1/", "loopback"),
            ("http://017700000001/", "loopback"),
            ("http://127.0.0.1./", "loopback"),
            ("http://１２７.0.0.1/", "loopback"),
            ("http://127。0。0。1/", "loopback"),
            ("http://%31%32%37.0.0.1/", "loopback"),
            ("http:127.0.0.1/", "loopback"),
            ("http:\\\\127.0.0.1\\", "loopback"),
            ("http:/127.0.0.1/", "loopback"),
            ("http://10.1.2.3:8080/", "private"),
            ("http://192.168.1.1/", "private"),
            ("http://172.20.0.1/", "private"),
            ("http://169.254.169.254/latest/meta-data", "link-local"),
            ("http://0.0.0.0/", "this network"),
            ("http://0/", "this network"),
            ("http://255.255.255.255/", "reserved"),
            ("http://224.0.0.251/", "multicast"),
            ("http://[::1]/", "loopback"),
            ("http://[::]/", "unspecified"),
            ("http://[::ffff:127.0.0.1]/", "loopback"),
            ("http://[::ffff:7f00:1]/", "loopback"),
            ("http://[::ffff:a9fe:a9fe]/", "link-local"),
            ("http://[64:ff9b::127.0.0.1]/", "loopback"),
            ("http://[fe80::1]/", "link-local"),
            ("http://[fd00::1]/", "unique local"),
            ("http://[ff02::1]/", "multicast"),
            ("http://[2002:7f00:1::]/", "6to4"),
        ] {
            let error = check_url(url, false).expect_err(url).to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
        let long = format!("http://example.org/{}", "a".repeat(3000));
        assert!(check_url(&long, false).unwrap_err().to_string().len() < 400);
        for good in [
            "http://example.org/c.jsonld",
            "HTTPS://example.org/c.jsonld",
            "http://8.8.8.8:81/x?y=1#z",
            "http://[2606:4700::1]/",
        ] {
            assert!(check_url(good, false).is_ok(), "{good}");
        }
        assert!(check_url("http://127.0.0.1:1026/c", true).is_ok());
        assert!(check_url("http://169.254.169.254/", true).is_err());
    }

    #[test]
    fn answers_say_how_long_they_hold() {
        use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
        for (headers, expected) in [
            (&[][..], None),
            (&[("cache-control", "public, max-age=60")][..], Some(60)),
            (&[("cache-control", "max-age=60, s-maxage=\"5\"")], Some(5)),
            (
                &[("cache-control", "public"), ("cache-control", "Max-Age=7")],
                Some(7),
            ),
            (
                &[
                    ("cache-control", "no-cache"),
                    ("expires", "Thu, 01 Jan 2032 00:00:00 GMT"),
                ],
                Some(0),
            ),
            (&[("cache-control", "max-age=x")], None),
            (
                &[
                    ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
                    ("expires", "Thu, 01 Jan 2026 00:01:00 GMT"),
                ],
                Some(60),
            ),
            (
                &[
                    ("date", "Thu, 01 Jan 2026 00:01:00 GMT"),
                    ("expires", "Thu, 01 Jan 2026 00:00:00 GMT"),
                ],
                Some(0),
            ),
            (&[("expires", "0")], Some(0)),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(max_age(&map), expected.map(Duration::from_secs), "{headers:?}");
        }
    }

    #[test]
    fn one_bad_address_spoils_a_name() {
        let both = ["8.8.8.8:0".parse().unwrap(), "127.0.0.1:0".parse().unwrap()];
        assert!(judge("twoface.example", &both, false).is_err());
        assert!(judge("twoface.example", &both[..1], false).is_ok());
        assert!(judge("twoface.example", &both, true).is_ok());
    }

    async fn answering(answer: &'static [u8], repeat: usize) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            let _ = socket.read(&mut buffer).await;
            for _ in 0..repeat {
                if socket.write_all(answer).await.is_err() {
                    break;
                }
            }
        });
        address
    }

    fn client(allow_private: bool) -> GuardedClient {
        let policy = Policy {
            allow_private,
            trust: Trust::default(),
        };
        GuardedClient::new(policy, Duration::from_secs(10))
    }

    #[tokio::test]
    async fn names_are_judged_by_their_addresses() {
        let error = client(false)
            .fetch("http://localhost:9/", "*/*", 1000)
            .await
            .unwrap_err();
        assert!(matches!(error, FetchError::Address { .. }), "{error}");
    }

    #[tokio::test]
    async fn answers_are_read_whole_and_within_bounds() {
        let client = client(true);
        let fine = answering(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            1,
        )
        .await;
        assert_eq!(
            client
                .fetch(&format!("http://{fine}/"), "*/*", 1000)
                .await
                .unwrap(),
            b"{}"
        );

        let moved = answering(
            b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            1,
        );
        let error = client
            .fetch(&format!("http://{}/", moved.await), "*/*", 1000)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("redirects are not followed"),
            "{error}"
        );

        let missing = answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1).await;
        let error = client
            .fetch(&format!("http://{missing}/"), "*/*", 1000)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("404"), "{error}");

        let endless = answering(
            b"HTTP/1.1 200 OK\r\n\r\n0123456789abcdef0123456789abcdef",
            1 << 12,
        )
        .await;
        let error = client
            .fetch(&format!("http://{endless}/"), "*/*", 1000)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("larger than"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_twin_can_ask_from_any_thread() {
        let fine = answering(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            1,
        )
        .await;
        assert_eq!(
            Net::get(&client(true), &format!("http://{fine}/"), NetLimits::default()).unwrap(),
            b"{}"
        );
        let refused = Net::get(&client(false), "http://127.0.0.1:1/", NetLimits::default()).unwrap_err();
        assert!(refused.to_string().contains("allow_private"), "{refused}");
    }
}
