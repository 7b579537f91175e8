//! What a request will likely run into although the API takes it.

use super::{Finding, Level, Sending, place, written};
use crate::{
    Card, Problem,
    cards::Thinking,
    limits::{context_too_long::ContextTooLong, payload_too_large::PayloadTooLarge},
};
use propus_wire::generate::GenerateContentRequest;
use std::time::Duration;
use whatlang::{Lang, Script};

/// Bytes of a request with media inside, as Google's changelog of January 2026 has it.
const PAYLOAD_LIMIT: u64 = 100 * 1024 * 1024;
/// What it was before, and what some of Google's pages still say.
const PAYLOAD_LIMIT_2025: u64 = 20 * 1024 * 1024;
/// Shorter deadlines than this end answers that were on their way: the SDKs tell the server their
/// timeout, and the server stops there (seen in public error reports, also as 500).
const SHORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that is larger than a request may be.
pub(super) fn too_large(body: &[u8]) -> Option<Problem> {
    let limit = PAYLOAD_LIMIT;
    (body.len() as u64 > limit).then(|| PayloadTooLarge { limit }.into())
}

/// A prompt that is longer than the model reads, where somebody can count it.
pub(super) fn too_long(
    request: &GenerateContentRequest,
    body: &[u8],
    card: &Card,
    sending: &Sending,
) -> Option<Problem> {
    let limit = u64::from(card.input_token_limit?);
    // A token is at least one byte, so most requests need not be counted.
    if (body.len() as u64) <= limit {
        return None;
    }
    let tokens = sending.count?(request);
    (tokens > limit).then(|| ContextTooLong { tokens, limit }.into())
}

/// All warnings.
pub(super) fn warnings(
    request: &GenerateContentRequest,
    body: &[u8],
    card: &Card,
    sending: &Sending,
) -> Vec<Finding> {
    let found = [
        large(body),
        thoughts_only(request, card),
        foreign_language(request),
        impatient(sending.timeout),
    ];
    let warning = |(name, field, message, code): (_, Option<&str>, String, _)| Finding {
        level: Level::Warning,
        field: field.map(str::to_owned),
        place: field.and_then(|field| place::find(body, field, None)),
        ..written(name, message, code)
    };
    found.into_iter().flatten().map(warning).collect()
}

/// Failure, field, what is the case, and the HTTP code that will come of it.
type Warning = (&'static str, Option<&'static str>, String, u16);

fn large(body: &[u8]) -> Option<Warning> {
    let size = body.len() as u64;
    (size > PAYLOAD_LIMIT_2025 && size <= PAYLOAD_LIMIT).then(|| {
        let message = format!(
            "The request has {} MB. Until January 2026 the limit was 20 MB, and it still is in places; \
             large media belong into the Files API.",
            size / 1_000_000
        );
        ("payload-too-large", None, message, 400)
    })
}

/// Thoughts count as output: a budget as large as `maxOutputTokens` can leave nothing for the answer.
fn thoughts_only(request: &GenerateContentRequest, card: &Card) -> Option<Warning> {
    let config = request.generation_config.as_ref()?;
    let most = config.max_output_tokens.filter(|most| *most > 0)?;
    let thinking = config.thinking_config.as_ref();
    let budget = thinking.and_then(|thinking| thinking.thinking_budget)?;
    let thinks = !matches!(card.thinking, Thinking::None);
    (thinks && budget > 0 && budget >= most).then(|| {
        let message = format!(
            "thinkingBudget ({budget}) is not below maxOutputTokens ({most}), and thoughts count as \
             output: the answer can be empty, with the finish reason MAX_TOKENS."
        );
        (
            "max-tokens-empty",
            Some("generation_config.max_output_tokens"),
            message,
            200,
        )
    })
}

fn impatient(timeout: Option<Duration>) -> Option<Warning> {
    let timeout = timeout.filter(|timeout| *timeout < SHORT_TIMEOUT)?;
    let message = format!(
        "The client waits {} s. The SDKs tell the server so in X-Server-Timeout, rounded up, and it stops \
         there; their option is in milliseconds, so 10 means a hundredth of a second.",
        timeout.as_secs_f64()
    );
    Some(("client-timeout", None, message, 504))
}

/// Google lists the languages that its models are made for; others can give odd or blocked answers
/// (its troubleshooting guide, known issues).
fn foreign_language(request: &GenerateContentRequest) -> Option<Warning> {
    let (turn, content) = request
        .contents
        .iter()
        .enumerate()
        .rfind(|(_, content)| content.role.as_deref() != Some("model"))?;
    let language = language(&content.texts())?;
    // Swahili is listed, but is not told from its neighbours here.
    let unclear = [Lang::Zul, Lang::Sna, Lang::Jav, Lang::Aka];
    if SUPPORTED.contains(&language) || unclear.contains(&language) {
        return None;
    }
    let message = format!(
        "contents[{turn}] seems to be written in {}, which is not among the languages that Google lists; \
         answers may be odd or blocked.",
        language.eng_name()
    );
    Some(("language-unsupported", Some("contents"), message, 200))
}

/// The language of a text, where there is little doubt. Short texts, code and mixtures have none.
fn language(text: &str) -> Option<Lang> {
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    // Text in Latin letters needs to be long before its language is clear.
    let info = whatlang::detect(text)?;
    let least = match info.script() {
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari => 100,
        _ => 12,
    };
    let is_prose = letters * 10 > text.chars().filter(|one| !one.is_whitespace()).count() * 8;
    (letters >= least && is_prose && info.is_reliable() && info.confidence() > 0.9)
        .then(|| info.lang())
}

/// The languages of Google's page on models.
const SUPPORTED: [Lang; 37] = [
    Lang::Ara,
    Lang::Ben,
    Lang::Bul,
    Lang::Ces,
    Lang::Cmn,
    Lang::Dan,
    Lang::Deu,
    Lang::Ell,
    Lang::Eng,
    Lang::Est,
    Lang::Fin,
    Lang::Fra,
    Lang::Heb,
    Lang::Hin,
    Lang::Hrv,
    Lang::Hun,
    Lang::Ind,
    Lang::Ita,
    Lang::Jpn,
    Lang::Kor,
    Lang::Lav,
    Lang::Lit,
    Lang::Nld,
    Lang::Nob,
    Lang::Pol,
    Lang::Por,
    Lang::Ron,
    Lang::Rus,
    Lang::Slk,
    Lang::Slv,
    Lang::Spa,
    Lang::Srp,
    Lang::Swe,
    Lang::Tha,
    Lang::Tur,
    Lang::Ukr,
    Lang::Vie,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_only_where_they_are_clear() {
        assert_eq!(language("Hello"), None);
        assert_eq!(language("fn main() { let x = 3; }"), None);
        assert_eq!(language("გამარჯობა, როგორ ხართ დღეს?"), Some(Lang::Kat));
        let english = "Please write a short story about a fox who lives in the woods and likes to \
            read books by the light of the moon, and tell me what it learns.";
        assert_eq!(language(english), Some(Lang::Eng));
    }
}
