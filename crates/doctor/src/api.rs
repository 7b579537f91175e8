//! Calls of the API for the probes: one transport, with the key, the proxy and the trust that were
//! found before.

use crate::{
    base_url,
    evidence::{Head, Reply},
    proxy::Proxy,
};
use http::Method;
use propus_client::{
    Error,
    transport::{Call, Transport, segment},
};
use propus_wire::Version;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// The way to the API.
pub(crate) struct Api {
    transport: Transport,
    pub(crate) version: Version,
    pub(crate) shown: String,
    limit: Duration,
}

/// What a way is made of.
pub(crate) struct Parts<'a> {
    pub(crate) url: &'a Url,
    pub(crate) version: Version,
    pub(crate) key: Option<&'a str>,
    pub(crate) proxy: Option<&'a Proxy>,
    pub(crate) authorities: &'a [Vec<u8>],
    pub(crate) limit: Duration,
}

impl Api {
    pub(crate) fn of(parts: Parts<'_>) -> Result<Self, Error> {
        let proxy = parts.proxy.map(|proxy| proxy.value.clone());
        let mut builder = Transport::builder(parts.url.as_str())
            .user_agent(concat!("propus-doctor/", env!("CARGO_PKG_VERSION")))
            .timeout(parts.limit)
            .proxy(proxy);
        if let Some(key) = parts.key {
            builder = builder.secret("x-goog-api-key", "", key);
        }
        for authority in parts.authorities {
            builder = builder.trust(authority.clone());
        }
        Ok(Self {
            transport: builder.build()?,
            version: parts.version,
            shown: base_url::shown(parts.url),
            limit: parts.limit,
        })
    }

    /// `GET https://host/v1beta/path`, for people.
    pub(crate) fn told(&self, method: &Method, path: &str) -> String {
        format!("{method} {}/{}/{path}", self.shown, self.version)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Reply, Error> {
        self.get_in(self.version, path).await
    }

    /// In the other of the two versions, perhaps.
    pub(crate) async fn get_in(&self, version: Version, path: &str) -> Result<Reply, Error> {
        let call = self
            .transport
            .call(Method::GET, &format!("{version}/{path}"));
        Reply::read(call.exchange().await?).await
    }

    pub(crate) async fn list_models(&self) -> Result<Reply, Error> {
        let path = format!("{}/models", self.version);
        let call = self
            .transport
            .call(Method::GET, &path)
            .query("pageSize", "1000");
        Reply::read(call.exchange().await?).await
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        let path = format!("{}/{path}", self.version);
        self.transport.call(Method::POST, &path).json(body)
    }

    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Result<Reply, Error> {
        Reply::read(self.post(path, body).exchange().await?).await
    }

    /// A streamed call; a reply that is an error is read whole.
    pub(crate) async fn stream(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Result<(Head, propus_client::transport::Events), Reply>, Error> {
        // The probe looks at the clock itself: a stream that still runs then is well.
        let call = self.post(path, body).query("alt", "sse");
        let call = call.timeout(self.limit * 2);
        let reply = call.exchange().await?;
        if reply.status().as_u16() != 200 {
            return Ok(Err(Reply::read(reply).await?));
        }
        Ok(Ok((Head::of(&reply), reply.events())))
    }
}

/// The path of a model; none where URLs cannot carry the name.
pub(crate) fn path(model: &str) -> Option<String> {
    let name = match model.starts_with("models/") || model.starts_with("tunedModels/") {
        true => model.to_owned(),
        false => format!("models/{model}"),
    };
    let segments: Option<Vec<_>> = name.split('/').map(segment).collect();
    Some(segments?.join("/"))
}
