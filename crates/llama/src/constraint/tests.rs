//! Random walks: a "model" that picks any allowed token must always write valid values.

use super::*;
use llguidance::toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use std::sync::Arc;

/// Single bytes and some longer pieces, as real vocabularies have them.
pub(crate) fn token_env() -> TokEnv {
    let mut words: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
    for word in [
        "\", \"", "\": ", "\": \"", "{\"", "\"}", ", ", "true", "false", "null", "the", " of", "é",
        "\\n", "\"]", "[\"", "12", "00", "...", "ab", "日本", "😀", "<tool", "_call>", "\n\n",
        "}}",
    ] {
        words.push(word.as_bytes().to_vec());
    }
    words.push(b"\xff<eos>".to_vec());
    let eos = words.len() as u32 - 1;
    let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, eos), &words);
    Arc::new(ApproximateTokEnv::new(trie))
}

pub(crate) fn factory() -> ParserFactory {
    let mut factory = ParserFactory::new_simple(&token_env()).unwrap();
    factory.quiet();
    factory
}

/// One text of a grammar; `None` where it did not end within `most` tokens.
pub(crate) fn walk(
    grammar: &Grammar,
    factory: &ParserFactory,
    seed: u64,
    most: usize,
) -> Option<String> {
    let mut matcher = grammar.matcher(factory).unwrap_or_else(|error| {
        panic!("{error}\n{}", grammar.lark());
    });
    let env = factory.tok_env();
    let mut random = StdRng::seed_from_u64(seed);
    // A walk that likes to end things, or one that does not.
    let ending = random.random_bool(0.7);
    let mut bytes = Vec::new();
    for _ in 0..most {
        if matcher.is_stopped() {
            return Some(String::from_utf8(bytes).expect("grammars write UTF-8"));
        }
        let mask = matcher.compute_mask().unwrap_or_else(|error| {
            panic!(
                "{error}\n{}\n{}",
                String::from_utf8_lossy(&bytes),
                grammar.lark()
            )
        });
        let allowed: Vec<u32> = mask.iter().collect();
        assert!(
            !allowed.is_empty(),
            "{}\n{}",
            String::from_utf8_lossy(&bytes),
            grammar.lark()
        );
        let eos = env.eos_token();
        let ends = |token: &u32| *token == eos || matches!(token, 34 | 93 | 125);
        let closing: Vec<u32> = allowed.iter().copied().filter(ends).collect();
        let pick = match ending && !closing.is_empty() && random.random_bool(0.3) {
            true => &closing,
            false => &allowed,
        };
        let token = pick[random.random_range(0..pick.len())];
        if token == eos {
            return Some(String::from_utf8(bytes).expect("grammars write UTF-8"));
        }
        matcher.consume_token(token).unwrap();
        bytes.extend_from_slice(env.tok_trie().token(token));
    }
    None
}

/// Walks a schema's grammar; every finished text must be valid.
fn check_json(schema: &Value, walks: u64) -> (u64, u64) {
    let grammar = match Constraint::for_json_schema(schema, 600) {
        Ok(grammar) => grammar,
        Err(error) => panic!("{error}\n{schema}"),
    };
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error}\n{schema}"));
    let factory = factory();
    let mut finished = 0;
    for seed in 0..walks {
        let Some(text) = walk(&grammar, &factory, seed, 4000) else {
            continue;
        };
        finished += 1;
        let value: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}\n{schema}"));
        if let Err(error) = validator.validate(&value) {
            panic!("{error}\n{text}\n{schema}\n{}", grammar.lark());
        }
    }
    (finished, walks)
}

#[test]
fn a_form_of_everything() {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "score": {"type": "number", "minimum": -0.5, "exclusiveMaximum": 2.25},
            "kind": {"enum": ["a", "ab", "\"q\"", 12, 1, null]},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "minItems": 1, "maxItems": 3},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-\\d{3}$"},
            "when": {"type": "string", "format": "date-time"},
            "free": {"type": "object"},
            "pair": {"prefixItems": [{"type": "integer"}, {"type": "boolean"}], "items": false},
        },
        "required": ["name", "age", "kind", "code", "free", "pair"],
    });
    let (finished, walks) = check_json(&schema, 40);
    assert!(finished * 2 > walks, "{finished} of {walks}");
}
