//! Addresses of clients.

use std::net::{IpAddr, Ipv6Addr};

/// What is counted as one client: whoever has one IPv6 address has its /64 network.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_neighbour_and_an_address_of_ipv4_is_one() {
        for (address, neighbour) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("::1", "::"),
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(neighbourhood(address.parse().unwrap()), neighbour.parse::<IpAddr>().unwrap(), "{address}");
        }
    }
}
