//! What can be provoked besides the catalogue's failures, and what of the catalogue cannot.

use propus_failures::catalogue::ENTRIES;

/// The outcomes that are no failures of the catalogue, each with what it does.
pub const OWN: [(&str, &str); 6] = [
    ("ok", "nothing goes wrong"),
    (
        "slow-first-byte",
        "the answer begins after `seconds`, 10 where nothing is said",
    ),
    (
        "slow-chunks",
        "each chunk waits for `every`, a second where nothing is said; the first `chunk` do not",
    ),
    ("empty-body", "status 200, and nothing behind it"),
    (
        "proxy-page",
        "a gateway's page: status 502, and HTML in place of JSON",
    ),
    (
        "login-redirect",
        "a network's login: status 302 to a page in HTML",
    ),
];

/// The catalogue's failures that nothing a server sends brings about, each with the reason.
pub const NOT_PROVOKABLE: [(&str, &str); 3] = [
    (
        "key-format-new",
        "the client refuses its own key and sends no request, so there is nothing to answer",
    ),
    (
        "live-api-close",
        "it ends a session of the Live API by WebSocket, and there are no such sessions here",
    ),
    (
        "tls-error",
        "it comes about in the handshake, before there is a request, and this server speaks without TLS",
    ),
];

/// Every name that may be asked for, the catalogue's first.
pub fn all() -> impl Iterator<Item = &'static str> {
    let catalogue = ENTRIES.iter().map(|entry| entry.name);
    let own = OWN.iter().map(|(name, _)| *name);
    catalogue.filter(|name| why_not(name).is_none()).chain(own)
}

/// Why a failure of the catalogue cannot be provoked.
pub fn why_not(name: &str) -> Option<&'static str> {
    let found = NOT_PROVOKABLE.iter().find(|(known, _)| *known == name);
    found.map(|(_, why)| *why)
}

/// What to say of a name that does not exist.
pub(super) fn unknown(name: &str) -> String {
    let near = |known: &&str| strsim::jaro_winkler(known, name) > 0.85;
    let near: Vec<String> = all().filter(near).map(|name| format!("`{name}`")).collect();
    let guess = match near.is_empty() {
        true => String::new(),
        false => format!(" (did you mean {}?)", near.join(" or ")),
    };
    let own: Vec<&str> = OWN.iter().map(|(name, _)| *name).collect();
    format!(
        "no outcome is called `{name}`{guess}; there are {} and the failures that `propus explain --list` \
         and GET /propus/v1/inject list",
        own.join(", ")
    )
}
