//! The load by the crate `gemini-rust`.

#![allow(deprecated)] // Its way to `generateContent` is deprecated in favour of interactions.

use futures::TryStreamExt;
use gemini_rust::{ContentBuilder, Gemini};
use sdk_load::{MODEL, SYSTEM, Sdk, prompt, run};

struct GeminiRust(Gemini);

impl GeminiRust {
    fn request(&self) -> ContentBuilder {
        let request = self.0.generate_content().with_system_instruction(SYSTEM);
        request
            .with_user_message(prompt())
            .with_temperature(0.7)
            .with_max_output_tokens(256)
    }
}

impl Sdk for GeminiRust {
    async fn unary(&self) -> String {
        self.request().execute().await.expect("an answer").text()
    }

    async fn stream(&self) -> String {
        let mut chunks = self.request().execute_stream().await.expect("a stream");
        let mut text = String::new();
        while let Some(chunk) = chunks.try_next().await.expect("a chunk") {
            text += &chunk.text();
        }
        text
    }
}

fn main() {
    run(|url| {
        let base = format!("{url}/v1beta/").parse().expect("a URL");
        let model = format!("models/{MODEL}");
        let client = Gemini::with_model_and_base_url("a-key-for-the-bench", model, base);
        GeminiRust(client.expect("a client"))
    });
}
