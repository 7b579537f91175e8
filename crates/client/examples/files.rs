//! A file of this machine in a prompt.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example files -- talk.mp4`

use anyhow::Context;
use propus_client::{Client, Poll, Retries, wire::generate::Part};
use std::time::Duration;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("name a file")?;
    let client = Client::from_env()?.with_retries(Retries::on());
    let files = client.files();
    let upload = files.upload(&path).on_progress(|sent, of| match of {
        Some(of) if of > 0 => eprintln!("{} %", sent * 100 / of),
        _ => eprintln!("{sent} bytes"),
    });
    let file = upload.send().await?;
    // Videos are read frame by frame before prompts may use them.
    let patience = Poll::default().within(Duration::from_secs(600));
    let file = files.wait_active(&file, patience).await?;
    let prompt = [Part::from(&file), Part::text("What is this about?")];
    let model = client.model("gemini-flash-latest");
    println!("{}", model.generate(prompt).await?.text()?);
    files.delete(&file.name.unwrap_or_default()).await?;
    Ok(())
}
