//! Messages of prompts that are kept between calls.

use crate::generate::{Content, Tool, ToolConfig};
use std::time::Duration;

crate::message! {
    /// The beginning of a prompt, kept for one model. All but its end of life is fixed when it is made.
    pub struct CachedContent {
        /// `cachedContents/...`.
        name: Option<String>;
        /// For people; at most 128 characters.
        display_name: Option<String>;
        /// `models/...`; required.
        model: Option<String>;
        /// Instructions that stand above the conversation.
        system_instruction: Option<Content>;
        /// The conversation so far.
        contents: Vec<Content>;
        /// What the model may call.
        tools: Vec<Tool>;
        /// How it may call.
        tool_config: Option<ToolConfig>;
        /// When it was made (RFC 3339).
        create_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// What it holds.
        usage_metadata: Option<CacheUsage>;
        /// When it goes (RFC 3339).
        expire_time: Option<String>, @oneof(expiration);
        /// How long it lives from now on; an hour if neither is set. Never sent back.
        ttl: Option<Duration>, @oneof(expiration);
    }

    /// What a cache holds.
    pub struct CacheUsage = "CachedContent.UsageMetadata" {
        /// In tokens.
        total_token_count: Option<i32>;
    }

    /// One page of caches, without their contents.
    pub struct ListCachedContentsResponse {
        /// The caches.
        cached_contents: Vec<CachedContent>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Mode, Surface};

    #[test]
    fn a_cache_has_one_end_of_life() {
        let both = br#"{"ttl":"300s","expireTime":"2026-01-01T00:00:00Z"}"#;
        assert!(CachedContent::from_json(both, Mode::Strict(Surface::Modern)).is_err());
        let one = CachedContent::from_json(br#"{"ttl":"300s"}"#, Mode::Strict(Surface::Modern));
        assert_eq!(one.unwrap().ttl, Some(Duration::from_secs(300)));
    }
}
