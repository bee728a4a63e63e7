//! Which addresses the program may talk to on its own: those of the public internet, and private ones only
//! when the operator said so.
//!
//! Sources: IANA's special-purpose address registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On the public internet.
    Public,
    /// Loopback, or a private network: allowed by `notifications.allow_private`.
    Private(&'static str),
    /// Never allowed: link-local (where clouds keep their machine's secrets), multicast, reserved …
    Special(&'static str),
}

/// Whether a connection to `address` may be made.
pub fn check(address: IpAddr, allow_private: bool) -> Result<(), &'static str> {
    match kind(address) {
        Kind::Public => Ok(()),
        Kind::Private(_) if allow_private => Ok(()),
        Kind::Private(why) | Kind::Special(why) => Err(why),
    }
}

/// What sort of address it is. An IPv6 address that carries an IPv4 address is what that one is.
pub fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        [0, ..] => Kind::Special("an address of this network (0.0.0.0/8)"),
        [127, ..] => Kind::Private("a loopback address (127.0.0.0/8)"),
        [10, ..] => Kind::Private("a private address (10.0.0.0/8)"),
        [172, 16..=31, ..] => Kind::Private("a private address (172.16.0.0/12)"),
        [192, 168, ..] => Kind::Private("a private address (192.168.0.0/16)"),
        [100, 64..=127, ..] => Kind::Private("a shared address (100.64.0.0/10)"),
        [169, 254, ..] => Kind::Special("a link-local address (169.254.0.0/16)"),
        [192, 0, 0, _] => Kind::Special("an address for protocols (192.0.0.0/24)"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Kind::Special("an address for documentation")
        }
        [192, 88, 99, _] => Kind::Special("a 6to4 relay (192.88.99.0/24)"),
        [198, 18..=19, ..] => Kind::Special("an address for benchmarks (198.18.0.0/15)"),
        [224..=239, ..] => Kind::Special("a multicast address (224.0.0.0/4)"),
        [240..=255, ..] => Kind::Special("a reserved address (240.0.0.0/4)"),
        _ => Kind::Public,
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        kind_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Special("the unspecified address (::)"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Private("the loopback address (::1)"),
        // IPv4-mapped (::ffff:0:0/96), and NAT64 (64:ff9b::/96).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0xfc00..=0xfdff, ..] => Kind::Private("a unique local address (fc00::/7)"),
        [0xfe80..=0xfebf, ..] => Kind::Special("a link-local address (fe80::/10)"),
        [0xff00..=0xffff, ..] => Kind::Special("a multicast address (ff00::/8)"),
        // 6to4, Teredo and the like tunnel to an IPv4 address that cannot be checked here.
        [0x2002, ..] => Kind::Special("a 6to4 address (2002::/16)"),
        [0x2001, 0..=0x01ff, ..] => Kind::Special("an address for protocols (2001::/23)"),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Kind::Special("an address for documentation"),
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Special("an address outside the global unicast range (2000::/3)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:200::1",
            "3ffe::1",
        ] {
            assert_eq!(check(public.parse().unwrap(), false), Ok(()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.168.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
        ] {
            assert!(check(private.parse().unwrap(), false).is_err(), "{private}");
            assert_eq!(check(private.parse().unwrap(), true), Ok(()), "{private}");
        }
        for never in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "::ffff:0.0.0.0",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "::127.0.0.1",
            "2002:7f00:1::",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(check(never.parse().unwrap(), false).is_err(), "{never}");
            assert!(
                check(never.parse().unwrap(), true).is_err(),
                "{never} even with allow_private"
            );
        }
    }
}
