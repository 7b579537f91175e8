//! The load by `propus-client`.

use futures::TryStreamExt;
use propus_client::{Client, GenerativeModel};
use sdk_load::{MODEL, SYSTEM, Sdk, prompt, run};

struct Propus(GenerativeModel);

impl Sdk for Propus {
    async fn unary(&self) -> String {
        let reply = self.0.generate(prompt()).await.expect("an answer");
        reply.text().expect("a text")
    }

    async fn stream(&self) -> String {
        let mut chunks = self.0.stream(prompt()).await.expect("a stream");
        let mut text = String::new();
        while let Some(chunk) = chunks.try_next().await.expect("a chunk") {
            text += &chunk.text().unwrap_or_default();
        }
        text
    }
}

fn main() {
    run(|url| {
        let client = Client::builder()
            .base_url(url)
            .api_key("a-key-for-the-bench");
        let model = client.build().expect("a client").model(MODEL);
        Propus(model.system(SYSTEM).temperature(0.7).max_output_tokens(256))
    });
}
