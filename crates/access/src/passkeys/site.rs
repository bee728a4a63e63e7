//! The site that passkeys are for.

use std::net::IpAddr;

/// A relying party: its id is the host, its origin what browsers write of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    origin: String,
}

impl RelyingParty {
    /// Of the origin of this server's pages, as browsers write it: `https://twin.city.example`, or `http://localhost:8080`.
    /// Nothing for addresses that browsers know no passkeys for: numbers, and plain http elsewhere than on this machine
    /// (`WebAuthn` Level 3, 4, relying party identifier).
    pub fn of_origin(origin: &str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let host = match authority.rsplit_once(':') {
            Some((host, port)) => {
                let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
                is_port.then_some(host)?
            }
            None => authority,
        };
        let is_name = (1..=253).contains(&host.len())
            && host
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_'))
            && host.split('.').all(|label| !label.is_empty())
            && host.parse::<IpAddr>().is_err()
            && host.bytes().any(|b| b.is_ascii_lowercase());
        let is_this_machine = host == "localhost" || host.ends_with(".localhost");
        let is_safe = scheme == "https" || (scheme == "http" && is_this_machine);
        (is_name && is_safe).then(|| Self {
            id: host.to_owned(),
            origin: origin.to_owned(),
        })
    }

    /// What passkeys are bound to: the host.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where its pages are.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_sites_have_passkeys() {
        for (origin, id) in [
            ("https://twin.city.example", "twin.city.example"),
            ("https://twin.city.example:8443", "twin.city.example"),
            ("https://xn--nxasmq6b.example", "xn--nxasmq6b.example"),
            ("http://localhost:8080", "localhost"),
            ("http://localhost", "localhost"),
            ("https://localhost:8443", "localhost"),
            ("http://twin.localhost:8080", "twin.localhost"),
        ] {
            let rp = RelyingParty::of_origin(origin).unwrap();
            assert_eq!((rp.id(), rp.origin()), (id, origin));
        }
        for origin in [
            "",
            "https://",
            "twin.city.example",
            "http://twin.city.example",
            "http://localhost.city.example",
            "https://192.0.2.1",
            "https://192.0.2.1:8443",
            "https://[2001:db8::1]",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "https://1.2",
            "https://Twin.city.example",
            "https://twin.city.example/",
            "https://twin..example",
            "https://twin.city.example:",
            "https://twin.city.example:x",
            "https://a:b:1",
            "https://user@twin.city.example",
            "ftp://twin.city.example",
            "null",
        ] {
            assert!(RelyingParty::of_origin(origin).is_none(), "{origin}");
        }
    }
}
