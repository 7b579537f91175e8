//! Which proxy the variables name for an address, by the rules of curl.

use crate::Environment;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// A proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// The variable that names it.
    pub(crate) variable: &'static str,
    /// Its value, credentials included: only for the client that goes through it.
    pub(crate) value: String,
    /// Its address without credentials.
    pub(crate) uri: Uri,
    /// What it wants to be told, if anything.
    pub(crate) credentials: Option<HeaderValue>,
}

/// What the variables say of an address.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// No variable names a proxy for it.
    Direct,
    /// `NO_PROXY` takes it out.
    Exempt {
        variable: &'static str,
        exempting: &'static str,
    },
    /// It is reached through this proxy.
    Through(Proxy),
    /// A variable names something that is no proxy.
    Unusable { variable: &'static str },
}

const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The variables that count for an address, the first with a value wins.
pub(crate) fn variables(url: &Url) -> [&'static str; 4] {
    match url.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    }
}

/// The way to an address.
pub(crate) fn route(environment: &Environment, url: &Url) -> Route {
    let Some((variable, value)) = environment.first(&variables(url)) else {
        return Route::Direct;
    };
    let Ok(to) = url.as_str().parse::<Uri>() else {
        return Route::Direct;
    };
    let matcher = |no: &str| {
        let builder = Matcher::builder().all(value.to_owned());
        builder.no(no.to_owned()).build()
    };
    let no = environment.first(&NO_PROXY);
    let Some(found) = matcher(no.map_or("", |(_, value)| value)).intercept(&to) else {
        return match (no, matcher("").intercept(&to)) {
            (Some((exempting, _)), Some(_)) => Route::Exempt {
                variable,
                exempting,
            },
            _ => Route::Unusable { variable },
        };
    };
    Route::Through(Proxy {
        variable,
        value: value.to_owned(),
        uri: found.uri().clone(),
        credentials: found.basic_auth().cloned(),
    })
}

impl Proxy {
    /// Its address for people.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}:{}", self.scheme(), self.host(), self.port())
    }

    pub(crate) fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or("http")
    }

    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> u16 {
        let usual = match self.scheme() {
            "https" => 443,
            "http" => 80,
            _ => 1080,
        };
        self.uri.port_u16().unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn check(variables: &[(&str, &str)], url: &str, expected: &str) {
        let environment = Environment {
            variables: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            folder: ".".into(),
            now: SystemTime::UNIX_EPOCH,
            authorities: Vec::new(),
        };
        let found = match route(&environment, &Url::parse(url).unwrap()) {
            Route::Direct => "direct".to_owned(),
            Route::Exempt { exempting, .. } => format!("exempt by {exempting}"),
            Route::Through(proxy) => format!("{} {}", proxy.variable, proxy.shown()),
            Route::Unusable { variable } => format!("unusable {variable}"),
        };
        assert_eq!(found, expected, "{variables:?} {url}");
    }

    #[test]
    fn variables_name_the_way() {
        const GOOGLE: &str = "https://generativelanguage.googleapis.com/";
        check(&[], GOOGLE, "direct");
        check(&[("HTTP_PROXY", "http://p:1")], GOOGLE, "direct");
        check(
            &[("https_proxy", "p:3128")],
            GOOGLE,
            "https_proxy http://p:3128",
        );
        check(
            &[("ALL_PROXY", "http://u:pw@p:1")],
            GOOGLE,
            "ALL_PROXY http://p:1",
        );
        check(
            &[("HTTPS_PROXY", "socks5://p")],
            GOOGLE,
            "HTTPS_PROXY socks5://p:1080",
        );
        check(
            &[("HTTPS_PROXY", "http://")],
            GOOGLE,
            "unusable HTTPS_PROXY",
        );
        let both = [
            ("HTTPS_PROXY", "http://p:1"),
            ("NO_PROXY", ".googleapis.com"),
        ];
        check(&both, GOOGLE, "exempt by NO_PROXY");
        check(&both, "https://example.com/", "HTTPS_PROXY http://p:1");
        check(
            &[("HTTP_PROXY", "http://p:1")],
            "http://127.0.0.1:8787/",
            "HTTP_PROXY http://p:1",
        );
    }
}
