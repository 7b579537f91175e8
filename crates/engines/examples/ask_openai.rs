//! Asks a server with OpenAI's API as the engine does, and prints the Gemini chunks:
//! `cargo run --example ask_openai -- http://127.0.0.1:8000/v1 vllm MODEL '{"contents": ...}'`.

use futures::StreamExt;
use propus_engines::{
    Engine,
    openai::{OpenAi, Settings},
};
use propus_wire::{Message, Mode, generate::GenerateContentRequest};
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [base_url, flavour, model, request] = arguments.as_slice() else {
        return Err("give base URL, flavour, model and request".into());
    };
    let settings: Settings = toml::from_str(&format!("flavour = '{flavour}'"))?;
    let engine = OpenAi::new(Settings {
        base_url: Some(base_url.clone()),
        model: Some(model.clone()),
        api_key: env::var("OPENAI_API_KEY").ok().as_deref().map(Into::into),
        ..settings
    })?;
    let call = GenerateContentRequest::from_json(request.as_bytes(), Mode::Lenient)?;
    println!("flavour: {:?}", engine.flavour().await);
    let count = engine.count_tokens(call.clone()).await?;
    println!("{}", serde_json::to_string(&count)?);
    let mut chunks = engine.generate(call, None).await?;
    while let Some(chunk) = chunks.next().await {
        println!("{}", serde_json::to_string(&chunk?)?);
    }
    Ok(())
}
