//! `dns` and `tcp`: the host's name and a connection to it, or to the proxy in front of it.

use crate::{
    Probe,
    base_url::GOOGLE,
    evidence::failing,
    network::{addresses, connect},
    text::count,
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{net::TcpStream, time::Instant};

/// What was found, and the connection.
pub(crate) struct Reached {
    pub(crate) probes: Vec<Probe>,
    pub(crate) connection: Option<TcpStream>,
}

/// Resolves and connects.
pub(crate) async fn probe(host: &str, port: u16, is_proxy: bool, limit: Duration) -> Reached {
    let (name, found) = dns(host, port, is_proxy, limit).await;
    let mut probes = vec![name];
    if found.is_empty() {
        probes.push(Probe::skipped("tcp", "the name has no address"));
        return Reached {
            probes,
            connection: None,
        };
    }
    let (probe, connection) = tcp(&found, limit).await;
    probes.push(probe);
    Reached { probes, connection }
}

async fn dns(host: &str, port: u16, is_proxy: bool, limit: Duration) -> (Probe, Vec<SocketAddr>) {
    const NAME: &str = "dns";
    let whose = if is_proxy { " (the proxy)" } else { "" };
    let tried = format!("the addresses of {host}{whose}");
    // Brackets belong to addresses in URLs only.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = match addresses(bare, port, limit).await {
        Ok(found) => found,
        Err(error) => {
            let evidence = format!("getaddrinfo {bare}: {error}");
            let seen = format!("no address: {error}");
            let probe = failing(NAME, &tried, seen, &evidence, Some("network-error"));
            return (probe, Vec::new());
        }
    };
    if bare.parse::<IpAddr>().is_ok() {
        return (Probe::ok(NAME, &tried, "it is an address itself"), found);
    }
    let first = found[0].ip();
    let more = if found.len() > 1 { ", …" } else { "" };
    let seen = format!("{}: {first}{more}", count(found.len(), "address"));
    if bare == GOOGLE && !is_proxy && is_inner(first) {
        let probe = Probe::warn(NAME, &tried, format!("{seen}, which is none of Google's"));
        let probe = probe.advise("look into the hosts file, and for a DNS filter or a VPN");
        return (probe, found);
    }
    (Probe::ok(NAME, &tried, seen), found)
}

/// Whether an address belongs to this machine or to a private network.
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_private()
                || address.is_unspecified()
                || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unspecified() || address.is_unique_local()
        }
    }
}

async fn tcp(found: &[SocketAddr], limit: Duration) -> (Probe, Option<TcpStream>) {
    const NAME: &str = "tcp";
    let begun = Instant::now();
    let (connection, refused) = connect(found, limit).await;
    let tried = format!("a connection to port {}", found[0].port());
    let errors: Vec<String> = refused
        .iter()
        .map(|(address, error)| format!("{}: {error}", address.ip()))
        .collect();
    let Some(open) = &connection else {
        let errors = errors.join(", ");
        let evidence = format!("failed to connect to all addresses; last error: {errors}");
        let probe = failing(NAME, &tried, errors, &evidence, Some("network-error"));
        return (probe, None);
    };
    let to = open
        .peer_addr()
        .map_or_else(|_| String::new(), |to| format!(" to {}", to.ip()));
    let seen = format!("connected{to} in {} ms", begun.elapsed().as_millis());
    let probe = match errors.is_empty() {
        true => Probe::ok(NAME, &tried, seen),
        false => {
            let probe = Probe::warn(
                NAME,
                &tried,
                format!("{seen}, but not to {}", errors.join(", ")),
            );
            probe.advise("repair that way (often IPv6): some clients wait for it before they go on")
        }
    };
    (probe, connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ones_own_network_are_told_from_public_ones() {
        for inner in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
        ] {
            assert!(is_inner(inner.parse().unwrap()), "{inner}");
        }
        for public in ["142.250.74.106", "199.36.153.8", "2a00:1450:400f::200a"] {
            assert!(!is_inner(public.parse().unwrap()), "{public}");
        }
    }
}
