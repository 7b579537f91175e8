//! What holds for every body, tried on random ones.

use super::{super::walk, UNEXPLAINED, generate, read};
use crate::{
    Message, Mode, Surface, Version,
    embed::BatchEmbedContentsRequest,
    generate::GenerateContentRequest,
    message::{Descriptor, Field, Kind, Label},
    status::{Detail, Status},
};
use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

const MODERN: Mode = Mode::Strict(Surface::Modern);

/// A message of the table, with names in either spelling; sometimes with something wrong in it.
fn message(table: &'static Descriptor, depth: u32, wrong: bool) -> BoxedStrategy<Value> {
    let most = if depth == 0 { 0 } else { 4 };
    let fields = select(table.fields.iter().collect::<Vec<_>>());
    let fields = prop::collection::vec(fields, 0..=most);
    let entry = move |field: &'static Field| {
        let name = prop_oneof![Just(field.name), Just(field.json)];
        let good = value(field, depth.saturating_sub(1), wrong);
        let value = match wrong {
            true => prop_oneof![12 => good, 1 => any_json()].boxed(),
            false => good,
        };
        (name, value)
    };
    let known = fields.prop_flat_map(move |mut fields| {
        keep_apart(&mut fields, !wrong);
        fields.into_iter().map(entry).collect::<Vec<_>>()
    });
    let unknown = match wrong {
        true => prop::option::weighted(0.1, ("[a-z$]{0,6}", any_json())).boxed(),
        false => Just(None).boxed(),
    };
    (known, unknown)
        .prop_map(|(known, unknown)| {
            let known = known
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            Value::Object(known.chain(unknown).collect())
        })
        .boxed()
}

/// Leaves one entry for each field whatever its spelling, and maybe one field of each oneof.
fn keep_apart(fields: &mut Vec<&'static Field>, oneofs_too: bool) {
    let mut seen = Vec::new();
    fields.retain(|field| {
        let group = field.oneof.filter(|_| oneofs_too).unwrap_or(field.name);
        let is_new = !seen.contains(&group);
        seen.push(group);
        is_new
    });
}

fn value(field: &'static Field, depth: u32, wrong: bool) -> BoxedStrategy<Value> {
    let one = move || single(field.kind, depth, wrong);
    match field.label {
        Label::Singular => one(),
        Label::Repeated => prop_oneof![
            3 => prop::collection::vec(one(), 0..3).prop_map(Value::Array),
            1 => one(),
        ]
        .boxed(),
        Label::Map => prop::collection::btree_map("[a-zA-Z_]{1,5}", one(), 0..3)
            .prop_map(|entries| Value::Object(Map::from_iter(entries)))
            .boxed(),
    }
}

fn single(kind: Kind, depth: u32, wrong: bool) -> BoxedStrategy<Value> {
    match kind {
        Kind::String => any::<String>().prop_map(Value::from).boxed(),
        Kind::Int32 => prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<i32>().prop_map(|number| json!(number.to_string())),
            any::<i32>().prop_map(|number| json!(f64::from(number))),
        ]
        .boxed(),
        Kind::Int64 => prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<i64>().prop_map(|number| json!(number.to_string())),
        ]
        .boxed(),
        Kind::Float => prop::num::f32::NORMAL.prop_map(Value::from).boxed(),
        Kind::Double => prop::num::f64::NORMAL.prop_map(Value::from).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Bytes => select(vec!["", "AA==", "AA", "-_-_", "+/+/"])
            .prop_map(Value::from)
            .boxed(),
        Kind::Duration => (0u32.., 0u32..1000)
            .prop_map(|(seconds, millis)| json!(format!("{seconds}.{millis:03}s")))
            .boxed(),
        Kind::Timestamp => Just(json!("2026-09-24T00:00:00Z")).boxed(),
        Kind::Struct => prop::collection::btree_map("[a-z]{0,3}", any_json(), 0..3)
            .prop_map(|entries| Value::Object(Map::from_iter(entries)))
            .boxed(),
        Kind::Value => any_json()
            .prop_filter("null is unset", |value| !value.is_null())
            .boxed(),
        Kind::Enum(table) => select(table.values)
            .prop_flat_map(|(name, number)| {
                prop_oneof![
                    Just(json!(name)),
                    Just(json!(number)),
                    Just(json!(name.to_lowercase()))
                ]
            })
            .boxed(),
        Kind::Message(table) => message(table(), depth, wrong),
    }
}

fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        "[a-zA-Z0-9_ .+-]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-zA-Z]{0,5}", inner, 0..4)
                .prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
    .boxed()
}

fn requests(wrong: bool) -> BoxedStrategy<Value> {
    message(GenerateContentRequest::descriptor(), 6, wrong)
}

/// JSON as Google takes it and RFC 8259 does not.
fn lax(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: String = items.iter().map(|item| format!("{},", lax(item))).collect();
            format!("[\x0b{items}]")
        }
        Value::Object(entries) => {
            let entry =
                |(name, value): (&String, &Value)| format!("{}:{},", bare(name), lax(value));
            let entries: String = entries.iter().map(entry).collect();
            format!("{{{entries} }}")
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn bare(name: &str) -> String {
    let is_bare = name.bytes().all(|b| b.is_ascii_alphabetic()) && !name.is_empty();
    match name {
        "true" | "false" | "null" => quoted(name),
        name if is_bare => name.to_owned(),
        name => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Checks the laws that hold for any bytes.
fn check_any(body: &[u8]) {
    let typed = GenerateContentRequest::from_json(body, MODERN);
    let result = generate(body);
    if let Ok(typed) = typed {
        assert_eq!(result.as_ref().ok(), Some(&typed));
    }
    let Err(violations) = result else {
        return;
    };
    let status = Status::from(violations);
    assert_eq!(status.code.http(), 400);
    assert!(!status.message.is_empty());
    if let Some(Detail::BadRequest { field_violations }) = status.details.first() {
        let lines: Vec<_> = field_violations
            .iter()
            .map(|v| v.description.as_str())
            .collect();
        assert!(!lines.is_empty());
        assert_eq!(lines.join("\n"), status.message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn good_requests_are_read_in_any_spelling(body in requests(false)) {
        let typed = GenerateContentRequest::from_json(body.to_string().as_bytes(), MODERN);
        let typed = typed.map_err(|error| TestCaseError::fail(format!("{error}: {body}")))?;
        prop_assert_eq!(generate(body.to_string().as_bytes()), Ok(typed.clone()));
        let lax = lax(&body);
        prop_assert_eq!(generate(lax.as_bytes()), Ok(typed.clone()), "{}", lax);
        let written = serde_json::to_string(&typed).unwrap();
        prop_assert_eq!(generate(written.as_bytes()), Ok(typed));
    }

    /// The typed parse and the walk decide alike: what the typed parse takes has no faults, and
    /// what it refuses has some or is read by Google's laxer rules.
    #[test]
    fn a_refusal_has_a_reason(body in requests(true)) {
        let text = body.to_string();
        check_any(text.as_bytes());
        let table = GenerateContentRequest::descriptor();
        let faults = walk::check(text.as_bytes(), table, MODERN, Version::V1Beta).err();
        if GenerateContentRequest::from_json(text.as_bytes(), MODERN).is_ok() {
            prop_assert_eq!(faults, None, "{}", text);
        }
        for text in [body.to_string(), lax(&body)] {
            if let Err(violations) = generate(text.as_bytes()) {
                prop_assert_ne!(violations.to_string(), UNEXPLAINED, "{}", text);
            }
        }
    }

    #[test]
    fn any_json_gets_an_answer(body in any_json()) {
        let text = body.to_string();
        check_any(text.as_bytes());
        let batch = read::<BatchEmbedContentsRequest>(text.as_bytes(), Surface::LegacyV1, Version::V1);
        if let Err(violations) = batch {
            prop_assert_ne!(violations.to_string(), UNEXPLAINED);
        }
    }

    #[test]
    fn damaged_bodies_get_an_answer(
        body in requests(false),
        is_lax in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..4),
    ) {
        let text = if is_lax { lax(&body) } else { body.to_string() };
        let mut bytes = text.into_bytes();
        for (index, byte, how) in damage {
            let at = index.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(at, byte),
                1 => bytes.truncate(at),
                _ => bytes.get_mut(at).into_iter().for_each(|b| *b = byte),
            }
        }
        check_any(&bytes);
    }

    #[test]
    fn random_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_any(&bytes);
    }

    #[test]
    fn random_marks_get_an_answer(text in "[\\[\\]{}:,\"'\\\\ua0-9.eExtn$ é]{0,80}") {
        check_any(text.as_bytes());
        check_any(format!("{{contents:{text}").as_bytes());
    }
}
