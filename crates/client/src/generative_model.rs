//! A model with the settings that its questions share.

use crate::{
    Chat, Chunks, Client, Contents, Error, Reply, Retries, Tool,
    rounds::{self, Rounds},
};
use propus_wire::{
    generate::{
        Content, CountTokensRequest, CountTokensResponse, FunctionCallingConfig,
        FunctionCallingMode, GenerateContentRequest, GenerationConfig, HarmBlockThreshold,
        HarmCategory, ResponseModality, SafetySetting, ThinkingConfig, ThinkingLevel, ToolConfig,
    },
    schema::Schema,
};
use std::time::Duration;

/// So many times a model may ask for functions before it answers, if nothing else is said.
pub const ROUNDS: usize = 10;

/// A model with the settings that its questions share. Made by [`Client::model`]; clones are cheap.
///
/// ```
/// # propus_client::testing::example([propus_client::testing::text("Ahoy!")], async |client| {
/// let pirate = client
///     .model("gemini-flash-latest")
///     .system("You are a pirate.")
///     .temperature(1.2)
///     .max_output_tokens(200);
/// assert_eq!(pirate.generate("Hello!").await?.text()?, "Ahoy!");
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct GenerativeModel {
    client: Client,
    name: String,
    request: GenerateContentRequest,
    tools: Vec<Tool>,
    rounds: usize,
}

impl GenerativeModel {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self {
            client,
            name,
            request: GenerateContentRequest::default(),
            tools: Vec::new(),
            rounds: ROUNDS,
        }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Instructions that stand above every conversation.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.request.system_instruction = Some(Content {
            // A system instruction has no role.
            role: None,
            ..Content::text("", text)
        });
        self
    }

    /// How freely to choose words, 0 to 2; 0 always takes the most probable.
    #[must_use]
    pub fn temperature(self, temperature: f32) -> Self {
        self.config(|config| config.temperature = Some(temperature))
    }

    /// Keeps the most probable words up to this sum of probabilities, 0 to 1.
    #[must_use]
    pub fn top_p(self, top_p: f32) -> Self {
        self.config(|config| config.top_p = Some(top_p))
    }

    /// Keeps this many most probable words.
    #[must_use]
    pub fn top_k(self, top_k: i32) -> Self {
        self.config(|config| config.top_k = Some(top_k))
    }

    /// The longest answer, in tokens; thoughts count, too.
    #[must_use]
    pub fn max_output_tokens(self, tokens: i32) -> Self {
        self.config(|config| config.max_output_tokens = Some(tokens))
    }

    /// Makes answers repeatable, as far as the model can.
    #[must_use]
    pub fn seed(self, seed: i32) -> Self {
        self.config(|config| config.seed = Some(seed))
    }

    /// A text that ends the answer; at most five.
    #[must_use]
    pub fn stop_sequence(self, text: impl Into<String>) -> Self {
        self.config(|config| config.stop_sequences.push(text.into()))
    }

    /// How long to think, in tokens; 0 is off and -1 leaves it to the model. For models of Gemini 2.5.
    #[must_use]
    pub fn thinking_budget(self, tokens: i32) -> Self {
        self.thinking(|thinking| thinking.thinking_budget = Some(tokens))
    }

    /// How long to think. For models since Gemini 3.
    #[must_use]
    pub fn thinking_level(self, level: ThinkingLevel) -> Self {
        self.thinking(|thinking| thinking.thinking_level = Some(level))
    }

    /// Makes thoughts part of the reply: see [`Reply::thoughts`].
    #[must_use]
    pub fn include_thoughts(self) -> Self {
        self.thinking(|thinking| thinking.include_thoughts = Some(true))
    }

    /// Answers in JSON, of any form; [`generate_as`](Self::generate_as) wants one form.
    #[must_use]
    pub fn json(self) -> Self {
        self.config(|config| config.response_mime_type = Some("application/json".into()))
    }

    /// Answers in JSON of this form.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text(r#""red""#)], async |client| {
    /// use propus_client::wire::schema::{Schema, Type};
    ///
    /// let colours = Schema {
    ///     r#type: Some(Type::String),
    ///     r#enum: vec!["red".into(), "green".into()],
    ///     ..Default::default()
    /// };
    /// let model = client.model("gemini-flash-latest").response_schema(colours);
    /// assert_eq!(model.generate("The colour of a tomato?").await?.json::<String>()?, "red");
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn response_schema(self, schema: Schema) -> Self {
        let model = self.json();
        model.config(|config| config.response_schema = Some(schema))
    }

    /// Answers also in images or speech, where the model can.
    #[must_use]
    pub fn response_modality(self, modality: ResponseModality) -> Self {
        self.config(|config| config.response_modalities.push(modality))
    }

    /// From which probability of a harm on to block.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("hi")], async |client| {
    /// use propus_client::wire::generate::{HarmBlockThreshold, HarmCategory};
    ///
    /// let model = client
    ///     .model("gemini-flash-latest")
    ///     .safety(HarmCategory::Harassment, HarmBlockThreshold::OnlyHigh);
    /// model.generate("hello").await?;
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn safety(mut self, category: HarmCategory, threshold: HarmBlockThreshold) -> Self {
        self.request.safety_settings.push(SafetySetting {
            category: Some(category),
            threshold: Some(threshold),
        });
        self
    }

    /// Begins every prompt with that of a [cache](Client::caches), `cachedContents/...`.
    #[must_use]
    pub fn cached_content(mut self, name: impl Into<String>) -> Self {
        self.request.cached_content = Some(name.into());
        self
    }

    /// Gives the model a [tool](Tool). Functions that can be run are run when it asks for them,
    /// those of one reply at the same time, and it is asked again with their results.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Whether functions may, must or must not be called.
    #[must_use]
    pub fn function_calling(mut self, mode: FunctionCallingMode) -> Self {
        let config = self
            .request
            .tool_config
            .get_or_insert_with(ToolConfig::default);
        let calling = &mut config.function_calling_config;
        calling
            .get_or_insert_with(FunctionCallingConfig::default)
            .mode = Some(mode);
        self
    }

    /// How many times the model may ask for functions before it answers; [`ROUNDS`] if it is not
    /// set. Beyond it the call is an error ([`Error::is_call_limit`]). With 0 no function is run:
    /// the reply holds what is asked for ([`Reply::function_calls`]).
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([call("weather", serde_json::json!({"city": "Oslo"}))], async |client| {
    /// use propus_client::{Tool, wire::schema::Schema};
    ///
    /// let weather = Tool::function_with_schema("weather", "The weather.", Schema::default(), |_| async {
    ///     Ok("rain".into())
    /// });
    /// let model = client.model("gemini-flash-latest").tool(weather).rounds(0);
    /// let reply = model.generate("How is the weather in Oslo?").await?;
    /// let asked: Vec<_> = reply.function_calls().filter_map(|call| call.name.as_deref()).collect();
    /// assert_eq!(asked, ["weather"]);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn rounds(mut self, most: usize) -> Self {
        self.rounds = most;
        self
    }

    /// Sets what there is no method for.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::text("hi")], async |client| {
    /// let model = client
    ///     .model("gemini-flash-latest")
    ///     .config(|config| config.presence_penalty = Some(0.5));
    /// # model.generate("hello").await?;
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn config(mut self, set: impl FnOnce(&mut GenerationConfig)) -> Self {
        set(self.request.generation_config.get_or_insert_default());
        self
    }

    /// The same for what stands beside the configuration.
    #[must_use]
    pub fn request(mut self, set: impl FnOnce(&mut GenerateContentRequest)) -> Self {
        set(&mut self.request);
        self
    }

    /// The same model with another deadline for each try of a call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.client = self.client.with_timeout(timeout);
        self
    }

    /// The same model with another rule for trying again.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.client = self.client.with_retries(retries);
        self
    }

    /// The same model with the [check](crate::Builder::check) before sending turned on or off.
    ///
    /// ```
    /// # propus_client::testing::example([""; 0], async |client| {
    /// let model = client.model("gemini-2.5-flash").check(true).temperature(7.0);
    /// let error = model.generate("hello").await.unwrap_err();
    /// assert!(error.is_checked());
    /// assert_eq!(error.failure(), Some("param-out-of-range"));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn check(mut self, check: bool) -> Self {
        self.client = self.client.with_check(check);
        self
    }

    /// Asks, and waits for the whole reply. With [tools](Self::tool), functions are run in between.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("A lighthouse.")], async |client| {
    /// use propus_client::wire::generate::Part;
    ///
    /// let picture = vec![0x89, b'P', b'N', b'G'];
    /// let prompt = [Part::text("What is this?"), Part::inline("image/png", picture)];
    /// let reply = client.model("gemini-flash-latest").generate(prompt).await?;
    /// assert_eq!(reply.text()?, "A lighthouse.");
    /// # Ok(()) });
    /// ```
    pub async fn generate(&self, contents: impl Into<Contents>) -> Result<Reply, Error> {
        let contents = contents.into().0;
        self.asked()?.generate(contents).await
    }

    /// Asks, and gives the answer in chunks, as the model writes it. With [tools](Self::tool),
    /// functions are run in between; the chunks of all rounds come one after the other.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([stream(&["a", "b"])], async |client| {
    /// use futures::TryStreamExt;
    ///
    /// let mut chunks = client.model("gemini-flash-latest").stream("The alphabet?").await?;
    /// while let Some(chunk) = chunks.try_next().await? {
    ///     print!("{}", chunk.text().unwrap_or_default());
    /// }
    /// # Ok(()) });
    /// ```
    pub async fn stream(&self, contents: impl Into<Contents>) -> Result<Chunks, Error> {
        let contents = contents.into().0;
        self.asked()?.stream(contents).await
    }

    /// Asks for an answer of a form, and gives it typed. The type's JSON schema is cut to what the
    /// API takes; what it cannot say, such as a type that holds itself, is an error before anything
    /// is sent ([`Error::is_setup`]).
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::text(r#"{"name": "Ada", "born": 1815}"#)], async |client| {
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Person {
    ///     /// The full name.
    ///     name: String,
    ///     born: Option<i32>,
    /// }
    ///
    /// let model = client.model("gemini-flash-latest");
    /// let person: Person = model.generate_as("Who wrote the first program?").await?;
    /// assert_eq!((person.name.as_str(), person.born), ("Ada", Some(1815)));
    /// # Ok(()) });
    /// ```
    #[cfg(feature = "schemars")]
    pub async fn generate_as<T>(&self, contents: impl Into<Contents>) -> Result<T, Error>
    where
        T: serde::de::DeserializeOwned + schemars::JsonSchema,
    {
        let contents = contents.into();
        let schema = crate::schema::of::<T>()?;
        let model = self.clone().response_schema(schema);
        model.generate(contents).await?.json()
    }

    /// Begins a conversation.
    pub fn chat(&self) -> Chat {
        Chat::new(self.clone(), Vec::new())
    }

    /// Goes on with a conversation.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("You are Ada.")], async |client| {
    /// use propus_client::wire::generate::Content;
    ///
    /// let history = vec![Content::text("user", "I am Ada."), Content::text("model", "Hello, Ada.")];
    /// let mut chat = client.model("gemini-flash-latest").chat_after(history);
    /// assert_eq!(chat.send("Who am I?").await?.text()?, "You are Ada.");
    /// # Ok(()) });
    /// ```
    pub fn chat_after(&self, history: Vec<Content>) -> Chat {
        Chat::new(self.clone(), history)
    }

    /// Counts the tokens of a prompt together with the settings: instructions and tools count, too.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::json(r#"{"totalTokens": 5}"#)], async |client| {
    /// let model = client.model("gemini-flash-latest").system("Be brief.");
    /// let count = model.count_tokens("Why?").await?;
    /// assert_eq!(count.total_tokens, Some(5));
    /// # Ok(()) });
    /// ```
    pub async fn count_tokens(
        &self,
        contents: impl Into<Contents>,
    ) -> Result<CountTokensResponse, Error> {
        let contents = contents.into().0;
        let request = self.whole_request(contents)?;
        let request = CountTokensRequest {
            generate_content_request: Some(request),
            ..Default::default()
        };
        self.client.count_tokens(&self.name, request).await
    }

    /// The same without a network: as Google counts for its text models, and an estimate of media.
    ///
    /// ```
    /// # propus_client::testing::example([""; 0], async |client| {
    /// let count = client.model("gemini-2.0-flash").count_tokens_offline("The quick brown fox")?;
    /// assert_eq!(count.tokens, 4);
    /// # Ok(()) });
    /// ```
    #[cfg(feature = "tokens")]
    pub fn count_tokens_offline(
        &self,
        contents: impl Into<Contents>,
    ) -> Result<propus_tokens::Count, Error> {
        let request = self.whole_request(contents.into().0)?;
        Ok(propus_tokens::count_request(&request))
    }

    /// The request that a prompt becomes.
    pub fn whole_request(
        &self,
        contents: impl Into<Contents>,
    ) -> Result<GenerateContentRequest, Error> {
        let mut request = self.request.clone();
        request.contents = contents.into().0;
        request.tools.extend(rounds::declared(&self.tools)?);
        Ok(request)
    }

    fn asked(&self) -> Result<Rounds, Error> {
        Ok(Rounds {
            client: self.client.clone(),
            model: self.name.clone(),
            request: self.whole_request(Vec::<Content>::new())?,
            tools: self.tools.clone(),
            most: self.rounds,
        })
    }

    fn thinking(self, set: impl FnOnce(&mut ThinkingConfig)) -> Self {
        self.config(|config| set(config.thinking_config.get_or_insert_default()))
    }
}
