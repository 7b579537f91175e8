//! The query of a URL: Google's common parameters and the method's own.

use propus_failures::{
    Problem,
    request::{unknown_field::UnknownField, wrong_enum_or_type::WrongEnumOrType},
};
use propus_wire::{
    path,
    status::{Code, Detail, FieldViolation, Status},
};

/// What a query says about the reply's form, and the rest by name.
#[derive(Debug)]
pub struct Query {
    /// `alt=sse`
    pub events: bool,
    /// `$alt=json;enum-encoding=int`
    pub integer_enums: bool,
    /// Indented JSON; `prettyPrint=false` turns it off.
    pub pretty: bool,
    /// `pageSize`
    pub page_size: Option<String>,
    /// `pageToken`
    pub page_token: Option<String>,
}

/// Parameters that every method of Google's APIs takes and that change nothing here.
const COMMON: [&str; 11] = [
    "key",
    "access_token",
    "oauth_token",
    "quotaUser",
    "fields",
    "callback",
    "uploadType",
    "upload_protocol",
    "$.xgafv",
    "$key",
    "$prettyPrint",
];

impl Query {
    /// Reads a query; a name that nothing knows is refused with Google's words.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut query = Self {
            events: false,
            integer_enums: false,
            pretty: true,
            page_size: None,
            page_token: None,
        };
        let mut unknown = Vec::new();
        for (name, value) in path::query(text) {
            match name.as_ref() {
                "alt" | "$alt" => query.read_alt(&value),
                "prettyPrint" => query.pretty = value != "false" && value != "0",
                "pageSize" | "page_size" => query.page_size = Some(value.into_owned()),
                "pageToken" | "page_token" => query.page_token = Some(value.into_owned()),
                common if COMMON.contains(&common) => {}
                other => unknown.push(other.to_owned()),
            }
        }
        if unknown.is_empty() {
            Ok(query)
        } else {
            Err(unknown_names(&unknown))
        }
    }

    fn read_alt(&mut self, value: &str) {
        for word in value.split(';') {
            match word.trim() {
                "sse" => self.events = true,
                "enum-encoding=int" => self.integer_enums = true,
                _ => {}
            }
        }
    }
}

fn unknown_names(names: &[String]) -> Problem {
    let line = |name: &String| {
        format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. \
             Field '{name}' could not be found in request message."
        )
    };
    let status = bad_request(names.iter().map(line).collect());
    UnknownField { status }.into()
}

/// The problem of a query parameter with a value of another type.
pub fn wrong_type(name: &str, kind: &str, value: &str) -> Problem {
    let line = format!("Invalid value at '{name}' ({kind}), \"{value}\"");
    let status = bad_request(vec![line]);
    WrongEnumOrType { status }.into()
}

fn bad_request(lines: Vec<String>) -> Status {
    let message = lines.join("\n");
    let violation = |description| FieldViolation {
        field: None,
        description,
    };
    let field_violations = lines.into_iter().map(violation).collect();
    Status::new(Code::InvalidArgument, message).with(Detail::BadRequest { field_violations })
}
