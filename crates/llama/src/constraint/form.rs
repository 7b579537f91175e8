//! What a schema allows, without its spelling.

use serde_json::Value;
use std::collections::BTreeMap;

/// A schema with the definitions that it refers to.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    pub(crate) root: Form,
    pub(crate) definitions: BTreeMap<String, Form>,
    /// Where the schema stands in the request.
    pub(crate) path: String,
}

impl Forms {
    /// Whether all values are objects.
    pub(crate) fn is_object(&self) -> bool {
        self.is_record(&self.root, 0)
    }

    fn is_record(&self, form: &Form, depth: u32) -> bool {
        match form {
            Form::Record(_) => true,
            Form::Choice(options) => options.iter().all(|form| self.is_record(form, depth + 1)),
            Form::Ref(name) => depth < 32 && self.is_record(&self.definitions[name], depth + 1),
            _ => false,
        }
    }
}

/// The form of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    /// Anything.
    Any,
    /// Nothing is valid.
    Never,
    /// One of these values.
    Literals(Vec<Value>),
    Number(Number),
    Text(Text),
    List(List),
    Record(Record),
    /// One of these forms.
    Choice(Vec<Form>),
    /// A definition.
    Ref(String),
}

/// A number's range; ends are JSON numbers as the schema wrote them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Number {
    pub(crate) integer: bool,
    pub(crate) minimum: Option<End>,
    pub(crate) maximum: Option<End>,
    pub(crate) multiple_of: Option<serde_json::Number>,
    pub(crate) path: String,
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) value: serde_json::Number,
    pub(crate) exclusive: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    pub(crate) pattern: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) path: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List {
    /// The forms of the first items.
    pub(crate) prefix: Vec<Form>,
    /// The form of all others.
    pub(crate) items: Box<Form>,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    pub(crate) unique: bool,
    pub(crate) path: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// In the order in which they are written.
    pub(crate) properties: Vec<Property>,
    /// The form of undeclared properties that a model may write.
    pub(crate) additional: Option<Box<Form>>,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    pub(crate) path: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) required: bool,
}

impl Form {
    /// A choice without needless layers.
    pub(crate) fn choice(options: Vec<Form>) -> Form {
        let mut flat = Vec::new();
        for option in options {
            match option {
                Form::Never => {}
                Form::Choice(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        flat.dedup();
        match flat.len() {
            0 => Form::Never,
            1 => flat.remove(0),
            _ => Form::Choice(flat),
        }
    }

    pub(crate) fn null() -> Form {
        Form::Literals(vec![Value::Null])
    }

    /// The definitions that this form names itself.
    pub(crate) fn references(&self) -> Vec<&str> {
        match self {
            Form::Ref(name) => vec![name],
            Form::Choice(options) => options.iter().flat_map(Form::references).collect(),
            Form::List(list) => {
                let forms = list.prefix.iter().chain([&*list.items]);
                forms.flat_map(Form::references).collect()
            }
            Form::Record(record) => {
                let forms = record.properties.iter().map(|property| &property.form);
                let forms = forms.chain(record.additional.as_deref());
                forms.flat_map(Form::references).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What `application/json` without a schema means here.
pub(crate) fn object_or_list() -> Forms {
    let path = "generation_config.response_mime_type".to_owned();
    let record = Form::Record(Record {
        properties: Vec::new(),
        additional: Some(Box::new(Form::Any)),
        min: 0,
        max: None,
        path: path.clone(),
    });
    let list = Form::List(List {
        prefix: Vec::new(),
        items: Box::new(Form::Any),
        min: 0,
        max: None,
        unique: false,
        path: path.clone(),
    });
    Forms {
        root: Form::Choice(vec![record, list]),
        definitions: BTreeMap::new(),
        path,
    }
}
