//! What the tests share: the model, and a generation's events summed up.

use propus_llama::model::{LoadOptions, Model};
use propus_llama::scheduler::{
    Event, FinishReason, Generation, GenerationError, Job, Metrics, TokenLogprobs,
};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A model file, by the variable that names it or from the model folder.
pub fn model_file(variable: &str, name: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = named.unwrap_or_else(|| cache_folder().join("propus/models").join(name));
    assert!(
        path.is_file(),
        "these tests need the model `{}`: run `make model`, or name a GGUF file in {variable}",
        path.display()
    );
    path
}

fn cache_folder() -> PathBuf {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    cache.expect("HOME is set")
}

pub fn writer_file() -> PathBuf {
    model_file("PROPUS_TEST_MODEL", "smollm2-135m-instruct.gguf")
}

/// Small and on one thread: tests run beside each other.
pub fn options() -> LoadOptions {
    LoadOptions {
        threads: Some(1),
        context_tokens: 2048,
        max_sequences: 16,
        ..LoadOptions::default()
    }
}

pub fn model() -> Model {
    model_with(|_| ())
}

pub fn model_with(change: impl FnOnce(&mut LoadOptions)) -> Model {
    let mut options = options();
    change(&mut options);
    Model::load(&writer_file(), &options).expect("the test model loads")
}

/// About 320 tokens: two blocks and a rest.
pub fn long_text() -> String {
    let line =
        "The keeper wrote down the weather, the ships and what the sea had brought that day. ";
    line.repeat(18)
}

pub fn job(model: &Model, text: &str, tokens: usize) -> Job {
    let mut job = Job::new(model.tokenize(text, false, true), tokens);
    job.sampling.seed = Some(42);
    job
}

pub fn greedy(model: &Model, text: &str, tokens: usize) -> Job {
    let mut job = job(model, text, tokens);
    job.sampling.temperature = 0.0;
    job
}

/// What a generation gave.
#[derive(Debug, Default)]
pub struct Outcome {
    pub prompt_tokens: usize,
    pub cached_tokens: usize,
    pub candidates: Vec<Answer>,
    pub error: Option<GenerationError>,
}

/// One candidate of it.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub text: String,
    pub pieces: Vec<String>,
    pub tokens: Vec<TokenLogprobs>,
    pub finished: Option<(FinishReason, usize)>,
}

impl Outcome {
    pub fn text(&self) -> &str {
        &self.candidates[0].text
    }

    pub fn finished(&self) -> (FinishReason, usize) {
        self.candidates[0]
            .finished
            .expect("the first candidate has finished")
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Prompt {
                tokens,
                cached_tokens,
            } => {
                (self.prompt_tokens, self.cached_tokens) = (tokens, cached_tokens);
            }
            Event::Text {
                candidate,
                text,
                tokens,
            } => {
                let answer = self.answer(candidate);
                assert!(answer.finished.is_none(), "nothing follows the end");
                answer.text.push_str(&text);
                answer.pieces.push(text);
                answer.tokens.extend(tokens);
            }
            Event::Finished {
                candidate,
                reason,
                tokens,
            } => {
                let answer = self.answer(candidate);
                assert!(
                    answer.finished.replace((reason, tokens)).is_none(),
                    "it ends once"
                );
            }
            Event::Failed(error) => self.error = Some(error),
        }
    }

    fn answer(&mut self, candidate: usize) -> &mut Answer {
        if self.candidates.len() <= candidate {
            self.candidates.resize_with(candidate + 1, Answer::default);
        }
        &mut self.candidates[candidate]
    }
}

pub fn finish(mut generation: Generation) -> Outcome {
    let mut outcome = Outcome::default();
    while let Some(event) = generation.blocking_next() {
        outcome.take(event);
    }
    outcome
}

pub fn run(model: &Model, job: Job) -> Outcome {
    finish(model.submit(job).expect("the job is taken"))
}

/// Reads on until an event fits.
#[track_caller]
pub fn wait_for(generation: &mut Generation, fits: impl Fn(&Event) -> bool) -> Event {
    while let Some(event) = generation.blocking_next() {
        if fits(&event) {
            return event;
        }
    }
    panic!("the generation ended before the event");
}

pub fn is_text(event: &Event) -> bool {
    matches!(event, Event::Text { .. })
}

/// Looks at the metrics until they fit.
#[track_caller]
pub fn wait_until(model: &Model, fits: impl Fn(&Metrics) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fits(&model.metrics()) {
        assert!(
            Instant::now() < deadline,
            "it never came to that: {:?}",
            model.metrics()
        );
        std::thread::yield_now();
    }
}
