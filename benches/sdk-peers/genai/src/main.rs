//! The load by the crate `genai`, through its adapter for the Gemini API.

use futures::TryStreamExt;
use genai::{
    Client, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    chat::{ChatOptions, ChatRequest, ChatStreamEvent},
    resolver::{AuthData, Endpoint},
};
use sdk_load::{MODEL, SYSTEM, Sdk, prompt, run};

struct Genai {
    client: Client,
    target: ServiceTarget,
    options: ChatOptions,
}

impl Genai {
    fn request(&self) -> ChatRequest {
        ChatRequest::from_user(prompt()).with_system(SYSTEM)
    }
}

impl Sdk for Genai {
    async fn unary(&self) -> String {
        let target = self.target.clone();
        let reply = self
            .client
            .exec_chat(target, self.request(), Some(&self.options))
            .await;
        reply.expect("an answer").into_first_text().expect("a text")
    }

    async fn stream(&self) -> String {
        let target = self.target.clone();
        let reply = self
            .client
            .exec_chat_stream(target, self.request(), Some(&self.options))
            .await;
        let mut events = reply.expect("a stream").stream;
        let mut text = String::new();
        while let Some(event) = events.try_next().await.expect("an event") {
            if let ChatStreamEvent::Chunk(chunk) = event {
                text += &chunk.content;
            }
        }
        text
    }
}

fn main() {
    run(|url| Genai {
        client: Client::builder().build().expect("a client"),
        target: ServiceTarget {
            endpoint: Endpoint::from_owned(format!("{url}/v1beta/")),
            auth: AuthData::from_single("a-key-for-the-bench"),
            model: ModelIden::new(AdapterKind::Gemini, MODEL),
        },
        options: ChatOptions::default()
            .with_temperature(0.7)
            .with_max_tokens(256),
    });
}
