//! The path of a call under another model, method or version.

use propus_client::transport::segment;
use propus_wire::Version;

/// The path with another model in place of the one it names; none where the path names none.
///
/// ```
/// use propus_engines::google::path;
///
/// let path = path::of_model("/v1beta/models/a:generateContent", "b/c");
/// assert_eq!(path.as_deref(), Some("/v1beta/models/b%2Fc:generateContent"));
/// ```
pub fn of_model(path: &str, model: &str) -> Option<String> {
    let (head, rest) = path.split_once("/models/")?;
    let name = segment(model)?;
    let method = method_at(rest).map_or("", |at| &rest[at..]);
    Some(format!("{head}/models/{name}{method}"))
}

/// The path with another method in place of the one it names; none where it names none.
pub fn of_method(path: &str, method: &str) -> Option<String> {
    let last = path.rfind('/')? + 1;
    let at = last + method_at(&path[last..])?;
    Some(format!("{}:{method}", &path[..at]))
}

/// The path in the other version of the API; none where it has neither.
pub fn of_other_version(path: &str) -> Option<String> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    let other = match Version::from_segment(version)? {
        Version::V1 => "v1beta",
        Version::V1Beta => "v1",
    };
    Some(format!("/{other}/{rest}"))
}

/// Where the method begins with its colon, which clients encode at times.
fn method_at(segment: &str) -> Option<usize> {
    let encoded = segment.rfind("%3A").max(segment.rfind("%3a"));
    segment.rfind(':').max(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_part_changes() {
        let path = "/v1beta/models/a%3AgenerateContent";
        assert_eq!(
            of_model(path, "b").unwrap(),
            "/v1beta/models/b%3AgenerateContent"
        );
        assert_eq!(of_model("/v1/models/a", "b").unwrap(), "/v1/models/b");
        assert_eq!(of_model("/v1/files", "b"), None);
        assert_eq!(of_model(path, ".."), None);
        assert_eq!(
            of_method(path, "countTokens").unwrap(),
            "/v1beta/models/a:countTokens"
        );
        assert_eq!(of_method("/v1/models/a", "x"), None);
        assert_eq!(
            of_other_version(path).unwrap(),
            "/v1/models/a%3AgenerateContent"
        );
        assert_eq!(of_other_version("/v1/x").unwrap(), "/v1beta/x");
        assert_eq!(of_other_version("/upload/v1/x"), None);
    }
}
