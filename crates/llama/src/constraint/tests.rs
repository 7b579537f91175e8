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

/// Walks every schema; all finished texts must be valid, and most walks must finish.
fn check_all(schemas: &[Value], walks: u64) {
    let (mut finished, mut all) = (0, 0);
    for schema in schemas {
        let (some, of) = check_json(schema, walks);
        assert!(some > 0, "no walk of {of} came to an end\n{schema}");
        (finished, all) = (finished + some, all + of);
    }
    assert!(
        finished * 2 > all,
        "only {finished} of {all} walks came to an end"
    );
}

#[test]
fn one_broad_form() {
    check_all(
        &[json!({
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
        })],
        30,
    );
}

#[test]
fn numbers_stay_in_their_range() {
    let schemas = [
        json!({"type": "integer"}),
        json!({"type": "integer", "format": "int32", "minimum": -5e9}),
        json!({"type": "integer", "minimum": 3.2, "maximum": 4.9}),
        json!({"type": "integer", "exclusiveMinimum": -2, "exclusiveMaximum": 1}),
        json!({"type": "integer", "minimum": 1e18}),
        json!({"type": "integer", "maximum": -1e18}),
        json!({"type": "integer", "minimum": -9223372036854775808_i64, "maximum": 9223372036854775807_i64}),
        json!({"type": "integer", "multipleOf": 7, "minimum": -100, "maximum": 1000}),
        json!({"type": "integer", "multipleOf": 1000}),
        json!({"type": "number"}),
        json!({"type": "number", "minimum": 0.001, "maximum": 0.002}),
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        json!({"type": "number", "minimum": 0.0000001, "maximum": 0.0000003}),
        json!({"type": "number", "minimum": -1e300, "maximum": 1e300}),
        json!({"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 3}),
        json!({"type": "number", "multipleOf": 0.3}),
        json!({"type": "number", "minimum": 5, "maximum": 5}),
    ];
    check_all(&schemas, 40);
}

#[test]
fn texts_match_patterns_formats_and_lengths() {
    let mut schemas = vec![
        json!({"type": "string", "minLength": 3, "maxLength": 3}),
        json!({"type": "string", "minLength": 300}),
        json!({"type": "string", "pattern": "^\\w+@\\w+\\.com$"}),
        json!({"type": "string", "pattern": "foo|^bar$"}),
        json!({"type": "string", "pattern": "\\d"}),
        json!({"type": "string", "pattern": "^[^\"\\\\]*$", "maxLength": 6}),
        json!({"type": "string", "pattern": "^\"quoted\\\\\"$"}),
        json!({"type": "string", "pattern": "^(a|b)+$", "minLength": 4, "maxLength": 6}),
        json!({"type": "string", "pattern": "^[a-z]+$", "minLength": 2}),
        json!({"type": "string", "pattern": "^.{2,4}$"}),
        json!({"type": "string", "pattern": "^\\S+ \\S+$"}),
        json!({"type": "string", "pattern": "^[\\s\\S]{5}$"}),
        json!({"type": "string", "pattern": "^[[\\]&~-]{3}$"}),
        json!({"type": "string", "pattern": "^a{150}$"}),
        json!({"type": "string", "pattern": "^\\u00e9\\x41/$"}),
        json!({"type": "string", "format": "date", "pattern": "^2024-"}),
        json!({"type": "string", "format": "email", "maxLength": 12}),
    ];
    let formats = [
        "date",
        "time",
        "date-time",
        "duration",
        "email",
        "uuid",
        "uri",
        "hostname",
        "ipv4",
        "ipv6",
        "json-pointer",
        "regex",
        "uri-reference",
        "iri",
        "relative-json-pointer",
        "uri-template",
        "idn-email",
        "idn-hostname",
        "unknown",
    ];
    schemas.extend(formats.map(|format| json!({"type": "string", "format": format})));
    check_all(&schemas, 30);
}

#[test]
fn lists_and_objects_keep_their_numbers() {
    let some = |min: u64, max: u64| {
        json!({
            "type": "object",
            "properties": {"a": {"const": 1}, "b": {"type": "null"}, "c": {"type": "boolean"}, "d": {"const": "x"}},
            "required": ["b"],
            "minProperties": min,
            "maxProperties": max,
            "additionalProperties": false,
        })
    };
    let mut schemas = vec![
        json!({"type": "array", "items": {"type": "boolean"}, "minItems": 40}),
        json!({"type": "array", "items": {"type": "boolean"}, "maxItems": 0}),
        json!({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 1}),
        json!({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}, {"const": 3}], "items": {"const": 4}, "minItems": 2, "maxItems": 5}),
        json!({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "minItems": 4}),
        json!({"type": "array", "prefixItems": [{"const": 1}, false, {"const": 2}]}),
        json!({"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": true, "minItems": 2}),
        json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
        json!({"type": "array", "items": {"type": "boolean"}, "uniqueItems": true, "minItems": 2}),
        json!({"type": "array"}),
        json!({"type": "object", "minProperties": 3}),
        json!({"type": "object", "minProperties": 2, "maxProperties": 2, "additionalProperties": {"type": "integer"}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}, "ab": {"type": "null"}}, "additionalProperties": {"type": "boolean"}, "minProperties": 4}),
        json!({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "minProperties": 4}),
        json!({"type": "object", "properties": {}, "additionalProperties": false}),
        json!({"type": "object", "properties": {"a/\"b": {"const": 1}, "": {"const": 2}}, "required": ["a/\"b", ""]}),
        json!({"type": "object", "properties": {"a": {"const": 1}}, "required": ["b", "a"]}),
        json!({"properties": {"a": false, "b": {"const": 2}}}),
    ];
    schemas.extend(
        [(0, 1), (0, 2), (1, 1), (2, 2), (2, 3), (3, 4), (4, 4)].map(|(min, max)| some(min, max)),
    );
    check_all(&schemas, 30);
}

#[test]
fn references_choices_and_recursion() {
    let tree = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {"type": "object", "properties": {
            "value": {"type": "integer"},
            "left": {"$ref": "#/$defs/node"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
        }, "required": ["value", "children"]}},
    });
    let schemas = [
        tree,
        json!({"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["next"]}),
        json!({"$defs": {"a": {"$anchor": "here", "type": "integer", "maximum": 3}}, "type": "array", "items": {"$ref": "#here"}}),
        json!({"definitions": {"a b": {"type": "boolean"}}, "$ref": "#/definitions/a%20b"}),
        json!({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}, {"type": "object", "properties": {"a": {"type": "null"}}}]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
        json!({"oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind", "x"]},
            {"type": "object", "properties": {"kind": {"const": "b"}, "x": {"type": "string"}}, "required": ["kind"]},
        ]}),
        json!({"type": ["string", "null", "integer"], "maxLength": 4, "maximum": 5}),
        json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        json!({"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"a": {"minimum": 5}, "b": {"type": "null"}}, "required": ["b"]}]}),
        json!({"$defs": {"s": {"type": "string", "minLength": 2}}, "properties": {"a": {"$ref": "#/$defs/s", "maxLength": 3, "description": "d"}}, "required": ["a"]}),
        json!({"enum": [1, "1", 1.5, null, true, [1, {"a": "b"}], {"c": []}]}),
        json!({"type": "integer", "enum": [1, 2.5, "x", 3.0], "minimum": 2}),
        json!({"const": {"a": [1, 2, "é\n"]}}),
        json!({}),
        json!(true),
    ];
    check_all(&schemas, 30);
}

/// What cannot be kept is refused, with the place and the reason.
#[test]
fn refusals_say_where_and_why() {
    for (schema, path, reason) in [
        (
            json!({"not": {"type": "string"}}),
            "schema.not",
            "`not` is not supported",
        ),
        (
            json!({"properties": {"a": {"patternProperties": {}}}}),
            "schema.properties[\"a\"].patternProperties",
            "not supported",
        ),
        (json!({"type": "foo"}), "schema.type", "unknown type `foo`"),
        (
            json!({"type": "string", "minLength": 5, "maxLength": 3}),
            "schema",
            "`minLength` is above `maxLength`",
        ),
        (
            json!({"type": "integer", "minimum": 5, "maximum": 3}),
            "schema",
            "no number satisfies",
        ),
        (
            json!({"type": "number", "multipleOf": 0}),
            "schema",
            "above 0",
        ),
        (
            json!({"type": "array", "minItems": 3, "maxItems": 2}),
            "schema",
            "`minItems` is above",
        ),
        (
            json!({"type": "string", "pattern": "(?=a)b"}),
            "schema",
            "not supported",
        ),
        (
            json!({"type": "string", "pattern": "^a$", "minLength": 2}),
            "schema",
            "no text satisfies",
        ),
        (
            json!({"type": "string", "pattern": "a\\b"}),
            "schema",
            "`\\b` is not supported",
        ),
        (json!({"$ref": "#/$defs/x"}), "schema", "is not defined"),
        (
            json!({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}),
            "schema",
            "no finite value",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true, "minItems": 2}),
            "schema",
            "`uniqueItems`",
        ),
        (json!({"enum": []}), "schema.enum", "at least one value"),
        (
            json!({"type": "string", "enum": [1]}),
            "schema",
            "no value of `enum`",
        ),
        (
            json!({"type": "object", "required": ["a"], "additionalProperties": false}),
            "schema.required",
            "`a` is not defined",
        ),
        (
            json!({"type": "string", "minLength": -1}),
            "schema.minLength",
            "not negative",
        ),
        (json!({"anyOf": []}), "schema.anyOf", "at least one"),
        (json!(false), "schema", "no finite value"),
        (json!([]), "schema", "must be an object"),
    ] {
        match Constraint::for_json_schema(&schema, 600) {
            Ok(_) => panic!("accepted: {schema}"),
            Err(error) => {
                assert_eq!(error.path, path, "{schema}: {error}");
                assert!(error.message.contains(reason), "{schema}: {error}");
            }
        }
    }
}

#[test]
fn deep_and_large_schemas_are_too_complex() {
    let deep = (0..60).fold(
        json!({"type": "string"}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    let wide: serde_json::Map<String, Value> = (0..6000)
        .map(|index| (format!("p{index}"), json!({"type": "string"})))
        .collect();
    for schema in [deep, json!({"type": "object", "properties": wide})] {
        let error = Constraint::for_json_schema(&schema, 600).unwrap_err();
        assert!(error.too_complex, "{error}");
    }
}

fn config(json: &str) -> GenerationConfig {
    use propus_wire::{Message, Mode, Surface};
    GenerationConfig::from_json(json.as_bytes(), Mode::Strict(Surface::Modern)).unwrap()
}

/// The texts of some walks.
fn texts_of(config: &GenerationConfig) -> std::collections::BTreeSet<String> {
    let grammar = Constraint::for_request(Some(config), None)
        .unwrap()
        .unwrap();
    let factory = factory();
    (0..40)
        .filter_map(|seed| walk(&grammar, &factory, seed, 4000))
        .collect()
}

#[test]
fn mime_types_choose_the_constraint() {
    assert_eq!(Constraint::for_request(None, None), Ok(None));
    assert_eq!(Constraint::for_request(Some(&config("{}")), None), Ok(None));
    let plain = config(r#"{"responseMimeType":"text/plain"}"#);
    assert_eq!(Constraint::for_request(Some(&plain), None), Ok(None));
    let words = config(
        r#"{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a","ab","c d"]}}"#,
    );
    assert_eq!(
        texts_of(&words),
        ["a", "ab", "c d"].map(String::from).into()
    );
    for text in texts_of(&config(r#"{"responseMimeType":"application/json"}"#)) {
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(value.is_object() || value.is_array(), "{text}");
    }
    let without = config(r#"{"responseMimeType":"text/x.enum"}"#);
    assert!(Constraint::for_request(Some(&without), None).is_err());
}

#[test]
fn google_schemas_are_kept_in_their_order() {
    let config = config(
        r#"{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT",
        "properties":{"b":{"type":"INTEGER","enum":["1","2"]},"a":{"type":"BOOLEAN","nullable":true},
        "c":{"type":"STRING","format":"enum","enum":["x"]}},
        "required":["a","b","c"],"propertyOrdering":["c","a","b"]}}"#,
    );
    for text in texts_of(&config) {
        let value: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert!(value["a"].is_null() || value["a"].is_boolean());
        assert!([1, 2].contains(&value["b"].as_i64().unwrap()));
    }
}

/// The longest text of a grammar fits into what was asked for, where the schema lets it.
#[test]
fn limits_follow_the_budget() {
    let people = json!({"type": "array", "items": {"type": "object", "properties": {
        "name": {"type": "string"}, "city": {"type": "string"}, "age": {"type": "integer"},
    }, "required": ["name", "city", "age"]}});
    let longest = |schema: &Value, budget| {
        Constraint::for_json_schema(schema, budget)
            .unwrap()
            .longest()
    };
    for budget in [300, 600, 3072, 24_000, 200_000] {
        let longest = longest(&people, budget);
        assert!(
            longest <= budget && longest * 8 >= budget,
            "{longest} for {budget}"
        );
    }
    let long = json!({"type": "string", "minLength": 5000});
    assert!(longest(&long, 100) >= 5000);
}

/// Schemas made at random.
mod random {
    use super::*;

    fn small(random: &mut StdRng, most: u64) -> u64 {
        random.random_range(0..=most)
    }

    pub(super) fn schema(random: &mut StdRng, depth: u32) -> Value {
        let kinds = if depth == 0 { 6 } else { 11 };
        match random.random_range(0..kinds) {
            0 => text(random),
            1 => number(random, "integer"),
            2 => number(random, "number"),
            3 => json!({"type": "boolean"}),
            4 => {
                let values = [json!(1), json!("one"), json!("two \"q\""), json!(null)];
                json!({"enum": values[..random.random_range(1..=4)]})
            }
            5 => json!({"type": ["string", "null"], "maxLength": 4}),
            6 | 7 => list(random, depth),
            8 => json!({"anyOf": [schema(random, depth - 1), schema(random, depth - 1)]}),
            _ => record(random, depth),
        }
    }

    fn text(random: &mut StdRng) -> Value {
        let min = small(random, 4);
        match random.random_range(0..5) {
            0 => json!({"type": "string"}),
            1 => json!({"type": "string", "minLength": min, "maxLength": min + small(random, 9)}),
            2 => {
                let formats = ["date", "time", "date-time", "uuid", "email"];
                json!({"type": "string", "format": formats[small(random, 4) as usize]})
            }
            3 => {
                let patterns = ["^[A-Z]+-\\d{2}$", "x", "^(yes|no)$", "^\\w{2,}$"];
                json!({"type": "string", "pattern": patterns[small(random, 3) as usize]})
            }
            _ => json!({"const": "fixed"}),
        }
    }

    fn number(random: &mut StdRng, kind: &str) -> Value {
        let low = random.random_range(-2000..2000);
        let high = low + random.random_range(1..3000);
        let (low, high) = match kind {
            "integer" => (json!(low), json!(high)),
            _ => (json!(f64::from(low) / 8.0), json!(f64::from(high) / 8.0)),
        };
        match random.random_range(0..4) {
            0 => json!({"type": kind}),
            1 => json!({"type": kind, "minimum": low}),
            2 => json!({"type": kind, "exclusiveMaximum": high}),
            _ => json!({"type": kind, "minimum": low, "maximum": high}),
        }
    }

    fn list(random: &mut StdRng, depth: u32) -> Value {
        let min = small(random, 2);
        let items = schema(random, depth - 1);
        match random.random_range(0..3) {
            0 => json!({"type": "array", "items": items}),
            1 => {
                json!({"type": "array", "items": items, "minItems": min, "maxItems": min + small(random, 3)})
            }
            _ => {
                json!({"type": "array", "prefixItems": [schema(random, depth - 1), items], "items": schema(random, 0), "minItems": min})
            }
        }
    }

    fn record(random: &mut StdRng, depth: u32) -> Value {
        let names = &["a", "b c", "ab", "\"", "é"][..random.random_range(1..=5)];
        let properties: serde_json::Map<String, Value> = names
            .iter()
            .map(|name| ((*name).to_owned(), schema(random, depth - 1)))
            .collect();
        let required: Vec<&&str> = names.iter().filter(|_| random.random_bool(0.5)).collect();
        let mut out = json!({"type": "object", "properties": properties, "required": required});
        if random.random_bool(0.3) {
            out["additionalProperties"] = schema(random, 0);
        }
        if random.random_bool(0.3) {
            out["minProperties"] = json!(small(random, names.len() as u64));
        }
        if random.random_bool(0.3) {
            out["maxProperties"] = json!(names.len() as u64 + 1 - small(random, 1));
        }
        out
    }
}

/// Set `PROPUS_SCHEMAS` for more.
#[test]
fn random_schemas_have_only_valid_texts() {
    let count = std::env::var("PROPUS_SCHEMAS")
        .ok()
        .and_then(|count| count.parse().ok());
    let schemas: Vec<Value> = (0..count.unwrap_or(40))
        .map(|seed| random::schema(&mut StdRng::seed_from_u64(seed), 3))
        .collect();
    check_all(&schemas, 6);
}
