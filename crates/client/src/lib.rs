//! The Gemini API for Rust.
//!
//! ```
//! # use propus_client::testing::{self, stream, text};
//! # testing::example([text("Because of the air."), stream(&["Blue ", "light."])], async |client| {
//! use futures::TryStreamExt;
//!
//! // `Client::from_env()` takes GOOGLE_API_KEY or GEMINI_API_KEY, and GOOGLE_GEMINI_BASE_URL for
//! // another server than Google's.
//! let model = client.model("gemini-flash-latest").system("Be brief.");
//!
//! let reply = model.generate("Why is the sky blue?").await?;
//! println!("{}", reply.text()?);
//!
//! let mut chunks = model.stream("What is scattered?").await?;
//! while let Some(chunk) = chunks.try_next().await? {
//!     print!("{}", chunk.text().unwrap_or_default());
//! }
//! # Ok(()) });
//! ```
//!
//! - A [`GenerativeModel`] is asked once, in a [`Chat`], in [chunks](Chunks), for
//!   [typed answers](GenerativeModel::generate_as), with [tools](Tool).
//! - An [`EmbeddingModel`] turns texts into vectors.
//! - [`Files`], [`Caches`], [`Batches`], [`FileSearchStores`], [`Models`], [`Tunings`] and
//!   [`Operations`] are the API's other resources. Their lists are [pages](Pages) that are awaited
//!   or read as a stream.
//! - An [`Error`] knows its cause in the catalogue of failures and says what to do.
//! - [`Retries`] are off until they are turned on, for a client or for a call.
//! - [`transport`] is the one way to the server, for calls that have no method here.
//!
//! Calls run on a tokio runtime. Dropping a call or a stream ends it: nothing runs beside the
//! caller.
//!
//! # Features
//!
//! | feature | | what it brings |
//! |---|---|---|
//! | `rustls` | default | HTTPS |
//! | `schemars` | default | typed answers and functions |
//! | `tokens` | | tokens counted without a network |
//! | `testing` | | a server that follows a script, for tests of what uses this crate |

mod batches;
mod builder;
mod caches;
mod chat;
mod chunks;
mod client;
mod contents;
mod embed;
mod error;
mod files;
mod generate;
mod generative_model;
mod models;
mod operations;
mod pages;
mod poll;
mod preflight;
mod reply;
mod retries;
mod rounds;
#[cfg(feature = "schemars")]
mod schema;
pub mod sse;
mod stores;
#[cfg(feature = "testing")]
pub mod testing;
mod tool;
pub mod transport;
mod tunings;
mod upload;

pub use batches::{Answer, Batch, Batches, lines};
pub use builder::Builder;
pub use caches::Caches;
pub use chat::{Chat, ChatChunks};
pub use chunks::Chunks;
pub use client::Client;
pub use contents::Contents;
pub use embed::EmbeddingModel;
pub use error::Error;
pub use files::Files;
pub use generative_model::{GenerativeModel, ROUNDS};
pub use http::Method;
pub use models::Models;
pub use operations::Operations;
pub use pages::Pages;
pub use poll::Poll;
pub use propus_failures::{
    Cause, Diagnosis,
    recovery::{Backoff, Policy},
};
pub use propus_wire as wire;
pub use reply::Reply;
pub use retries::Retries;
pub use stores::FileSearchStores;
pub use tool::Tool;
pub use tunings::Tunings;
pub use upload::{PIECE, Upload};

/// Calls may be made from any task: what they give can be sent to another.
#[cfg(test)]
fn _calls_can_be_sent(client: Client) {
    fn can_be_sent<T: Send>(_: T) {}
    let model = client.model("x");
    can_be_sent(async move {
        model.generate("x").await?.text()?;
        model.stream("x").await?.collect_reply().await?;
        let mut chat = model.chat();
        chat.stream("x").await?.collect_reply().await?;
        let file = client.files().upload("x").send().await?;
        client.files().wait_active(&file, Poll::default()).await?;
        client.models().list().await?;
        client.batches().wait("x", Poll::default()).await?;
        client.embedding_model("x").embed_all(["x"]).await?;
        Ok::<_, Error>(())
    });
}
