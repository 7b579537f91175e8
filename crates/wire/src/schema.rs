//! Google's schema form: a subset of OpenAPI 3.0 with upper-case types.

use indexmap::IndexMap;
use serde_json::Value;

crate::message! {
    /// The form of a value.
    pub struct Schema {
        /// Its type.
        r#type: Option<Type>;
        /// A refinement such as `int32` or `date-time`.
        format: Option<String>;
        /// A short name.
        title: Option<String>;
        /// What it is, for the model.
        description: Option<String>;
        /// Whether `null` is allowed too.
        nullable: Option<bool>;
        /// The allowed texts.
        r#enum: Vec<String>;
        /// The form of a list's items.
        items: Option<Box<Schema>>;
        /// Most items of a list.
        max_items: Option<i64>;
        /// Fewest items of a list.
        min_items: Option<i64>;
        /// An object's properties.
        properties: IndexMap<String, Schema>;
        /// Properties that must be there.
        required: Vec<String>;
        /// Fewest properties.
        min_properties: Option<i64>;
        /// Most properties.
        max_properties: Option<i64>;
        /// Smallest number.
        minimum: Option<f64>;
        /// Largest number.
        maximum: Option<f64>;
        /// Shortest text.
        min_length: Option<i64>;
        /// Longest text.
        max_length: Option<i64>;
        /// A regular expression for text.
        pattern: Option<String>;
        /// An example.
        example: Option<Value>;
        /// One of these forms.
        any_of: Vec<Schema>;
        /// In which order properties are written.
        property_ordering: Vec<String>;
        /// The value that is meant when there is none; not enforced.
        default: Option<Value>;
    }
}

crate::open_enum! {
    /// Types of values.
    pub enum Type = "Type" {
        /// Never sent.
        Unspecified = "TYPE_UNSPECIFIED" 0,
        /// Text.
        String = "STRING" 1,
        /// A number.
        Number = "NUMBER" 2,
        /// A whole number.
        Integer = "INTEGER" 3,
        /// True or false.
        Boolean = "BOOLEAN" 4,
        /// A list.
        Array = "ARRAY" 5,
        /// An object.
        Object = "OBJECT" 6,
        /// Nothing.
        Null = "NULL" 7,
    }
}
