//! Writes the scheduler's events as chunks of a reply.

use super::{count, text_tokens};
use crate::{
    model::Model,
    sampling::TokenLogprob,
    scheduler::{self, Event, TokenLogprobs},
    tools::{CallParser, CallSyntax, Ending, Output},
};
use propus_wire::generate::{
    Candidate, Content, FinishReason, GenerateContentResponse, GenerationConfig, LogprobsCandidate,
    LogprobsResult, Part, TopCandidates, UsageMetadata,
};
use rand::{Rng, distr::Alphanumeric};

/// Collects events and writes them.
pub(super) struct Writer {
    model: Model,
    logprobs: Option<usize>,
    prompt_tokens: usize,
    cached_tokens: usize,
    answers: Vec<Answer>,
}

/// One candidate on its way.
struct Answer {
    calls: Option<CallParser>,
    tokens: usize,
    logprob_sum: f64,
    logprob_count: usize,
    parts: Vec<Part>,
    news: Option<LogprobsResult>,
    ending: Option<(FinishReason, Option<String>)>,
    told: bool,
}

impl Writer {
    pub(super) fn new(model: Model, config: &GenerationConfig, calls: Option<CallSyntax>) -> Self {
        let wanted = config.response_logprobs == Some(true);
        let top = config.logprobs.and_then(|top| usize::try_from(top).ok());
        let answers = config.candidate_count.unwrap_or(1).max(1);
        Self {
            model,
            logprobs: wanted.then(|| top.unwrap_or(0)),
            prompt_tokens: 0,
            cached_tokens: 0,
            answers: (0..answers).map(|_| Answer::new(calls)).collect(),
        }
    }

    /// How many log probabilities the scheduler must compute. The mean of those of the chosen
    /// tokens is part of every reply, so at least they are always wanted.
    pub(super) fn logprobs(&self) -> Option<usize> {
        Some(self.logprobs.unwrap_or(0))
    }

    /// Whether every answer has ended.
    pub(super) fn is_finished(&self) -> bool {
        self.answers.iter().all(|answer| answer.told)
    }

    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Prompt {
                tokens,
                cached_tokens,
            } => {
                self.prompt_tokens = tokens;
                self.cached_tokens = cached_tokens;
            }
            Event::Text {
                candidate,
                text,
                tokens,
            } => {
                let news = self.logprobs.map(|top| self.logprobs_result(&tokens, top));
                if let Some(answer) = self.answers.get_mut(candidate) {
                    answer.say(&text, &tokens);
                    answer.add_logprobs(news);
                }
            }
            Event::Finished {
                candidate,
                reason,
                tokens,
            } => {
                if let Some(answer) = self.answers.get_mut(candidate) {
                    answer.end(reason, tokens);
                }
            }
            Event::Failed(_) => {}
        }
    }

    /// The next chunk, where there is something to say.
    pub(super) fn chunk(&mut self) -> Option<GenerateContentResponse> {
        let answers = self.answers.iter_mut().enumerate();
        let candidates: Vec<Candidate> = answers
            .filter_map(|(index, answer)| answer.candidate(index))
            .collect();
        (!candidates.is_empty()).then(|| GenerateContentResponse {
            candidates,
            usage_metadata: Some(self.usage()),
            ..Default::default()
        })
    }

    fn usage(&self) -> UsageMetadata {
        let answered: usize = self.answers.iter().map(|answer| answer.tokens).sum();
        UsageMetadata {
            prompt_token_count: Some(count(self.prompt_tokens)),
            candidates_token_count: Some(count(answered)),
            total_token_count: Some(count(self.prompt_tokens + answered)),
            cached_content_token_count: (self.cached_tokens > 0).then(|| count(self.cached_tokens)),
            prompt_tokens_details: text_tokens(self.prompt_tokens),
            candidates_tokens_details: text_tokens(answered),
            ..Default::default()
        }
    }

    fn logprobs_result(&self, tokens: &[TokenLogprobs], top: usize) -> LogprobsResult {
        let named = |place: &TokenLogprob| LogprobsCandidate {
            token: Some(String::from_utf8_lossy(self.model.token_bytes(place.token)).into_owned()),
            token_id: i32::try_from(place.token).ok(),
            log_probability: Some(place.logprob.min(0.0)),
        };
        let places = tokens
            .iter()
            .filter(|_| top > 0)
            .map(|place| TopCandidates {
                candidates: place.top.iter().map(named).collect(),
            });
        LogprobsResult {
            log_probability_sum: Some(tokens.iter().map(|place| place.chosen.logprob).sum()),
            top_candidates: places.collect(),
            chosen_candidates: tokens.iter().map(|place| named(&place.chosen)).collect(),
        }
    }
}

impl Answer {
    fn new(calls: Option<CallSyntax>) -> Self {
        Self {
            calls: calls.map(|syntax| CallParser::new(syntax, call_id)),
            tokens: 0,
            logprob_sum: 0.0,
            logprob_count: 0,
            parts: Vec::new(),
            news: None,
            ending: None,
            told: false,
        }
    }

    fn say(&mut self, text: &str, tokens: &[TokenLogprobs]) {
        self.tokens += tokens.len();
        self.logprob_count += tokens.len();
        self.logprob_sum += tokens
            .iter()
            .map(|token| f64::from(token.chosen.logprob))
            .sum::<f64>();
        match &mut self.calls {
            Some(parser) => {
                let said = parser.push(text);
                self.put(said);
            }
            None => self.put(vec![Output::Text(text.to_owned())]),
        }
    }

    fn put(&mut self, said: Vec<Output>) {
        for output in said {
            match output {
                Output::Text(text) if text.is_empty() => {}
                Output::Text(text) => self.parts.push(Part::text(text)),
                Output::Call(call) => self.parts.push(Part {
                    function_call: Some(call),
                    ..Part::default()
                }),
            }
        }
    }

    fn add_logprobs(&mut self, news: Option<LogprobsResult>) {
        let Some(news) = news.filter(|news| !news.chosen_candidates.is_empty()) else {
            return;
        };
        match &mut self.news {
            Some(known) => {
                known.top_candidates.extend(news.top_candidates);
                known.chosen_candidates.extend(news.chosen_candidates);
                let more = news.log_probability_sum.unwrap_or(0.0);
                *known.log_probability_sum.get_or_insert(0.0) += more;
            }
            None => self.news = Some(news),
        }
    }

    fn end(&mut self, reason: scheduler::FinishReason, tokens: usize) {
        self.tokens = tokens;
        let mut ending = match reason {
            scheduler::FinishReason::MaxTokens | scheduler::FinishReason::ContextFull => {
                (FinishReason::MaxTokens, None)
            }
            _ => (FinishReason::Stop, None),
        };
        if let Some(mut parser) = self.calls.take() {
            let (said, calls) = parser.finish();
            self.put(said);
            if let Ending::Malformed(message) = calls {
                ending = (FinishReason::MalformedFunctionCall, Some(message));
            }
        }
        self.ending = Some(ending);
    }

    /// What there is to tell of this answer since the last time.
    fn candidate(&mut self, index: usize) -> Option<Candidate> {
        let ends = self.ending.is_some() && !self.told;
        if self.told || (self.parts.is_empty() && !ends) {
            return None;
        }
        let mut parts = std::mem::take(&mut self.parts);
        if parts.is_empty()
            && self
                .ending
                .as_ref()
                .is_some_and(|(reason, _)| *reason == FinishReason::Stop)
        {
            parts.push(Part::text(""));
        }
        self.told = ends;
        let (finish_reason, finish_message) = self.ending.clone().unzip();
        let mean = self.logprob_sum / self.logprob_count.max(1) as f64;
        Some(Candidate {
            content: Some(Content {
                parts,
                role: Some("model".into()),
            }),
            finish_reason,
            finish_message: finish_message.flatten(),
            index: (index > 0).then(|| count(index)),
            avg_logprobs: (ends && self.logprob_count > 0).then_some(mean),
            logprobs_result: self.news.take(),
            ..Default::default()
        })
    }
}

/// Eight letters, as Google's ids of calls have.
fn call_id() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    letters.take(8).collect::<String>().to_lowercase()
}
