//! How long a prompt is: by the server where it has a way, or else by the counter of the settings,
//! or else by a rule of thumb.

use super::{
    OpenAi, Path,
    faults::{self, Asked},
    flavour::Count,
    request,
};
use propus_failures::Problem;
use propus_wire::generate::{
    CountTokensResponse, GenerateContentRequest, Modality, ModalityTokenCount,
};
use serde_json::{Value, json};

/// Bytes of a token, by the rule of thumb for English.
const BYTES_OF_TOKEN: usize = 4;

impl OpenAi {
    pub(super) async fn count(
        &self,
        call: GenerateContentRequest,
    ) -> Result<CountTokensResponse, Problem> {
        let asked = self.asked(call.model.as_deref(), "countTokens", None);
        let flavour = self.flavour().await;
        let target = self.target(flavour, &asked);
        // How the answer is made does not matter, and may be what a server lacks.
        let prompt = GenerateContentRequest {
            generation_config: None,
            tool_config: None,
            safety_settings: Vec::new(),
            ..call.clone()
        };
        let count = match target.traits.count {
            Count::Never => Ok(self.estimate(&call)),
            Count::Messages => {
                let body = request::body(&prompt, &target)?;
                self.count_messages(&body, &asked).await
            }
            Count::Template => {
                let body = request::body(&prompt, &target)?;
                self.count_template(&body, &asked).await
            }
        }?;
        Ok(counted(count))
    }

    /// vLLM's `/tokenize`.
    async fn count_messages(&self, body: &Value, asked: &Asked) -> Result<u64, Problem> {
        let mut ask = json!({
            "model": body["model"],
            "messages": body["messages"],
            "add_generation_prompt": true,
        });
        if let Some(tools) = body.get("tools") {
            ask["tools"] = tools.clone();
        }
        let reply = self.exchange(Path::Root("tokenize"), &ask, asked).await?;
        let count = reply["count"].as_u64();
        count.ok_or_else(|| faults::internal("`/tokenize` of the model's server gives no `count`"))
    }

    /// llama-server's `/apply-template` and `/tokenize`.
    async fn count_template(&self, body: &Value, asked: &Asked) -> Result<u64, Problem> {
        let mut ask = json!({ "messages": body["messages"] });
        if let Some(tools) = body.get("tools") {
            ask["tools"] = tools.clone();
        }
        let reply = self
            .exchange(Path::Root("apply-template"), &ask, asked)
            .await?;
        let Some(prompt) = reply["prompt"].as_str() else {
            let cause = "`/apply-template` of the model's server gives no `prompt`";
            return Err(faults::internal(cause));
        };
        let ask = json!({ "content": prompt, "add_special": true, "parse_special": true });
        let reply = self.exchange(Path::Root("tokenize"), &ask, asked).await?;
        let tokens = reply["tokens"].as_array().map(Vec::len);
        let tokens = tokens.and_then(|count| u64::try_from(count).ok());
        tokens.ok_or_else(|| faults::internal("`/tokenize` of the model's server gives no tokens"))
    }

    fn estimate(&self, call: &GenerateContentRequest) -> u64 {
        match &self.counter {
            Some(counter) => counter(call),
            None => rule_of_thumb(call),
        }
    }
}

/// A token for four bytes of text, at least one for a part.
fn rule_of_thumb(call: &GenerateContentRequest) -> u64 {
    let turns = call.system_instruction.iter().chain(&call.contents);
    let texts = turns.flat_map(|turn| &turn.parts).map(|part| {
        let words = part.text.as_deref().map_or(0, str::len);
        let call = part
            .function_call
            .as_ref()
            .and_then(|call| call.args.as_ref());
        let response = part.function_response.as_ref();
        let response = response.and_then(|response| response.response.as_ref());
        let json = [call, response].into_iter().flatten();
        let json: usize = json.map(|map| json!(map).to_string().len()).sum();
        (words + json).div_ceil(BYTES_OF_TOKEN).max(1) as u64
    });
    texts.sum()
}

fn counted(count: u64) -> CountTokensResponse {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    CountTokensResponse {
        total_tokens: Some(count),
        prompt_tokens_details: vec![ModalityTokenCount {
            modality: Some(Modality::Text),
            token_count: Some(count),
        }],
        ..CountTokensResponse::default()
    }
}
