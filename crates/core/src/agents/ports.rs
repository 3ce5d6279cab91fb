//! Ports for agents: each one that a repository asks for is given to one agent at a time.
//!
//! A lease is what the agent's log says. It ends when the agent's worktree does.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use orchestra_model::AgentId;
use xxhash_rust::xxh3::xxh3_64;

use super::{client::client_of, folder::AgentFolder};
use crate::files::lock_file;

/// Below what systems hand out by themselves, and above what programs are known to use.
const FIRST: u16 = 20_000;
/// How many there are to choose from.
const NUMBER: u16 = 10_000;

/// Chooses a port for each name, among those that no other agent has and that nothing listens on.
pub(super) fn lease(agents: &Path, id: &AgentId, names: &[String]) -> io::Result<Vec<(String, u16)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let lock = lock_file(&agents.join("ports.lock"))?;
    lock.lock()?;
    let taken: HashSet<u16> = std::fs::read_dir(agents)?
        .flatten()
        .filter_map(|entry| AgentFolder::open(&entry.path()).ok())
        .filter(|folder| folder.id().as_ref() != Some(id))
        .filter_map(|folder| folder.facts(client_of(folder.plan().ok()?.provider)).ok())
        .filter(|facts| facts.folder.as_ref().is_some_and(|folder| folder.exists()))
        .flat_map(|facts| facts.ports.into_iter().map(|(_, port)| port))
        .collect();
    let begin = (xxh3_64(id.as_str().as_bytes()) % u64::from(NUMBER)) as u16;
    let mut free = (0..NUMBER)
        .map(|step| FIRST + (begin + step) % NUMBER)
        .filter(|port| !taken.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    names
        .iter()
        .map(|name| {
            let port = free.next().ok_or_else(|| io::Error::other("every one is taken"))?;
            Ok((name.clone(), port))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_port_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let id: AgentId = "abcd2345".parse().unwrap();
        let names = ["PORT", "API_PORT"].map(str::to_owned);
        let leased = lease(folder.path(), &id, &names).unwrap();
        assert!(leased[0].0 == "PORT" && leased[0].1 != leased[1].1);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, leased[0].1)).unwrap();
        assert!(lease(folder.path(), &id, &names).unwrap().iter().all(|(_, port)| *port != leased[0].1));
        drop(listener);
    }
}
