//! The form of the answer: JSON, a schema, or one of several texts.

use super::{
    flavour::OneOf,
    gaps::Gaps,
    request::Target,
    sampling::{Body, refuse},
    schema::json_schema,
    strict,
};
use propus_wire::generate::GenerationConfig;
use serde_json::{Value, json};

/// `responseMimeType` and the schemas.
pub(super) fn put(
    config: &GenerationConfig,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
    body: &mut Body,
) {
    look_at_two_schemas(config, gaps);
    match config.response_mime_type.as_deref() {
        Some("application/json") => {
            body.insert(
                "response_format".into(),
                json_format(schema(config), target),
            );
        }
        Some("text/x.enum") => put_one_of(config, target, gaps, body),
        None | Some("" | "text/plain") => look_at_schemas(config, gaps),
        Some(other) => {
            let rule = format!("answers of the type `{other}` cannot be asked of this model");
            refuse(gaps, "responseMimeType", "response_mime_type", &rule);
        }
    }
}

fn json_format(schema: Option<Value>, target: &Target<'_>) -> Value {
    let Some(mut schema) = schema else {
        return json!({ "type": "json_object" });
    };
    let is_strict = target.traits.strict && strict::close(&mut schema);
    let mut form = json!({ "name": "answer", "schema": schema });
    if is_strict {
        form["strict"] = json!(true);
    }
    json!({ "type": "json_schema", "json_schema": form })
}

fn schema(config: &GenerationConfig) -> Option<Value> {
    let own = config.response_schema.as_ref().map(json_schema);
    own.or_else(|| config.response_json_schema.clone())
        .or_else(|| config.private_response_json_schema.clone())
}

/// Of two forms one would be lost.
fn look_at_two_schemas(config: &GenerationConfig, gaps: &Gaps<'_>) {
    let own = config.response_schema.is_some();
    let json = config.response_json_schema.is_some();
    let rule = "another schema is set, too; keep one of them";
    if own && json {
        refuse(gaps, "responseJsonSchema", "response_json_schema", rule);
    }
    if (own || json) && config.private_response_json_schema.is_some() {
        refuse(gaps, "_responseJsonSchema", "_response_json_schema", rule);
    }
}

fn look_at_schemas(config: &GenerationConfig, gaps: &Gaps<'_>) {
    let rule = "a schema needs the response_mime_type `application/json`";
    if config.response_schema.is_some() {
        refuse(gaps, "responseSchema", "response_schema", rule);
    }
    if config.response_json_schema.is_some() {
        refuse(gaps, "responseJsonSchema", "response_json_schema", rule);
    }
    if config.private_response_json_schema.is_some() {
        refuse(gaps, "_responseJsonSchema", "_response_json_schema", rule);
    }
}

/// The answer is one of the schema's texts, without quotes around it.
fn put_one_of(config: &GenerationConfig, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    let schema = schema(config).unwrap_or_default();
    let texts = schema["enum"].as_array().into_iter().flatten();
    let texts: Vec<_> = texts.filter_map(Value::as_str).collect();
    if texts.is_empty() {
        let rule = "`text/x.enum` needs a response_schema with the texts";
        return refuse(gaps, "responseMimeType", "response_mime_type", rule);
    }
    match target.traits.one_of {
        OneOf::Never => {
            let rule = "this model cannot be held to one of several texts";
            refuse(gaps, "responseMimeType", "response_mime_type", rule);
        }
        OneOf::Choice => {
            body.insert("structured_outputs".into(), json!({ "choice": texts }));
        }
        OneOf::Grammar => {
            // A JSON string is a literal of the grammar, too.
            let literals: Vec<_> = texts.iter().map(|text| json!(text).to_string()).collect();
            let grammar = format!("root ::= {}", literals.join(" | "));
            body.insert("grammar".into(), json!(grammar));
        }
        OneOf::Regex => {
            let literals: Vec<_> = texts.iter().map(|text| escaped(text)).collect();
            body.insert("regex".into(), json!(format!("({})", literals.join("|"))));
        }
    }
}

/// Text that a regular expression takes as it is.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
