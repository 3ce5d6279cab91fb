//! What this machine is called, and where its network finds it.
//!
//! Asks the system; sends nothing.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use crate::reach::is_name;

/// Interfaces that lead to containers and virtual machines here, and to no phone.
const INWARD_INTERFACES: [&str; 6] = ["docker", "br-", "veth", "virbr", "vmnet", "bridge"];

/// The names and addresses of this machine that others may call it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Its host name, in lower case, and the one that networks without a name server know it by.
    pub(crate) names: Vec<String>,
    /// Its IPv4 addresses, that of its way out first. IPv6 addresses change by the day, so nobody is told to use them.
    pub(crate) addresses: Vec<IpAddr>,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn this() -> Self {
        let system = rustix::system::uname();
        let name = system.nodename().to_string_lossy().to_ascii_lowercase();
        Self { names: names_from(&name), addresses: addresses() }
    }
}

/// A host name and what it is in `.local`; none when it is no name.
fn names_from(host_name: &str) -> Vec<String> {
    if !is_name(host_name) || host_name.parse::<IpAddr>().is_ok() || host_name == "localhost" {
        return Vec::new();
    }
    let first = host_name.split('.').next().unwrap_or(host_name);
    let local = format!("{first}.local");
    let mut names = vec![host_name.to_owned()];
    if local != host_name {
        names.push(local);
    }
    names
}

fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|problem| {
        tracing::warn!(%problem, "cannot ask for the addresses of this machine");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !INWARD_INTERFACES.iter().any(|inward| interface.name.starts_with(inward)))
        .map(if_addrs::Interface::ip)
        .filter(|address| match address {
            IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
            IpAddr::V6(_) => false,
        })
        .collect();
    let way_out = way_out();
    // Then those of networks at home and at work, then the rest; in one order, whatever the system's.
    addresses.sort_by_key(|address| (Some(*address) != way_out, !is_private(*address), *address));
    addresses.dedup();
    addresses
}

/// The address that this machine would send from to the world. Connecting a datagram socket sends nothing; the address
/// it is connected to is one for documentation, so nobody has it.
fn way_out() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn is_private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_private())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_called_by_its_name_and_in_local() {
        assert_eq!(names_from("laptop"), ["laptop", "laptop.local"]);
        assert_eq!(names_from("laptop.local"), ["laptop.local"]);
        assert_eq!(names_from("box.example.net"), ["box.example.net", "box.local"]);
        for none in ["", "localhost", "(none)", "a b", "10.0.0.1"] {
            assert!(names_from(none).is_empty(), "{none:?}");
        }
    }

    #[test]
    fn no_address_is_this_machines_alone() {
        for address in Machine::this().addresses {
            assert!(address.is_ipv4() && !address.is_loopback() && !address.is_unspecified(), "{address}");
        }
    }
}
