//! Addresses that an upstream gives for an upload lead back here, or the bytes would pass us by.

use crate::gateway::asked::Asked;
use http::{HeaderMap, HeaderValue, Uri, header};

/// Headers that carry such an address.
const HEADERS: [&str; 3] = ["x-goog-upload-url", "x-goog-upload-control-url", "location"];

/// Rewrites the addresses of the upstream itself; others stay.
pub(super) fn lead_back(headers: &mut HeaderMap, base_url: &str, asked: &Asked) {
    let Some(here) = own_address(asked) else {
        return;
    };
    for name in HEADERS {
        let led = headers
            .get(name)
            .and_then(|value| led_back(value, base_url, &here));
        if let Some(led) = led {
            headers.insert(name, led);
        }
    }
}

fn led_back(value: &HeaderValue, base_url: &str, here: &str) -> Option<HeaderValue> {
    let rest = value
        .to_str()
        .ok()?
        .strip_prefix(base_url.trim_end_matches('/'))?;
    let led = rest.starts_with('/').then(|| format!("{here}{rest}"))?;
    HeaderValue::from_str(&led).ok()
}

/// Where the caller found us.
fn own_address(asked: &Asked) -> Option<String> {
    let text = |name| {
        asked
            .headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let authority = |uri: &Uri| {
        uri.authority()
            .map(|authority| authority.as_str().to_owned())
    };
    let host = text(header::HOST.as_str())
        .map(str::to_owned)
        .or_else(|| authority(&asked.uri))?;
    let scheme = text("x-forwarded-proto").unwrap_or("http");
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_upstreams_own_addresses_change() {
        let led = |value: &'static str, base: &str| {
            let value = HeaderValue::from_static(value);
            led_back(&value, base, "http://here").map(|led| led.to_str().unwrap().to_owned())
        };
        let base = "https://google.test";
        assert_eq!(
            led("https://google.test/upload/v1beta/files?upload_id=1", base).unwrap(),
            "http://here/upload/v1beta/files?upload_id=1"
        );
        assert_eq!(led("https://elsewhere.test/x", base), None);
        assert_eq!(led("https://google.test.evil/x", base), None);
        let below = "https://proxy.test/gemini/";
        assert_eq!(
            led("https://proxy.test/gemini/x", below).unwrap(),
            "http://here/x"
        );
    }
}
