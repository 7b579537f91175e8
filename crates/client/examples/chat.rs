//! A conversation on the terminal: each line is a turn.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example chat`

use futures::TryStreamExt;
use propus_client::{Client, Error};
use std::io::{self, BufRead, Write};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut chat = Client::from_env()?
        .model("gemini-flash-latest")
        .system("You are a patient teacher. Answer in two sentences.")
        .chat();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let mut answer = chat.stream(line).await?;
        let written = async {
            while let Some(chunk) = answer.try_next().await? {
                print!("{}", chunk.text().unwrap_or_default());
                io::stdout().flush().ok();
            }
            // Whether it was whole: a turn that was blocked is not part of the conversation.
            answer.reply().text()
        };
        match written.await {
            Ok(_) => println!(),
            Err(error) => tell(&error),
        }
    }
    println!("{} turns", chat.history().len());
    Ok(())
}

fn tell(error: &Error) {
    eprintln!("\n{error}");
    if error.is_blocked() {
        eprintln!("this turn was left out; go on with another");
    }
}
