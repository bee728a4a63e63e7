//! Where a request comes from, for counting guesses.

use std::net::IpAddr;
use std::sync::Arc;

use access::Source;
use axum::http::{Extensions, HeaderMap};

use crate::App;

/// The address at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The request came over TLS that ends here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secured;

/// The certificate (X.509, DER) whose key the other end of a request's connection proved to have, signed by an authority
/// that this server takes.
#[derive(Clone, Debug)]
pub struct PeerCertificate(pub Arc<[u8]>);

/// The client's address: that of the connection, and where that is a proxy of ours, the one that the proxy names.
pub(crate) fn source(app: &App, extensions: &Extensions, headers: &HeaderMap) -> Source {
    let peer = extensions.get::<Peer>().map(|Peer(address)| *address);
    let trusted = |address: IpAddr| is_proxy(app, address);
    Source::of(client(peer, headers, &trusted))
}

/// Those that are configured, and a proxy on this machine where `http.public_url` says that there is one.
fn is_proxy(app: &App, address: IpAddr) -> bool {
    let address = address.to_canonical();
    (address.is_loopback() && app.config.public_url.is_some())
        || app.config.trusted_proxies.contains(&address)
}

/// From the right, the first that is no proxy: what stands left of it anybody can have written.
fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &dyn Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut known = peer?;
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .collect();
    for written in forwarded.iter().rev() {
        if !trusted(known) {
            break;
        }
        let Ok(address) = written.trim().parse() else {
            break;
        };
        known = address;
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_proxy_wrote_is_believed() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = |known: IpAddr| known == address("127.0.0.1") || known == address("10.0.0.9");
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "203.0.113.7, 198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "203.0.113.7, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "10.0.0.9", "10.0.0.9"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let found = client(Some(address(peer)), &headers, &trusted);
            assert_eq!(found, Some(address(expected)), "{peer} {forwarded}");
        }
        assert_eq!(client(None, &HeaderMap::new(), &trusted), None);
    }
}
