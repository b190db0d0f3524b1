//! Where a connection comes from, as far as limits care: an address and the network around it.
//!
//! In scope: the two. Out of scope: what is counted by them (`slots`, `quota`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and its network: IPv4 /32 and /24, IPv6 /64 and /48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) address: IpAddr,
    pub(super) network: IpAddr,
}

impl Origin {
    pub(super) fn of(address: IpAddr) -> Self {
        // An IPv4 client of a socket that takes both comes as ::ffff:a.b.c.d.
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self {
                    address: address.into(),
                    network: Ipv4Addr::new(a, b, c, 0).into(),
                }
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self {
                    address: Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into(),
                    network: Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_networks() {
        let check = |address: &str, alone: &str, network: &str| {
            let origin = Origin::of(address.parse().unwrap());
            assert_eq!(origin.address, alone.parse::<IpAddr>().unwrap());
            assert_eq!(origin.network, network.parse::<IpAddr>().unwrap());
        };
        check("192.0.2.77", "192.0.2.77", "192.0.2.0");
        check("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", "2001:db8:1::");
    }
}
