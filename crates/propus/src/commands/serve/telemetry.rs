//! A collector of OpenTelemetry, where one is named: by the file, or by the variables that every program with
//! OpenTelemetry reads.

use crate::config;
use anyhow::{Context, bail};
use propus_server::metrics::otel::{Collector, Telemetry};
use std::{collections::HashMap, env, time::Duration};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const DISABLED: &str = "OTEL_SDK_DISABLED";

/// What one delivery may take, as OpenTelemetry's specification has it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Begins to tell the collector; nothing where none is named.
pub fn start(settings: &config::Telemetry) -> anyhow::Result<Option<Telemetry>> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let Some(collector) = collector(settings, variable)? else {
        return Ok(None);
    };
    let client = reqwest::Client::builder().build();
    let client = client.context("the HTTP client for the collector cannot start")?;
    let telemetry = Telemetry::start(&collector, client)?;
    tracing::info!("spans and metrics go to {}", collector.endpoint);
    Ok(Some(telemetry))
}

fn collector(
    settings: &config::Telemetry,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<Collector>> {
    let is_off = variable(DISABLED).is_some_and(|off| off.eq_ignore_ascii_case("true"));
    let endpoint = settings.endpoint.clone().or_else(|| variable(ENDPOINT));
    let Some(endpoint) = endpoint.filter(|_| !is_off) else {
        return Ok(None);
    };
    let mut headers = match variable(HEADERS) {
        Some(text) => headers(&text)?,
        None => HashMap::new(),
    };
    headers.extend(settings.headers.clone());
    let service = settings.service.clone().or_else(|| variable(SERVICE));
    Ok(Some(Collector {
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        headers,
        service: service.unwrap_or_else(|| "propus".into()),
        timeout: match variable(TIMEOUT) {
            Some(text) => milliseconds(&text)?,
            None => PATIENCE,
        },
    }))
}

/// Such as `api-key=secret,tenant=shop`.
fn headers(text: &str) -> anyhow::Result<HashMap<String, String>> {
    let mut headers = HashMap::new();
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        // It may be a secret, and is not repeated.
        let Some((name, value)) = pair.split_once('=') else {
            bail!(
                "{HEADERS} is no list of headers\nhint: it looks like `api-key=secret,tenant=shop`"
            );
        };
        headers.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    Ok(headers)
}

fn milliseconds(text: &str) -> anyhow::Result<Duration> {
    let read = text.parse().map(Duration::from_millis);
    read.with_context(|| format!("{TIMEOUT} is `{text}`, which is no number of milliseconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        settings: config::Telemetry,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Option<Collector>> {
        collector(&settings, |name| {
            let mut variables = variables.iter();
            let (_, value) = variables.find(|(other, _)| *other == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn nobody_is_told_unless_it_is_wished() {
        assert!(of(config::Telemetry::default(), &[]).unwrap().is_none());
        let off = [(ENDPOINT, "http://c:4318"), (DISABLED, "true")];
        assert!(of(config::Telemetry::default(), &off).unwrap().is_none());
    }

    #[test]
    fn the_file_goes_before_the_environment() {
        let variables = [
            (ENDPOINT, "http://of-the-environment:4318/"),
            (HEADERS, "api-key=a, tenant=b"),
            (TIMEOUT, "1500"),
        ];
        let collector = of(config::Telemetry::default(), &variables)
            .unwrap()
            .unwrap();
        assert_eq!(collector.endpoint, "http://of-the-environment:4318");
        assert_eq!(collector.headers["tenant"], "b");
        assert_eq!(collector.timeout, Duration::from_millis(1500));
        assert_eq!(collector.service, "propus");
        let file = config::Telemetry {
            endpoint: Some("http://of-the-file:4318".into()),
            headers: HashMap::from([("api-key".into(), "c".into())]),
            service: Some("gateway".into()),
        };
        let collector = of(file, &variables).unwrap().unwrap();
        assert_eq!(collector.endpoint, "http://of-the-file:4318");
        assert_eq!(collector.headers["api-key"], "c");
        assert_eq!(collector.service, "gateway");
    }

    #[test]
    fn slips_are_named_without_secrets() {
        let wrong = |variable| {
            let variables = [(ENDPOINT, "http://c:4318"), variable];
            let error = of(config::Telemetry::default(), &variables).unwrap_err();
            format!("{error:#}")
        };
        assert!(wrong((TIMEOUT, "soon")).contains(TIMEOUT));
        let error = wrong((HEADERS, "my-secret"));
        assert!(
            error.contains(HEADERS) && !error.contains("my-secret"),
            "{error}"
        );
    }
}
