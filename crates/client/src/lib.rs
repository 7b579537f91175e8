//! A client of the Gemini API.
//!
//! ```no_run
//! use futures::TryStreamExt;
//! use propus_client::{Client, wire::generate::{Content, GenerateContentRequest}};
//!
//! # async fn example() -> Result<(), propus_client::Error> {
//! // GOOGLE_API_KEY or GEMINI_API_KEY, and GOOGLE_GEMINI_BASE_URL for another server than Google's.
//! let client = Client::from_env()?;
//! let request = GenerateContentRequest {
//!     contents: vec![Content::text("user", "Why is the sky blue?")],
//!     ..Default::default()
//! };
//! let mut chunks = client.stream("gemini-flash-latest", &request).await?;
//! while let Some(chunk) = chunks.try_next().await? {
//!     print!("{}", chunk.text().unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Calls run on a tokio runtime. Dropping a call or a stream ends it. Nothing is tried twice.

mod chunks;
mod client;
mod embed;
mod error;
mod generate;
mod models;
pub mod sse;
pub mod transport;

pub use chunks::Chunks;
pub use client::{Builder, Client};
pub use error::Error;
pub use models::Models;
pub use propus_wire as wire;
