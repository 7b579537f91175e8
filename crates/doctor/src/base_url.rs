//! What is wrong with a base URL, judged by its text alone.

use propus_wire::Version;
use url::Url;

/// Where Google serves the Gemini API.
pub const GOOGLE: &str = "generativelanguage.googleapis.com";

/// Something about a base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// What it is; no credentials are part of it.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// Whether calls cannot work so.
    pub fatal: bool,
}

/// A base URL, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The address with the slips corrected; none where nothing can be made of it.
    pub url: Option<Url>,
    /// The slips.
    pub slips: Vec<Slip>,
}

/// Judges a base URL: the address in front of `/v1beta`, as Google's SDKs take it.
///
/// ```
/// let judged = propus_doctor::base_url::judge("https://generativelanguage.googleapis.com/v1beta/openai/");
/// assert_eq!(judged.slips.len(), 1);
/// assert_eq!(judged.url.unwrap().as_str(), "https://generativelanguage.googleapis.com/");
/// ```
pub fn judge(text: &str) -> Judged {
    let mut slips = Vec::new();
    let Some(mut url) = parsed(text, &mut slips) else {
        return Judged { url: None, slips };
    };
    extras(&mut url, &mut slips);
    scheme(&mut url, &mut slips);
    host(&mut url, &mut slips);
    path(&mut url, &mut slips);
    Judged {
        url: Some(url),
        slips,
    }
}

/// A URL as people may see it: without user, password, query and fragment.
pub fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    format!(
        "{}://{}{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
        url.path().trim_end_matches('/')
    )
}

/// Whether it leads to Google.
pub fn is_google(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "googleapis.com" || host.ends_with(".googleapis.com")
}

/// Whether it leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn fatal(what: impl Into<String>, advice: impl Into<String>) -> Slip {
    Slip {
        what: what.into(),
        advice: advice.into(),
        fatal: true,
    }
}

fn odd(what: impl Into<String>, advice: impl Into<String>) -> Slip {
    Slip {
        fatal: false,
        ..fatal(what, advice)
    }
}

fn parsed(text: &str, slips: &mut Vec<Slip>) -> Option<Url> {
    let bare = text.trim().trim_matches(['"', '\'', '`']).trim();
    if bare.len() < text.trim().len() {
        slips.push(fatal(
            "quotation marks are part of it",
            "take the quotation marks away",
        ));
    } else if bare.len() < text.len() {
        slips.push(odd("spaces or line breaks are around it", "take them away"));
    }
    let has_scheme = bare.contains("://");
    let url = match has_scheme {
        true => Url::parse(bare),
        false => Url::parse(&format!("{}://{bare}", scheme_for(bare))),
    };
    let url = url.ok().filter(|url| url.has_host());
    match &url {
        // Its text is not repeated: it may be a key in the wrong place.
        None => slips.push(fatal(
            format!("it is not a URL ({} characters)", bare.chars().count()),
            "it looks like `https://generativelanguage.googleapis.com` or `http://127.0.0.1:8787`",
        )),
        Some(_) if has_scheme => {}
        Some(url) => slips.push(fatal(
            format!("`{}://` is missing", url.scheme()),
            format!("write `{}`", shown(url)),
        )),
    }
    url
}

fn scheme_for(bare: &str) -> &'static str {
    match bare.starts_with("localhost") || bare.starts_with("127.") {
        true => "http",
        false => "https",
    }
}

fn extras(url: &mut Url, slips: &mut Vec<Slip>) {
    if url.query().is_some() || url.fragment().is_some() {
        url.set_query(None);
        url.set_fragment(None);
        slips.push(fatal(
            "it carries a query or a fragment",
            "leave out what begins with `?` or `#`; the key belongs into GEMINI_API_KEY",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        slips.push(odd(
            "it carries a user or a password",
            "leave them out; the Gemini API wants a key in the header `x-goog-api-key`",
        ));
    }
}

fn scheme(url: &mut Url, slips: &mut Vec<Slip>) {
    let changed = match url.scheme() {
        "https" => return,
        "http" if is_google(url) => {
            slips.push(fatal(
                "it is `http://`, and Google's API is served over https only",
                "write `https://`; the key would travel in the clear",
            ));
            url.set_scheme("https")
        }
        "http" if is_loopback(url) || is_private(url) => return,
        "http" => {
            slips.push(odd(
                "it is `http://`: the key travels in the clear",
                "use https beyond your own network",
            ));
            return;
        }
        "ws" | "wss" => {
            slips.push(fatal(
                "it is for WebSockets",
                "write `https://`; the SDKs make the address of the Live API themselves",
            ));
            let secure = if url.scheme() == "ws" {
                "http"
            } else {
                "https"
            };
            url.set_scheme(secure)
        }
        _ => Err(()),
    };
    if changed.is_err() {
        slips.push(fatal("it is not for HTTP", "begin it with `https://`"));
    }
}

/// Whether it leads to a private network.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_private() || address.is_link_local(),
        Some(url::Host::Ipv6(address)) => address.is_unique_local(),
        Some(url::Host::Domain(name)) => {
            !name.contains('.') || name.ends_with(".internal") || name.ends_with(".local")
        }
        None => false,
    }
}

/// Hosts that are taken for the API's, and what they are.
const OTHER_HOSTS: [(&str, &str); 9] = [
    ("ai.google.dev", "the documentation"),
    ("aistudio.google.com", "the web page of AI Studio"),
    ("makersuite.google.com", "the former web page of AI Studio"),
    ("gemini.google.com", "the Gemini app"),
    ("console.cloud.google.com", "the web page of Google Cloud"),
    ("cloudcode-pa.googleapis.com", "the API of Code Assist"),
    ("api.openai.com", "the API of OpenAI"),
    ("api.anthropic.com", "the API of Anthropic"),
    ("openrouter.ai", "OpenRouter"),
];

fn host(url: &mut Url, slips: &mut Vec<Slip>) {
    let host = url.host_str().unwrap_or_default().to_owned();
    if host == GOOGLE {
        if let Some(port) = url.port() {
            slips.push(fatal(
                format!("it names port {port}; Google serves the API on 443"),
                "leave the port out",
            ));
            // Taking a port away from https cannot fail.
            let _ = url.set_port(None);
        }
        return;
    }
    let what = OTHER_HOSTS.iter().find(|(name, _)| *name == host);
    let what = match what {
        Some((_, what)) => (*what).to_owned(),
        None if host == "aiplatform.googleapis.com"
            || host.ends_with("-aiplatform.googleapis.com") =>
        {
            "Vertex AI, which takes other paths and credentials".to_owned()
        }
        None if strsim::jaro_winkler(&host, GOOGLE) > 0.9 => {
            format!("not `{GOOGLE}`, which it resembles")
        }
        None => return,
    };
    slips.push(fatal(
        format!("`{host}` is {what}"),
        format!("write `https://{GOOGLE}`"),
    ));
    *url = Url::parse(&format!("https://{GOOGLE}/")).expect("Google's address is a URL");
}

fn path(url: &mut Url, slips: &mut Vec<Slip>) {
    let path = url.path().to_owned();
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    if let Some(at) = first_slip(&segments, is_google(url)) {
        let is_version = Version::from_segment(segments[at]).is_some() || segments[at] == "v1alpha";
        let what = match segments[at..].contains(&"openai") {
            true => "`/openai/` belongs to OpenAI's clients".to_owned(),
            false if is_version => format!(
                "it holds the version `/{}`, which clients put there themselves",
                segments[at]
            ),
            false => format!("it goes on with `/{}`, a path of the API", segments[at]),
        };
        url.set_path(&segments[..at].join("/"));
        let advice = format!("write `{}`", shown(url));
        slips.push(fatal(what, advice));
    } else if path.trim_end_matches('/').contains("//") {
        url.set_path(&segments.join("/"));
        slips.push(odd(
            "a slash is doubled in its path",
            format!("write `{}`", shown(url)),
        ));
    } else if is_google(url) && !segments.is_empty() {
        url.set_path("");
        slips.push(fatal(
            "it carries a path, and Google's API has none before the version",
            format!("write `{}`", shown(url)),
        ));
    }
}

/// The segment from which on the path is the API's own. A gateway may have a version of its own in
/// front, so that there only the end of the path counts.
fn first_slip(segments: &[&str], google: bool) -> Option<usize> {
    let version = |segment: &str| Version::from_segment(segment).is_some() || segment == "v1alpha";
    segments.iter().enumerate().position(|(at, segment)| {
        let rest = &segments[at + 1..];
        let api = rest.is_empty() || matches!(rest[0], "models" | "openai" | "chat");
        match *segment {
            segment if version(segment) => google || api,
            "models" | "openai" => google || rest.is_empty() || segment.contains(':'),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corrected address, and words of the first slip.
    fn check(text: &str, corrected: &str, slip: &str) {
        let judged = judge(text);
        let url = judged.url.as_ref().map(shown).unwrap_or_default();
        assert_eq!(url, corrected, "{text}: {:?}", judged.slips);
        match judged.slips.first() {
            Some(first) => assert!(
                !slip.is_empty() && first.what.contains(slip),
                "{text}: {first:?}"
            ),
            None => assert_eq!(slip, "", "{text}"),
        }
    }

    const RIGHT: &str = "https://generativelanguage.googleapis.com";

    #[test]
    fn right_ones_have_no_slip() {
        for text in [
            RIGHT,
            "http://127.0.0.1:8787",
            "http://[::1]:8787",
            "https://example.com/gemini",
            "http://llm-gateway.internal:8080",
            "http://10.0.0.7",
        ] {
            check(text, text, "");
        }
        check("https://generativelanguage.googleapis.com/", RIGHT, "");
        // A gateway's own version stands in front of its own path.
        let gateway = "https://gateway.ai.cloudflare.com/v1/account/gateway/google-ai-studio";
        check(gateway, gateway, "");
    }

    #[test]
    fn paths_of_the_api_are_cut_off() {
        for path in [
            "/v1beta",
            "/v1/",
            "/v1beta/models",
            "/v1beta/models/x:generateContent",
        ] {
            check(&format!("{RIGHT}{path}"), RIGHT, "holds the version");
        }
        check(&format!("{RIGHT}/v1beta/openai/"), RIGHT, "/openai/");
        check(&format!("{RIGHT}/openai"), RIGHT, "/openai/");
        check(&format!("{RIGHT}/models"), RIGHT, "goes on with `/models`");
        check(&format!("{RIGHT}/gemini"), RIGHT, "carries a path");
        check(
            "http://127.0.0.1:8787/v1beta/openai",
            "http://127.0.0.1:8787",
            "/openai/",
        );
        check(
            "https://example.com/gemini/v1beta/",
            "https://example.com/gemini",
            "version",
        );
        check(
            "https://example.com//gemini",
            "https://example.com/gemini",
            "doubled",
        );
    }

    #[test]
    fn schemes_and_hosts_are_corrected() {
        check(
            "generativelanguage.googleapis.com",
            RIGHT,
            "`https://` is missing",
        );
        check(
            "localhost:8787",
            "http://localhost:8787",
            "`http://` is missing",
        );
        check(
            "http://generativelanguage.googleapis.com",
            RIGHT,
            "https only",
        );
        check(
            "https://generativelanguage.googleapis.com:8443",
            RIGHT,
            "port",
        );
        check(
            "wss://generativelanguage.googleapis.com",
            RIGHT,
            "WebSockets",
        );
        check("ftp://example.com", "ftp://example.com", "not for HTTP");
        check("http://example.com", "http://example.com", "in the clear");
        check("https://ai.google.dev/gemini-api", RIGHT, "documentation");
        check(
            "https://us-central1-aiplatform.googleapis.com",
            RIGHT,
            "Vertex AI",
        );
        check(
            "https://generativelanguages.googleapis.com",
            RIGHT,
            "resembles",
        );
        check(
            "https://generativelanguage.googleapi.com",
            RIGHT,
            "resembles",
        );
    }

    #[test]
    fn garbage_is_named_and_secrets_are_not() {
        check("", "", "not a URL");
        check("AIza key", "", "not a URL");
        check(
            "\"https://example.com\"",
            "https://example.com",
            "quotation marks",
        );
        check(" https://example.com\n", "https://example.com", "spaces");
        check(
            "https://example.com?key=hidden-secret",
            "https://example.com",
            "query",
        );
        check(
            "https://me:hidden-secret@example.com",
            "https://example.com",
            "password",
        );
        for text in [
            "https://example.com?key=hidden-secret",
            "https://me:hidden-secret@x.y",
        ] {
            let judged = judge(text);
            assert!(!format!("{:?}", judged.slips).contains("hidden-secret"));
        }
    }
}
