//! Which headers go on, and which belong to one connection or one caller.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use propus_wire::path;

/// Those of one connection (RFC 9110, 7.6.1), and what is made anew for the next one.
const OF_CONNECTION: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "expect",
    "content-length",
];

/// Where a caller's key may be.
const OF_CALLER: [&str; 2] = ["x-goog-api-key", "authorization"];

/// The headers to send on: all but those of the connection and, unless it is passed, the caller's key.
pub(super) fn outward(headers: &HeaderMap, pass_key: bool) -> HeaderMap {
    let mut kept = without_connection(headers);
    if !pass_key {
        for name in OF_CALLER {
            kept.remove(name);
        }
    }
    narrow_encoding(&mut kept);
    kept
}

/// Only gzip is asked for, and only where the caller takes it: other forms could not be watched.
fn narrow_encoding(headers: &mut HeaderMap) {
    let takes_gzip = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = weight.replace(' ', "").trim_end_matches(['0', '.']) == "q=";
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        });
    headers.remove(header::ACCEPT_ENCODING);
    if takes_gzip {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

/// The headers of a reply to pass on. `alt-svc` would lead past us, and who may read a reply in a
/// browser is ours to say.
pub(super) fn inward(headers: &HeaderMap) -> HeaderMap {
    let mut kept = without_connection(headers);
    if let Some(length) = headers.get(header::CONTENT_LENGTH) {
        kept.insert(header::CONTENT_LENGTH, length.clone());
    }
    kept.remove(header::ALT_SVC);
    let cross: Vec<HeaderName> = kept
        .keys()
        .filter(|name| name.as_str().starts_with("access-control-"))
        .cloned()
        .collect();
    for name in cross {
        kept.remove(name);
    }
    kept
}

fn without_connection(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for name in OF_CONNECTION
        .into_iter()
        .chain(named.iter().map(String::as_str))
    {
        kept.remove(name);
    }
    kept
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
        let kept = inward(&came);
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
