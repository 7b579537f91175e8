//! One value of a GGUF file's metadata.

/// A value of the metadata.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    String(String),
    Array(Array),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// A list of values of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// GGUF's number of the elements' type.
    pub element_type: u32,
    /// How many elements the file holds.
    pub length: u64,
    /// The elements; empty when there are more than [`Array::KEPT`].
    pub values: Vec<Value>,
}

impl Array {
    /// Longer arrays are skipped when a file is read: a vocabulary of 262,144 tokens is of no use to a reader of heads.
    pub const KEPT: u64 = 1024;
}

impl Value {
    /// GGUF's number of the type.
    pub fn type_number(&self) -> u32 {
        match self {
            Value::U8(_) => 0,
            Value::I8(_) => 1,
            Value::U16(_) => 2,
            Value::I16(_) => 3,
            Value::U32(_) => 4,
            Value::I32(_) => 5,
            Value::F32(_) => 6,
            Value::Bool(_) => 7,
            Value::String(_) => 8,
            Value::Array(_) => 9,
            Value::U64(_) => 10,
            Value::I64(_) => 11,
            Value::F64(_) => 12,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Value::U8(n) => Some(n.into()),
            Value::U16(n) => Some(n.into()),
            Value::U32(n) => Some(n.into()),
            Value::U64(n) => Some(n),
            Value::I8(n) => n.try_into().ok(),
            Value::I16(n) => n.try_into().ok(),
            Value::I32(n) => n.try_into().ok(),
            Value::I64(n) => n.try_into().ok(),
            _ => None,
        }
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::U32(number)
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Value::F32(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        array(8, texts.into_iter().map(Value::String).collect())
    }
}

impl From<Vec<i32>> for Value {
    fn from(numbers: Vec<i32>) -> Self {
        array(5, numbers.into_iter().map(Value::I32).collect())
    }
}

fn array(element_type: u32, values: Vec<Value>) -> Value {
    Value::Array(Array {
        element_type,
        length: values.len() as u64,
        values,
    })
}
