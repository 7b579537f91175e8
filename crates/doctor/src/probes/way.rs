//! `proxy`: whether calls go through a proxy, and which clients would use it.

use crate::{
    Environment, Probe,
    base_url::is_loopback,
    proxy::{Proxy, Route, route, variables},
};
use url::Url;

const NAME: &str = "proxy";

/// What was found, and the proxy that is used from here on.
pub(crate) struct Way {
    pub(crate) probes: Vec<Probe>,
    pub(crate) proxy: Option<Proxy>,
    /// Why there is no way at all.
    pub(crate) blocked: Option<&'static str>,
}

/// Looks at the variables for this address.
pub(crate) fn probe(environment: &Environment, url: &Url) -> Way {
    let names = variables(url);
    let tried = format!("{}, NO_PROXY", names.join(", "));
    let mut probes = Vec::new();
    let (mut used, mut blocked) = (None, None);
    match route(environment, url) {
        Route::Direct => probes.push(Probe::ok(NAME, &tried, "none for this address")),
        Route::Exempt {
            variable,
            exempting,
        } => probes.push(Probe::ok(
            NAME,
            &tried,
            format!("{exempting} takes this address out of {variable}"),
        )),
        Route::Unusable { variable } => {
            blocked = Some("the proxy's address cannot be used");
            let seen = format!("{variable} does not hold the address of a proxy");
            let probe = Probe::fail(NAME, &tried, seen);
            let probe = probe.advise(format!(
                "write `http://host:port` into {variable}, or unset it"
            ));
            probes.push(probe.is("network-error"));
        }
        Route::Through(proxy) if is_loopback(url) => probes.push(local(&tried, &proxy)),
        Route::Through(proxy) if !matches!(proxy.scheme(), "http" | "https") => {
            blocked = Some("this program cannot go through that proxy");
            let seen = format!(
                "{} names {}, and this program cannot go through a SOCKS proxy: nothing behind it \
                 could be examined",
                proxy.variable,
                proxy.shown()
            );
            let probe = Probe::fail(NAME, &tried, seen);
            probes.push(probe.advise("name the proxy's port for HTTP, which most have; SDKs need extra packages for SOCKS"));
        }
        Route::Through(proxy) => {
            probes.push(through(environment, &tried, &proxy));
            used = Some(proxy);
        }
    }
    probes.extend(disagreement(environment, names[0], names[1]));
    Way {
        probes,
        proxy: used,
        blocked,
    }
}

/// A proxy cannot reach this machine's own server.
fn local(tried: &str, proxy: &Proxy) -> Probe {
    let seen = format!(
        "{} names {} also for this machine itself; Python and curl obey, Go and propus do not",
        proxy.variable,
        proxy.shown()
    );
    let probe = Probe::warn(NAME, tried, seen);
    probe.advise("set NO_PROXY=localhost,127.0.0.1,::1; the probes below go directly")
}

fn through(environment: &Environment, tried: &str, proxy: &Proxy) -> Probe {
    let node = match environment.is_on("NODE_USE_ENV_PROXY") {
        true => "",
        // Node's fetch, which @google/genai uses, reads no such variable by itself.
        false => "; Node ignores it unless NODE_USE_ENV_PROXY=1",
    };
    let seen = format!(
        "calls go through {} ({}): names, connections and TLS are looked at through it{node}",
        proxy.shown(),
        proxy.variable
    );
    Probe::ok(NAME, tried, seen)
}

/// Python prefers the name in small letters, Go and propus the one in capitals.
fn disagreement(environment: &Environment, upper: &str, lower: &str) -> Option<Probe> {
    let (capital, small) = (environment.text(upper)?, environment.text(lower)?);
    (capital != small).then(|| {
        let seen =
            format!("{upper} and {lower} differ; Python takes {lower}, Go and propus {upper}");
        Probe::warn(NAME, &format!("{upper} and {lower}"), seen)
            .advise("set both to the same value")
    })
}
