//! An answer as the model writes it, and what it cost.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example stream`

use futures::TryStreamExt;
use propus_client::{Builder, Retries};
use std::{
    io::{self, Write},
    time::Duration,
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Builder::from_env()?
        // A model that thinks is silent for a while, and one that writes is not.
        .silence_timeout(Duration::from_secs(60))
        .retries(Retries::on())
        .build()?;
    let model = client.model("gemini-flash-latest").include_thoughts();
    let mut chunks = model.stream("Why does ice float?").await?;
    while let Some(chunk) = chunks.try_next().await? {
        print!("{}", chunk.text().unwrap_or_default());
        io::stdout().flush()?;
    }
    let reply = chunks.reply();
    println!("\n\nthoughts: {}", reply.thoughts().unwrap_or_default());
    if let Some(usage) = reply.usage() {
        println!("tokens: {:?}", usage.total_token_count);
    }
    // An answer that was cut, or that a filter stopped, is told apart from a whole one.
    reply.text()?;
    Ok(())
}
