//! Prompts that are kept between calls.

use crate::{Client, Error, Pages, models, pages::page};
use http::Method;
use propus_wire::caches::{CachedContent, ListCachedContentsResponse};
use std::time::Duration;

/// Prompts that are kept between calls.
///
/// ```
/// # use propus_client::testing::{json, text};
/// # let replies = [json(r#"{"name":"cachedContents/c1","model":"models/gemini-2.5-flash"}"#), text("Chapter 3."), json("{}")];
/// # propus_client::testing::example(replies, async |client| {
/// use propus_client::wire::{caches::CachedContent, generate::Content};
/// use std::time::Duration;
///
/// let cache = client.caches().create(CachedContent {
///     model: Some("gemini-2.5-flash".into()),
///     contents: vec![Content::text("user", "A long book: ...")],
///     ttl: Some(Duration::from_secs(600)),
///     ..Default::default()
/// }).await?;
/// let name = cache.name.unwrap_or_default();
/// let model = client.model("gemini-2.5-flash").cached_content(&name);
/// model.generate("Where is the turning point?").await?.text()?;
/// client.caches().delete(&name).await?;
/// # Ok(()) });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Caches<'a> {
    client: &'a Client,
}

page! { ListCachedContentsResponse { cached_contents: CachedContent } }

impl<'a> Caches<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Keeps the beginning of a prompt. The model may be named as elsewhere.
    pub async fn create(self, mut cache: CachedContent) -> Result<CachedContent, Error> {
        cache.model = cache.model.as_deref().map(models::full_name);
        let call = self.client.call(Method::POST, "cachedContents");
        self.client.json(call.json(&cache)).await
    }

    /// What is known of it, without its contents.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"cachedContents/c1","expireTime":"2026-12-01T00:00:00Z","usageMetadata":{"totalTokenCount":4096}}"#)], async |client| {
    /// let cache = client.caches().get("cachedContents/c1").await?;
    /// assert_eq!(cache.usage_metadata.and_then(|usage| usage.total_token_count), Some(4096));
    /// # Ok(()) });
    /// ```
    pub async fn get(self, name: &str) -> Result<CachedContent, Error> {
        let call = self.client.call(Method::GET, &path(name)?);
        self.client.json(call).await
    }

    /// All of them.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"cachedContents":[{"name":"cachedContents/c1"}]}"#)], async |client| {
    /// for cache in client.caches().list().await? {
    ///     println!("{:?} until {:?}", cache.name, cache.expire_time);
    /// }
    /// # Ok(()) });
    /// ```
    pub fn list(self) -> Pages<CachedContent> {
        let path = Ok("cachedContents".into());
        Pages::of::<ListCachedContentsResponse>(self.client, path, 1000)
    }

    /// Lets it live for so long from now on.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"cachedContents/c1","expireTime":"2026-12-01T00:00:00Z","usageMetadata":{"totalTokenCount":4096}}"#)], async |client| {
    /// use std::time::Duration;
    ///
    /// client.caches().set_ttl("cachedContents/c1", Duration::from_secs(3600)).await?;
    /// # Ok(()) });
    /// ```
    pub async fn set_ttl(self, name: &str, ttl: Duration) -> Result<CachedContent, Error> {
        let change = CachedContent {
            ttl: Some(ttl),
            ..Default::default()
        };
        self.update(name, &change, "ttl").await
    }

    /// Lets it live until then, as RFC 3339 writes it: `2026-01-31T12:00:00Z`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"cachedContents/c1","expireTime":"2026-12-01T00:00:00Z","usageMetadata":{"totalTokenCount":4096}}"#)], async |client| {
    /// client.caches().set_expire_time("cachedContents/c1", "2026-12-01T00:00:00Z").await?;
    /// # Ok(()) });
    /// ```
    pub async fn set_expire_time(self, name: &str, time: &str) -> Result<CachedContent, Error> {
        let change = CachedContent {
            expire_time: Some(time.to_owned()),
            ..Default::default()
        };
        self.update(name, &change, "expireTime").await
    }

    async fn update(
        self,
        name: &str,
        change: &CachedContent,
        mask: &str,
    ) -> Result<CachedContent, Error> {
        let call = self.client.call(Method::PATCH, &path(name)?);
        let call = call.query("updateMask", mask).json(change);
        self.client.json(call).await
    }

    /// Forgets it.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.caches().delete("cachedContents/c1").await?;
    /// # Ok(()) });
    /// ```
    pub async fn delete(self, name: &str) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &path(name)?);
        self.client.done(call).await
    }
}

fn path(name: &str) -> Result<String, Error> {
    models::resource("cachedContents", name)
}
