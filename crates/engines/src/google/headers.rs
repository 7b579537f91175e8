//! Which headers go on, and which belong to one connection or one caller.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use propus_wire::path;

/// Whether a header is one of a single connection (RFC 9110, 7.6.1), or made anew for the next one.
fn is_of_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "host"
            | "expect"
            | "content-length"
    )
}

/// Whether a caller's key may be in it.
fn is_of_caller(name: &HeaderName) -> bool {
    matches!(name.as_str(), "x-goog-api-key" | "authorization")
}

/// The headers that the connection's own names as such.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let named = headers.get_all(header::CONNECTION).iter();
    named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect()
}

/// The headers to send on: all but those of the connection and, unless it is passed, the caller's key.
pub(super) fn outward(headers: &HeaderMap, pass_key: bool) -> HeaderMap {
    let named = named_by_connection(headers);
    let stays = |name: &HeaderName| {
        is_of_connection(name)
            || named.contains(name)
            || name == header::ACCEPT_ENCODING
            || !pass_key && is_of_caller(name)
    };
    // With room for what is added later.
    let mut kept = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers.iter().filter(|(name, _)| !stays(name)) {
        kept.append(name.clone(), value.clone());
    }
    if takes_gzip(headers) && !named.contains(&header::ACCEPT_ENCODING) {
        kept.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    kept
}

/// Only gzip is asked for, and only where the caller takes it: other forms could not be watched.
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = weight.replace(' ', "").trim_end_matches(['0', '.']) == "q=";
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}

/// The headers of a reply to pass on. `alt-svc` would lead past us, and who may read a reply in a
/// browser is ours to say.
pub(super) fn inward(mut headers: HeaderMap) -> HeaderMap {
    let mut leaves = named_by_connection(&headers);
    leaves.extend(headers.keys().filter(|name| stays_behind(name)).cloned());
    for name in leaves.iter().filter(|name| *name != header::CONTENT_LENGTH) {
        headers.remove(name);
    }
    headers
}

fn stays_behind(name: &HeaderName) -> bool {
    is_of_connection(name)
        || name == header::ALT_SVC
        || name.as_str().starts_with("access-control-")
}

/// The query without the caller's key; what else is in it stays as it is written.
pub(super) fn query(query: Option<&str>, pass_key: bool) -> Option<String> {
    let query = query?;
    if pass_key {
        return Some(query.to_owned());
    }
    let is_key = |pair: &str| {
        let name = path::query(pair).next().map(|(name, _)| name.into_owned());
        matches!(
            name.as_deref(),
            Some("key" | "$key" | "access_token" | "oauth_token")
        )
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    Some(kept.join("&")).filter(|query| !query.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn the_connections_headers_and_the_callers_key_stay_behind() {
        let came = headers(&[
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("host", "here"),
            ("content-length", "3"),
            ("x-goog-api-key", "k"),
            ("authorization", "Bearer k"),
            ("accept-encoding", "br, gzip;q=0.5"),
            ("x-goog-api-client", "gl-python"),
            ("x-goog-new", "1"),
            ("x-server-timeout", "9"),
            ("user-agent", "u"),
            ("content-type", "application/json"),
        ]);
        let mut names: Vec<_> = outward(&came, false)
            .keys()
            .map(|n| n.to_string())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "accept-encoding",
                "content-type",
                "user-agent",
                "x-goog-api-client",
                "x-goog-new",
                "x-server-timeout"
            ]
        );
        assert_eq!(outward(&came, false)["accept-encoding"], "gzip");
        assert_eq!(outward(&came, true)["x-goog-api-key"], "k");
        let none = headers(&[("accept-encoding", "br, gzip; q=0.0")]);
        assert!(outward(&none, false).is_empty());
    }

    #[test]
    fn replies_keep_what_matters() {
        let came = headers(&[
            ("transfer-encoding", "chunked"),
            ("alt-svc", "h3"),
            ("access-control-allow-origin", "*"),
            ("retry-after", "3"),
            ("server-timing", "gfet4t7; dur=1"),
            ("x-gemini-service-tier", "standard"),
            ("content-encoding", "gzip"),
        ]);
        let kept = inward(came);
        assert_eq!(kept.len(), 4);
        assert_eq!(kept["x-gemini-service-tier"], "standard");
    }

    #[test]
    fn only_the_key_leaves_the_query() {
        assert_eq!(
            query(Some("alt=sse&key=a&x=%20"), false).unwrap(),
            "alt=sse&x=%20"
        );
        assert_eq!(query(Some("key=a"), false), None);
        assert_eq!(query(Some("k%65y=a&b"), false).unwrap(), "b");
        assert_eq!(query(Some("key=a"), true).unwrap(), "key=a");
        assert_eq!(query(None, false), None);
    }
}
