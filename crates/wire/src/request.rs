//! Reading a request: one typed parse when all is well, and Google's own words when it is not.

mod canonical;
mod syntax;
mod values;
mod violations;
mod walk;

pub use violations::{Fault, FaultKind, Violations};

use crate::{Message, Mode, Surface, Version};

/// Reads the body of a request.
///
/// The good path is one typed parse. Only a body that it refuses is read again, by Google's rules:
/// that second walk either says all that is wrong, or finds a body which Google accepts although it
/// is not strictly JSON (a trailing comma, `'single quotes'`, a key without quotes) and reads it.
///
/// The two readers differ in one point: objects and lists may nest 100 deep for Google, and 127
/// deep for the typed parse. A body in between that is good otherwise is read.
///
/// ```
/// use propus_wire::{Surface, Version, generate::GenerateContentRequest, request, status::Status};
///
/// let read = |body: &str| {
///     request::read::<GenerateContentRequest>(body.as_bytes(), Surface::Modern, Version::V1Beta)
/// };
/// assert_eq!(read("{contents: ['a', ]}").map_err(Status::from).unwrap_err().message,
///     "Invalid value at 'contents[0]' (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), \"a\"");
/// assert!(read("{contents: {parts: {text: 'hi'}}, }").is_ok());
/// ```
pub fn read<T: Message>(json: &[u8], surface: Surface, version: Version) -> Result<T, Violations> {
    if json.is_empty() {
        return Ok(T::default());
    }
    let mode = Mode::Strict(surface);
    T::from_json(json, mode).or_else(|_| read_again(json, mode, version))
}

fn read_again<T: Message>(json: &[u8], mode: Mode, version: Version) -> Result<T, Violations> {
    let canonical = walk::check(json, T::descriptor(), mode, version)?;
    T::from_json(canonical.as_bytes(), mode).map_err(|_| Violations::Unexplained)
}

#[cfg(test)]
mod tests;
