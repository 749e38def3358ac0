//! Who sits where: connections counted, together and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::address::neighbourhood;

/// The seats of one server.
pub(super) struct Seats {
    total_max: usize,
    per_address_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    /// No address with none.
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place, given back when it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    /// None of its own where the connection does not come by the network.
    address: Option<IpAddr>,
}

impl Seats {
    pub(super) fn new(total_max: usize, per_address_max: usize) -> Self {
        Self { total_max, per_address_max, taken: Mutex::default() }
    }

    /// A seat, if there is one. A proxy speaks for many: only the house's size limits it, as it does a connection
    /// that does not come by the network.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>, is_proxy: bool) -> Option<Seat> {
        let address = address.map(neighbourhood);
        let mut taken = self.lock();
        let there = address.and_then(|address| taken.by_address.get(&address)).copied().unwrap_or(0);
        if taken.total >= self.total_max || (there >= self.per_address_max && !is_proxy) {
            return None;
        }
        taken.total += 1;
        if let Some(address) = address {
            taken.by_address.insert(address, there + 1);
        }
        Some(Seat { seats: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.total -= 1;
        if let Some(address) = self.address
            && let Some(there) = taken.by_address.get_mut(&address)
        {
            *there -= 1;
            if *there == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_and_given_back() {
        let seats = Arc::new(Seats::new(3, 2));
        let [a, b] = ["10.0.0.1", "10.0.0.2"].map(|address| Some(address.parse().unwrap()));
        let first = seats.take(a, false);
        let second = seats.take(a, false);
        assert!(first.is_some() && second.is_some());
        assert!(seats.take(a, false).is_none());
        let proxied = seats.take(a, true);
        assert!(proxied.is_some());
        assert!(seats.take(b, false).is_none());
        drop((first, second, proxied));
        assert!(seats.lock().by_address.is_empty());
        let all = [a, b, None].map(|address| seats.take(address, false));
        assert!(all.iter().all(Option::is_some));
        assert!(seats.take(None, false).is_none(), "the house is full for everybody");
        drop(all);
        let local = [None; 3].map(|address| seats.take(address, false));
        assert!(local.iter().all(Option::is_some), "what has no address is not limited by it");
        assert!(seats.lock().by_address.is_empty());
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let seats = Arc::new(Seats::new(9, 1));
        let [a, b, c] = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|address| Some(address.parse().unwrap()));
        let _first = seats.take(a, false).unwrap();
        assert!(seats.take(b, false).is_none());
        assert!(seats.take(c, false).is_some());
    }
}
