//! What a model is asked: a text, parts, a turn or a whole conversation.

use propus_wire::{
    files::File,
    generate::{Content, Part},
};

/// A prompt. It is made of a text, of [parts](Part), of an uploaded [file](File), of a turn or of a
/// whole conversation.
///
/// ```
/// use propus_client::{Contents, wire::generate::{Content, Part}};
///
/// let question = Contents::from("Why is the sky blue?");
/// let picture = vec![1, 2, 3];
/// let with_picture = Contents::from([Part::text("What is this?"), Part::inline("image/png", picture)]);
/// let turns = Contents::from(vec![
///     Content::text("user", "I am Ada."),
///     Content::text("model", "Hello, Ada."),
///     Content::text("user", "Who am I?"),
/// ]);
/// assert_eq!(turns.0.len(), 3);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents(pub Vec<Content>);

impl From<&str> for Contents {
    fn from(text: &str) -> Self {
        Part::text(text).into()
    }
}

impl From<String> for Contents {
    fn from(text: String) -> Self {
        Part::text(text).into()
    }
}

impl From<&String> for Contents {
    fn from(text: &String) -> Self {
        Part::text(text).into()
    }
}

impl From<Part> for Contents {
    fn from(part: Part) -> Self {
        vec![part].into()
    }
}

impl From<&File> for Contents {
    fn from(file: &File) -> Self {
        Part::from(file).into()
    }
}

impl From<Vec<Part>> for Contents {
    fn from(parts: Vec<Part>) -> Self {
        let role = Some("user".into());
        Content { parts, role }.into()
    }
}

impl<const N: usize> From<[Part; N]> for Contents {
    fn from(parts: [Part; N]) -> Self {
        Vec::from(parts).into()
    }
}

impl From<Content> for Contents {
    fn from(content: Content) -> Self {
        Self(vec![content])
    }
}

impl From<Vec<Content>> for Contents {
    fn from(contents: Vec<Content>) -> Self {
        Self(contents)
    }
}

impl From<&[Content]> for Contents {
    fn from(contents: &[Content]) -> Self {
        Self(contents.to_vec())
    }
}
