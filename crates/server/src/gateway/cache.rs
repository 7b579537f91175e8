//! Replies that are given again to identical requests which are deterministic.

use crate::gateway::{
    asked::{Asked, Form},
    settings,
    told::Passed,
};
use axum::response::Response;
use http::{HeaderValue, header};
use propus_wire::{Message, Mode, generate::GenerateContentRequest};
use sha2::{Digest, Sha256};

/// What an identical request has in common.
pub(super) type Key = [u8; 32];

/// The replies.
#[derive(Debug)]
pub(super) struct Cache(moka::sync::Cache<Key, Passed>);

impl Cache {
    /// None where it is off.
    pub fn new(settings: &settings::Cache) -> Option<Self> {
        let weight = |_: &Key, passed: &Passed| {
            let bytes: usize = passed.pieces.iter().map(bytes::Bytes::len).sum();
            // Headers and places take some room, too.
            u32::try_from(bytes + 1024).unwrap_or(u32::MAX)
        };
        let cache = moka::sync::Cache::builder()
            .weigher(weight)
            .max_capacity(settings.max_bytes)
            .time_to_live(settings.ttl)
            .build();
        settings.enabled.then_some(Self(cache))
    }

    /// A known reply, which says that it is one.
    pub fn get(&self, key: &Key) -> Option<Response> {
        let mut response = self.0.get(key)?.into_response();
        let hit = HeaderValue::from_static("hit");
        response.headers_mut().insert("x-propus-cache", hit);
        Some(response)
    }

    /// Keeps a reply.
    pub fn put(&self, key: Key, passed: &Passed) {
        if passed.status.is_success() {
            self.0.insert(key, passed.clone());
        }
    }
}

/// The key of a request that may be answered from memory: a whole answer at temperature 0 or by a seed. Who
/// asks is part of it, so that nobody learns what others have asked.
pub(super) fn key(asked: &Asked, caller: &str) -> Option<Key> {
    let request = GenerateContentRequest::from_json(&asked.body, Mode::Lenient).ok()?;
    let config = request.generation_config?;
    let deterministic = config.temperature == Some(0.0) || config.seed.is_some();
    if asked.form != Form::Answer || !deterministic {
        return None;
    }
    let mut hash = Sha256::new();
    let coding = asked.headers.get(header::ACCEPT_ENCODING);
    for part in [
        caller.as_bytes(),
        asked.uri.path().as_bytes(),
        asked.uri.query().unwrap_or_default().as_bytes(),
        coding.map_or(&[][..], HeaderValue::as_bytes),
        &asked.body,
    ] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    Some(hash.finalize().into())
}
