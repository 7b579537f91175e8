//! Files that a request refers to. None are kept here yet, so each reference is to a missing one.

use propus_failures::{
    Problem, cards::Profile, content::file_not_found_or_expired::FileNotFoundOrExpired,
};
use propus_wire::generate::GenerateContentRequest;

/// Finds every file of the File API that a request names.
pub fn find(request: &GenerateContentRequest, profile: Profile) -> Result<(), Problem> {
    let turns = request.system_instruction.iter().chain(&request.contents);
    let mut named = turns.flat_map(|turn| &turn.parts).filter_map(|part| {
        let uri = part.file_data.as_ref()?.file_uri.as_deref()?;
        file_id(uri)
    });
    match named.next() {
        Some(id) => Err(FileNotFoundOrExpired { id: id.into() }.said(profile)),
        None => Ok(()),
    }
}

/// The id in `files/ID` or `https://.../v1beta/files/ID`.
fn file_id(uri: &str) -> Option<&str> {
    let (_, id) = uri
        .strip_prefix("files/")
        .map(|id| ("", id))
        .or_else(|| uri.rsplit_once("/files/"))?;
    Some(id).filter(|id| !id.is_empty() && !id.contains('/'))
}
