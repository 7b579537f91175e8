//! `propus generate`: one question, one answer. The answer goes to standard output, everything
//! else to standard error.

use anyhow::{Context, bail};
use clap::Args;
use futures::TryStreamExt;
use propus_client::{
    Builder, Client, Error,
    wire::generate::{
        Content, FinishReason, GenerateContentRequest, GenerateContentResponse, GenerationConfig,
    },
};
use std::{
    error::Error as _,
    io::{self, IsTerminal, Read, Write},
    iter,
    process::ExitCode,
    time::Duration,
};

/// Where `propus serve` listens unless it is told otherwise.
const LOCAL: &str = "http://127.0.0.1:8787";

/// What a shell calls the end of a program by Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

/// Ask a model once.
#[derive(Args)]
pub(crate) struct Generate {
    /// The prompt; `-`, or none where input is piped in, reads standard input
    prompt: Option<String>,
    /// Print the answer as the model writes it
    #[arg(long)]
    stream: bool,
    /// Print the whole reply as JSON; with --stream, one line for each chunk
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    settings: Settings,
}

/// Whom to ask.
#[derive(Args)]
pub(crate) struct Connection {
    /// The model [default: the first that the server offers]
    #[arg(long, short, env = "PROPUS_MODEL", value_name = "NAME")]
    model: Option<String>,
    /// The server's base URL [default: http://127.0.0.1:8787]
    #[arg(long, env = "GOOGLE_GEMINI_BASE_URL")]
    url: Option<String>,
    /// The API key; others may see it in the list of processes, so prefer the environment
    /// [env: GOOGLE_API_KEY, or else GEMINI_API_KEY]
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// How many seconds an answer may take [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// How to answer.
#[derive(Args)]
pub(crate) struct Settings {
    /// Instructions that stand above the conversation
    #[arg(long, short, value_name = "TEXT")]
    system: Option<String>,
    /// How freely to choose words; 0 always takes the most probable
    #[arg(long, value_name = "NUMBER")]
    temperature: Option<f32>,
    /// Keep the most probable tokens up to this sum
    #[arg(long, value_name = "NUMBER")]
    top_p: Option<f32>,
    /// Keep this many most probable tokens
    #[arg(long, value_name = "COUNT")]
    top_k: Option<i32>,
    /// The longest answer, in tokens
    #[arg(long, value_name = "COUNT")]
    max_output_tokens: Option<i32>,
    /// Make the answer repeatable
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    seed: Option<i32>,
    /// A text that ends the answer; may be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
}

impl Generate {
    /// Asks and prints. The code is 0 for an answer, 1 for none, 2 for wrong arguments.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let prompt = prompt(self.prompt.as_deref())?;
        let request = self.settings.request(vec![Content::text("user", prompt)]);
        let result = tokio::select! {
            result = self.ask(&request) => result,
            _ = tokio::signal::ctrl_c() => {
                eprintln!();
                return Ok(ExitCode::from(INTERRUPTED));
            }
        };
        exit_code(result)
    }

    async fn ask(&self, request: &GenerateContentRequest) -> anyhow::Result<bool> {
        let client = self.connection.client()?;
        let Some(model) = self.connection.model(&client).await? else {
            return Ok(false);
        };
        let reply = if self.stream {
            let form = if self.json { Form::Json } else { Form::Text };
            stream(&client, &model, request, form).await?
        } else {
            let reply = client.generate(&model, request).await?;
            self.print(&reply)?;
            reply
        };
        Ok(report(&reply))
    }

    fn print(&self, reply: &GenerateContentResponse) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match reply.text() {
            _ if self.json => writeln!(out, "{}", serde_json::to_string_pretty(reply)?)?,
            Some(text) if !text.is_empty() => writeln!(out, "{}", text.trim_end_matches('\n'))?,
            _ => {}
        }
        Ok(out.flush()?)
    }
}

impl Connection {
    /// The client that arguments and environment describe.
    pub(super) fn client(&self) -> Result<Client, Error> {
        let url = self.url.as_deref().map(str::trim).unwrap_or_default();
        let mut builder = Builder::from_env()?
            .base_url(if url.is_empty() { LOCAL } else { url })
            .user_agent(concat!("propus/", env!("CARGO_PKG_VERSION")));
        if let Some(key) = &self.api_key {
            builder = builder.api_key(key);
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        builder.build()
    }

    /// The model to ask; where none is named, the first that writes. `None` was told to the user.
    pub(super) async fn model(&self, client: &Client) -> Result<Option<String>, Error> {
        if let Some(model) = self
            .model
            .as_deref()
            .filter(|model| !model.trim().is_empty())
        {
            return Ok(Some(model.to_owned()));
        }
        let models = client.models().list().await?;
        let writer = models.into_iter().find(|model| {
            let methods = &model.supported_generation_methods;
            methods.iter().any(|method| method == "generateContent")
        });
        let name = writer.and_then(|model| model.name);
        if name.is_none() {
            eprintln!("error: {} offers no model that writes", client.base_url());
            eprintln!("hint: fetch one with `propus pull`, or name one by --model");
        }
        Ok(name)
    }
}

impl Settings {
    /// A request with these settings.
    pub(super) fn request(&self, contents: Vec<Content>) -> GenerateContentRequest {
        let config = GenerationConfig {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            max_output_tokens: self.max_output_tokens,
            seed: self.seed,
            stop_sequences: self.stop.clone(),
            ..Default::default()
        };
        GenerateContentRequest {
            contents,
            system_instruction: self.system.as_deref().map(instruction),
            generation_config: (config != GenerationConfig::default()).then_some(config),
            ..Default::default()
        }
    }
}

/// A system instruction has no role.
pub(super) fn instruction(text: &str) -> Content {
    Content {
        role: None,
        ..Content::text("", text)
    }
}

/// How to print the chunks of a stream.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    Text,
    Json,
}

/// Prints an answer as it comes and returns it whole.
pub(super) async fn stream(
    client: &Client,
    model: &str,
    request: &GenerateContentRequest,
    form: Form,
) -> anyhow::Result<GenerateContentResponse> {
    let mut chunks = client.stream(model, request).await?;
    let mut whole = GenerateContentResponse::default();
    let mut line = Line::default();
    while let Some(chunk) = chunks.try_next().await? {
        match form {
            Form::Json => line.print(&(serde_json::to_string(&chunk)? + "\n"))?,
            Form::Text => line.print(&chunk.text().unwrap_or_default())?,
        }
        whole.absorb(chunk);
    }
    Ok(whole)
}

/// The line of standard output that is being written. However an answer ends, its line ends.
#[derive(Default)]
struct Line {
    is_open: bool,
}

impl Line {
    fn print(&mut self, text: &str) -> io::Result<()> {
        if !text.is_empty() {
            self.is_open = !text.ends_with('\n');
        }
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_open {
            // Who closed standard output needs no line end.
            self.print("\n").ok();
        }
    }
}

/// Tells on standard error what is worth knowing about a reply: that it was cut, or why it has no
/// text. Whether it has text.
pub(super) fn report(reply: &GenerateContentResponse) -> bool {
    let has_text = reply.text().is_some_and(|text| !text.trim().is_empty());
    if has_text {
        if let Some(cut) = cut(reply) {
            eprintln!("note: {cut}");
        }
    } else {
        eprintln!("error: {}", why_empty(reply));
    }
    has_text
}

/// Why an answer is shorter than the model would have made it.
fn cut(reply: &GenerateContentResponse) -> Option<String> {
    match reply.candidates.first()?.finish_reason.as_ref()? {
        FinishReason::Stop => None,
        FinishReason::MaxTokens => Some(
            "the answer was cut at --max-output-tokens or the model's limit (MAX_TOKENS)".into(),
        ),
        other => Some(format!("the answer was cut ({})", other.as_str())),
    }
}

fn why_empty(reply: &GenerateContentResponse) -> String {
    let feedback = reply.prompt_feedback.as_ref();
    if let Some(reason) = feedback.and_then(|feedback| feedback.block_reason.as_ref()) {
        let reason = reason.as_str();
        return format!("the prompt was blocked ({reason})\nhint: say it in other words");
    }
    let Some(candidate) = reply.candidates.first() else {
        return "the reply holds no answer\nhint: --json shows what came".into();
    };
    let parts = candidate
        .content
        .as_ref()
        .map(|content| content.parts.as_slice());
    let mut parts = parts.unwrap_or_default().iter();
    if parts.any(|part| part.text.is_none()) {
        return "the answer holds something else than text\nhint: --json shows it".into();
    }
    match &candidate.finish_reason {
        Some(FinishReason::MaxTokens) => {
            "the tokens ran out before the first word (MAX_TOKENS)\nhint: raise --max-output-tokens"
                .into()
        }
        Some(FinishReason::Stop) | None => {
            "the model answered with nothing\nhint: try again".into()
        }
        Some(other) => format!(
            "the answer was blocked ({})\nhint: say it in other words",
            other.as_str()
        ),
    }
}

/// Turns the end of a command into its code: failed calls are told here, and only what else went
/// wrong is an error.
pub(super) fn exit_code(result: anyhow::Result<bool>) -> anyhow::Result<ExitCode> {
    let error = match result {
        Ok(true) => return Ok(ExitCode::SUCCESS),
        Ok(false) => return Ok(ExitCode::FAILURE),
        Err(error) => error,
    };
    if let Some(error) = error.downcast_ref::<Error>() {
        tell(error);
        return Ok(ExitCode::from(if error.is_setup() { 2 } else { 1 }));
    }
    match error.downcast_ref::<io::Error>() {
        // `propus generate ... | head -1` has what it wants.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        _ => Err(error),
    }
}

/// Prints a failed call: what happened, its first cause, what may help.
pub(super) fn tell(error: &Error) {
    eprintln!("error: {}", error.message());
    if let Some(cause) = iter::successors(error.source(), |error| (*error).source()).last() {
        eprintln!("  because: {cause}");
    }
    if error.is_connect() {
        eprintln!("hint: start a server with `propus serve`, or name another by --url");
    } else if let Some(hint) = error.hint().filter(|hint| !hint.is_empty()) {
        eprintln!("hint: {hint}");
    }
}

fn prompt(argument: Option<&str>) -> anyhow::Result<String> {
    let prompt = match argument {
        Some(text) if text != "-" => text.to_owned(),
        None if io::stdin().is_terminal() => {
            bail!(
                "there is no prompt\nhint: `propus generate \"Why is the sky blue?\"`, or pipe it in"
            )
        }
        _ => {
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            read.context("standard input is not text")?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if prompt.trim().is_empty() {
        bail!("the prompt is empty\nhint: give some text as the argument or on standard input");
    }
    Ok(prompt)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| "give a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("give a number of seconds above 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, empty: &str, note: Option<&str>) {
        let reply: GenerateContentResponse = serde_json::from_str(reply).unwrap();
        if empty.is_empty() {
            assert!(report(&reply));
        } else {
            assert!(!report(&reply));
            assert_eq!(why_empty(&reply).lines().next(), Some(empty));
        }
        assert_eq!(cut(&reply).as_deref(), note);
    }

    #[test]
    fn an_answer_that_is_whole_needs_no_word() {
        check(
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}"#,
            "",
            None,
        );
        check(
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"SAFETY"}]}"#,
            "",
            Some("the answer was cut (SAFETY)"),
        );
    }

    #[test]
    fn an_empty_answer_says_why() {
        check(
            r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"#,
            "the prompt was blocked (PROHIBITED_CONTENT)",
            None,
        );
        check("{}", "the reply holds no answer", None);
        check(
            r#"{"candidates":[{"finishReason":"NEW_REASON"}]}"#,
            "the answer was blocked (NEW_REASON)",
            Some("the answer was cut (NEW_REASON)"),
        );
        check(
            r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}"#,
            "the model answered with nothing",
            None,
        );
        check(
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"STOP"}]}"#,
            "the answer holds something else than text",
            None,
        );
    }

    #[test]
    fn times_are_numbers_above_zero() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "0", "-1", "nan", "inf", "1s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
