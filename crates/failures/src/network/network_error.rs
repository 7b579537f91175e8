//! No connection came about.

use crate::entry::{Entry, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "network-error",
    page: include_str!("network_error.md"),
    guide: None,
    retry: Retry::Backoff,
    over: &["overloaded-503", "deadline-504"],
    signs: &[
        certain("failed to connect to all addresses"),
        certain("getaddrinfo"),
        certain("name resolution"),
        certain("enotfound"),
        certain("econnrefused"),
        certain("eaiagain"),
        certain("connection refused"),
        certain("could not resolve host"),
        certain("no such host"),
        certain("network is unreachable"),
        certain("enetunreach"),
        certain("ehostunreach"),
        likely("econnreset"),
        likely("connection reset"),
        likely("connection error"),
        likely("connecterror"),
        likely("proxyerror"),
        likely("fetch failed"),
        likely("failed to establish a new connection"),
        likely("max retries exceeded with url"),
        likely("error sending request"),
        likely("socket hang up"),
        likely("dns error"),
        likely("no route to host"),
        likely("failed to fetch"),
        certain("unknownhostexception"),
        certain("unable to resolve host"),
        certain("no address associated with hostname"),
        certain("temporary failure in name resolution"),
        certain("nodename nor servname"),
    ],
};
