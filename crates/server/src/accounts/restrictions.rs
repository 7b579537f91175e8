//! From where a key may be used, and for which API: what Google's console calls key restrictions.

use crate::wildcard::is_like;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The service that this server is.
pub const SERVICE: &str = "generativelanguage.googleapis.com";

/// What a key is restricted to. An empty list restricts nothing; of the first four kinds a key has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Restrictions {
    /// Web pages, with `*` for any letters: `https://example.com/*`, `*.example.com/*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub referrers: Vec<String>,
    /// Addresses of callers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<IpNet>,
    /// Android apps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub android: Vec<AndroidApp>,
    /// Bundle identifiers of iOS apps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ios: Vec<String>,
    /// The services that may be called with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<String>,
}

/// An Android app, by its package and the fingerprint of its signing certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AndroidApp {
    /// Such as `com.example.app`.
    pub package: String,
    /// SHA-1, as hexadecimal digits with or without colons.
    pub certificate: String,
}

/// Where a call comes from, as far as its headers and its connection tell.
#[derive(Clone, Debug, Default)]
pub struct Origin<'a> {
    /// `Referer`.
    pub referrer: Option<&'a str>,
    /// The caller's address.
    pub ip: Option<IpAddr>,
    /// `X-Android-Package`.
    pub android_package: Option<&'a str>,
    /// `X-Android-Cert`.
    pub android_certificate: Option<&'a str>,
    /// `X-Ios-Bundle-Identifier`.
    pub ios_bundle: Option<&'a str>,
}

/// Which restriction a call breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The key is not for this API.
    Api,
    /// The page is none of those allowed.
    Referrer,
    /// The address is none of those allowed.
    Ip,
    /// The Android app is none of those allowed.
    Android,
    /// The iOS app is none of those allowed.
    Ios,
}

impl Restrictions {
    /// Whether nothing is restricted.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a call from there may use the key.
    pub fn admit(&self, origin: &Origin) -> Result<(), Broken> {
        let open = |list: usize, fits: bool, broken| match list == 0 || fits {
            true => Ok(()),
            false => Err(broken),
        };
        let service = self.apis.iter().any(|api| api == SERVICE);
        open(self.apis.len(), service, Broken::Api)?;
        let referrer = origin.referrer.unwrap_or_default();
        let page = self.referrers.iter().any(|known| is_page(known, referrer));
        open(self.referrers.len(), page, Broken::Referrer)?;
        let ip = origin.ip.map(|ip| ip.to_canonical());
        let near = ip.is_some_and(|ip| self.ips.iter().any(|net| net.contains(&ip)));
        open(self.ips.len(), near, Broken::Ip)?;
        let android = self.android.iter().any(|app| app.is(origin));
        open(self.android.len(), android, Broken::Android)?;
        let ios = self
            .ios
            .iter()
            .any(|bundle| origin.ios_bundle == Some(bundle));
        open(self.ios.len(), ios, Broken::Ios)
    }
}

impl AndroidApp {
    fn is(&self, origin: &Origin) -> bool {
        let digits = |text: &str| text.replace(':', "").to_ascii_lowercase();
        origin.android_package == Some(&self.package)
            && origin.android_certificate.map(digits) == Some(digits(&self.certificate))
    }
}

/// Whether a page fits a pattern. Without a scheme any will do, and a pattern without a path means the
/// whole site.
fn is_page(pattern: &str, page: &str) -> bool {
    if page.is_empty() {
        return false;
    }
    let (pattern, page) = match pattern.contains("://") {
        true => (pattern, page),
        false => (
            pattern,
            page.split_once("://").map_or(page, |(_, rest)| rest),
        ),
    };
    let site = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
    let whole_site = !site.contains('/');
    is_like(page, pattern) || (whole_site && is_like(page, &format!("{pattern}/*")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn page(pattern: &str, page: &str, expected: bool) {
        assert_eq!(is_page(pattern, page), expected, "{pattern} {page}");
    }

    #[test]
    fn pages_fit_patterns() {
        page("https://example.com/*", "https://example.com/a", true);
        page("https://example.com/*", "http://example.com/a", false);
        page("example.com", "https://example.com/a/b", true);
        page("example.com", "https://example.com", true);
        page("example.com", "https://example.com.evil.org/", false);
        page("*.example.com/*", "https://www.example.com/x", true);
        page("*.example.com/*", "https://example.com/x", false);
        page("example.com/app", "https://example.com/apple", false);
        page("example.com/*/end", "https://example.com/a/b/end", true);
        page("*", "https://anything/", true);
        page("*", "", false);
    }

    #[test]
    fn the_first_broken_restriction_is_told() {
        let restrictions: Restrictions =
            serde_json::from_str(r#"{"ips": ["10.0.0.0/8", "2001:db8::/32"]}"#).unwrap();
        let from = |ip: &str| Origin {
            ip: ip.parse().ok(),
            ..Origin::default()
        };
        assert_eq!(restrictions.admit(&from("10.1.2.3")), Ok(()));
        assert_eq!(restrictions.admit(&from("::ffff:10.1.2.3")), Ok(()));
        assert_eq!(restrictions.admit(&from("11.1.2.3")), Err(Broken::Ip));
        assert_eq!(restrictions.admit(&Origin::default()), Err(Broken::Ip));
        let api = Restrictions {
            apis: vec!["maps.googleapis.com".into()],
            ..Restrictions::default()
        };
        assert_eq!(api.admit(&Origin::default()), Err(Broken::Api));
        let android = Restrictions {
            android: vec![AndroidApp {
                package: "com.example".into(),
                certificate: "AA:BB".into(),
            }],
            ..Restrictions::default()
        };
        let app = |certificate| Origin {
            android_package: Some("com.example"),
            android_certificate: Some(certificate),
            ..Origin::default()
        };
        assert_eq!(android.admit(&app("aabb")), Ok(()));
        assert_eq!(android.admit(&app("aabc")), Err(Broken::Android));
    }
}
