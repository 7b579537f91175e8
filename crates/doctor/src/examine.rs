//! The order of the examination, and what depends on what.

use crate::{
    Environment, Probe, Report, Settings,
    api::{Api, Parts},
    base_url::{is_google, shown},
    certificate::Store,
    clock::Clock,
    evidence,
    probes::{
        address, certificates, clock, credentials, generate, model, models, reach, sdks, stream,
        tier, tls, vertex, way,
    },
    proxy::Proxy,
    secrets::Secrets,
};
use propus_wire::Version;
use std::time::Duration;
use tokio::{net::TcpStream, task::spawn_blocking, time::timeout};
use url::Url;

/// Examines the environment: first what can be seen in it, then the network and the API, step by
/// step. A step takes at most the time that the settings allow, and a failure ends what needs it.
pub async fn examine(environment: &Environment, settings: &Settings) -> Report {
    let clock = Clock::of(environment);
    let (mut probes, plan) = looked(environment, settings).await;
    probes.extend(sdks::probe(environment, settings.timeout).await);
    probes.extend(match plan {
        Ok(plan) => plan.carry_out(settings, clock).await,
        Err(because) => with_rest(Vec::new(), because),
    });
    Report::new(probes, &Secrets::of(environment, settings))
}

/// What needs the network, in this order.
const STEPS: [&str; 9] = [
    "dns", "tcp", "tls", "models", "clock", "model", "generate", "stream", "tier",
];

/// What was found, and all that was not tried.
fn with_rest(mut probes: Vec<Probe>, because: &str) -> Vec<Probe> {
    for step in STEPS {
        if !probes.iter().any(|probe| probe.probe == step) {
            probes.push(Probe::skipped(step, because));
        }
    }
    probes
}

/// What the network is asked, and with what.
struct Plan {
    url: Url,
    version: Version,
    key: Option<String>,
    no_key: &'static str,
    proxy: Option<Proxy>,
    stores: Vec<Store>,
}

type Looked = (Vec<Probe>, Result<Plan, &'static str>);

/// Looks at the environment; a file on a drive that does not answer must not hold us.
async fn looked(environment: &Environment, settings: &Settings) -> Looked {
    let (environment, settings) = (environment.clone(), settings.clone());
    let limit = settings.timeout;
    let looked = spawn_blocking(move || look(&environment, &settings));
    match timeout(limit, looked).await {
        Ok(Ok(looked)) => looked,
        _ => {
            const BECAUSE: &str = "the file system did not answer in time";
            let probe = Probe::fail("files", "`.env` and the files that variables name", BECAUSE);
            let probe = probe.advise("look for drives in the network that do not answer");
            (vec![probe], Err(BECAUSE))
        }
    }
}

/// Looks at the environment without asking the network.
fn look(environment: &Environment, settings: &Settings) -> Looked {
    let address = address::probe(environment, settings);
    let google = address.url.as_ref().is_none_or(is_google);
    let credentials = credentials::probe(environment, google);
    let (version, unknown_version) = address::version(environment);
    let trust = certificates::probe(environment);
    let mut probes = credentials.probes;
    probes.extend(address.probes);
    probes.extend(unknown_version);
    probes.extend(vertex::probe(environment));
    let Some(url) = address.url else {
        probes.extend(trust.probes);
        return (probes, Err("the base URL cannot be used"));
    };
    let way = way::probe(environment, &url);
    probes.extend(way.probes);
    probes.extend(trust.probes);
    let plan = Plan {
        url,
        version,
        key: credentials.key,
        no_key: credentials.because,
        proxy: way.proxy,
        stores: trust.stores,
    };
    (probes, way.blocked.map_or(Ok(plan), Err))
}

/// Why it ends here; what is left is skipped for this reason.
type Ended = &'static str;

impl Plan {
    /// Goes as far as it can.
    async fn carry_out(self, settings: &Settings, clock: Clock) -> Vec<Probe> {
        let mut probes = Vec::new();
        match self.steps(settings, clock, &mut probes).await {
            Ok(()) => probes,
            Err(because) => with_rest(probes, because),
        }
    }

    async fn steps(
        &self,
        settings: &Settings,
        clock: Clock,
        probes: &mut Vec<Probe>,
    ) -> Result<(), Ended> {
        let limit = settings.timeout;
        let connection = self.reach(limit, probes).await?;
        let authorities = self.secure(connection, clock, limit, probes).await?;
        if self.key.is_none() && is_google(&self.url) {
            return Err(self.no_key);
        }
        let api = Api::of(Parts {
            url: &self.url,
            version: self.version,
            key: self.key.as_deref(),
            proxy: self.proxy.as_ref(),
            authorities: &authorities,
            limit,
        });
        let api = api.map_err(|error| {
            let seen = evidence::told(&error);
            let probe = Probe::fail("models", "to set up the client", seen);
            probes.push(probe.advise("look at the base URL, the proxy and the key above"));
            "the client cannot start"
        })?;
        ask(&api, settings, clock, probes).await
    }

    /// A connection to the proxy, if there is one, or else to the host.
    async fn reach(&self, limit: Duration, probes: &mut Vec<Probe>) -> Result<TcpStream, Ended> {
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (
                self.url.host_str().unwrap_or_default(),
                self.url.port_or_known_default().unwrap_or(443),
            ),
        };
        let reached = reach::probe(host, port, self.proxy.is_some(), limit).await;
        probes.extend(reached.probes);
        reached.connection.ok_or("there is no connection")
    }

    /// The private authorities that the server is trusted by, if it is at all.
    async fn secure(
        &self,
        connection: TcpStream,
        clock: Clock,
        limit: Duration,
        probes: &mut Vec<Probe>,
    ) -> Result<Vec<Vec<u8>>, Ended> {
        if self.url.scheme() != "https" {
            let because = format!("{} is not https", shown(&self.url));
            probes.push(Probe::skipped("tls", &because));
            return Ok(Vec::new());
        }
        let secured = |proxy: &&Proxy| proxy.scheme() == "https";
        if let Some(proxy) = self.proxy.as_ref().filter(secured) {
            let proxy = proxy.shown();
            let because = format!("a proxy with https:// is not looked through ({proxy})");
            probes.push(Probe::skipped("tls", &because));
            return Ok(Vec::new());
        }
        let target = tls::Target {
            url: &self.url,
            proxy: self.proxy.as_ref(),
            clock,
            limit,
        };
        let shown = tls::probe(target, connection, &self.stores).await;
        probes.push(shown.probe);
        match shown.blocked {
            Some(because) => Err(because),
            None => Ok(shown.authorities),
        }
    }
}

/// Asks the API.
async fn ask(
    api: &Api,
    settings: &Settings,
    clock: Clock,
    probes: &mut Vec<Probe>,
) -> Result<(), Ended> {
    let listed = models::probe(api).await;
    probes.push(listed.probe);
    probes.push(clock::probe(clock, listed.date.as_deref()));
    let list = listed.models.ok_or("the list of models did not come")?;
    let chosen = model::probe(api, settings.model.as_deref(), &list, clock.day()).await;
    probes.push(chosen.probe);
    let model = chosen.model.ok_or("there is no model to ask")?;
    let generated = generate::probe(api, &model).await;
    let streamed = match generated.probe.failed() {
        true => stream::skipped("the model did not answer the tiny request"),
        false => stream::probe(api, &model, settings.timeout).await,
    };
    let refusals = [&generated.refusal, &streamed.refusal];
    let tier = tier::probe(refusals.into_iter().flatten().map(String::as_str));
    probes.extend([generated.probe, streamed.probe, tier]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::SystemTime;

    /// The variables that are looked at.
    const NAMES: [&str; 14] = [
        "GOOGLE_API_KEY",
        "GEMINI_API_KEY",
        "VITE_GEMINI_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
        "GOOGLE_GENAI_API_VERSION",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS",
        "NODE_OPTIONS",
        "ODD_TOKEN",
    ];

    /// Values made of pieces that matter.
    fn value() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "AIza",
                "AQ.",
                "https://",
                "http://",
                "://",
                "@",
                ":",
                "/",
                "?key=",
                "v1beta",
                "openai",
                "generativelanguage.googleapis.com",
                "[::1]",
                "127.0.0.1",
                "%",
                "\"",
                "\n",
                " ",
                "...",
                "true",
                "beta",
                "*",
                ",",
                ".",
                "=",
                "{",
                "é",
                "\u{202e}",
                "socks5://",
            ])
            .prop_map(str::to_owned),
            "[a-zA-Z0-9]{1,12}",
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_environment_is_survived_and_no_secret_told(
            values in proptest::collection::vec(proptest::option::of(value()), NAMES.len()),
            secret in "[a-zA-Z0-9_-]{16,40}",
            last_first in any::<bool>(),
        ) {
            let mut variables: Vec<_> = NAMES
                .iter()
                .zip(values)
                .filter_map(|(name, value)| Some((name.into(), value?.into())))
                .collect();
            // One secret that must not come through, wherever it stands.
            let places = [
                ("GEMINI_API_KEY", secret.clone()),
                ("https_proxy", format!("http://me:{secret}@proxy.test:1")),
                ("GOOGLE_GEMINI_BASE_URL", format!("https://me:{secret}@x.test/?key={secret}#{secret}")),
            ];
            variables.extend(places.map(|(name, value)| (name.into(), value.into())));
            if last_first {
                variables.reverse();
            }
            let environment = Environment {
                variables,
                folder: "/nowhere".into(),
                now: SystemTime::UNIX_EPOCH,
                authorities: vec![Vec::new()],
            };
            let settings = Settings::default();
            let (probes, _) = look(&environment, &settings);
            let report = Report::new(probes, &Secrets::of(&environment, &settings));
            prop_assert!(!report.to_string().contains(&secret), "{}", report);
            prop_assert!(!serde_json::to_string(&report).unwrap().contains(&secret));
        }
    }
}
