//! The model folder: what is in it, and how models get there.
//!
//! A model is one GGUF file, `NAME.gguf`, with a manifest `NAME.json` beside it when it was pulled. Files that were
//! put there by hand are listed as well. Work in progress lives in `.pull/`; a file under its final name is always
//! whole.

mod catalogue;
mod error;
mod hub;
mod manifest;
mod pip;
mod pull;
mod source;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use catalogue::{CatalogueRow, DEFAULT_EMBEDDER, DEFAULT_MODEL, Origin, Target, catalogue};
pub use error::StoreError;
pub use manifest::Original;
pub use pip::PipCommand;
pub use pull::{Phase, Progress, PullOptions, Requantise};
pub use source::PullSource;

use crate::gguf::Gguf;
use manifest::Manifest;

/// The folder of models.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// It writes text.
    Generate,
    /// It makes vectors.
    Embed,
}

/// A model on the disk, by what its file and its manifest say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredModel {
    /// The name it goes by: the file's, without `.gguf`, tidied.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What it is for.
    pub kind: ModelKind,
    /// llama.cpp's name of its architecture.
    pub architecture: String,
    /// The number of its weights.
    pub parameters: u64,
    /// How they are stored, such as `Q8_0`.
    pub quantisation: String,
    /// The size of the file.
    pub size_bytes: u64,
    /// The tokens that it attends to at most.
    pub context_tokens: u64,
    /// The numbers in one embedding.
    pub embedding_length: u64,
    /// Where it was pulled from; none for a file put there by hand.
    pub source: Option<String>,
    /// The checksum of the file as it was stored.
    pub sha256: Option<String>,
    /// Its licence, by the manifest or the file itself.
    pub license: Option<String>,
    /// When it was pulled, in RFC 3339.
    pub pulled_at: Option<String>,
    /// The file as published, when it was converted or re-quantised at pull.
    pub original: Option<Original>,
}

/// What a look into the folder found.
#[derive(Debug, Default)]
pub struct Listing {
    /// The models, by name.
    pub models: Vec<StoredModel>,
    /// Files that end in `.gguf` and cannot be used.
    pub broken: Vec<StoreError>,
}

impl Store {
    /// Opens the folder, and makes it if it is not there.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Store, StoreError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|source| StoreError::io(&folder, source))?;
        Ok(Store { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The models in the folder, by name.
    pub fn list(&self) -> Result<Vec<StoredModel>, StoreError> {
        Ok(self.look()?.models)
    }

    /// The models in the folder, and the files that should be models and are not.
    pub fn look(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        for path in self.files()? {
            match describe(&path) {
                Ok(model) => listing.models.push(model),
                Err(problem) => listing.broken.push(problem),
            }
        }
        Ok(listing)
    }

    /// A model by its name, or by the path of a GGUF file anywhere.
    pub fn find(&self, name_or_path: &str) -> Result<StoredModel, StoreError> {
        let files = self.files()?;
        if let Some(path) = files.iter().find(|path| name_of(path) == name_or_path) {
            return describe(path);
        }
        let path = Path::new(name_or_path);
        if path.is_file() {
            return describe(path);
        }
        let names: Vec<String> = files.iter().map(|path| name_of(path)).collect();
        Err(StoreError::NotFound {
            name: name_or_path.to_owned(),
            nearest: nearest_names(name_or_path, names.iter().map(String::as_str)),
            known: catalogue().iter().any(|row| row.name == name_or_path),
        })
    }

    /// Removes a model of the folder, and answers what it was.
    pub fn remove(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.files()?.into_iter().find(|path| name_of(path) == name);
        let Some(path) = path else {
            let names: Vec<String> = self.files()?.iter().map(|path| name_of(path)).collect();
            let nearest = nearest_names(name, names.iter().map(String::as_str));
            return Err(StoreError::NotFound {
                name: name.to_owned(),
                nearest,
                known: false,
            });
        };
        fs::remove_file(&path).map_err(|source| StoreError::io(&path, source))?;
        let manifest = path.with_extension("json");
        match fs::remove_file(&manifest) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io(&manifest, source))
            }
            _ => Ok(path),
        }
    }

    /// Compares a pulled model with the checksum in its manifest. A file put there by hand has none and passes.
    pub fn verify(&self, name: &str) -> Result<StoredModel, StoreError> {
        let model = self.find(name)?;
        if let Some(expected) = &model.sha256 {
            check_sha256(&model.path, expected)?;
        }
        Ok(model)
    }

    /// Where a model of this name is stored.
    fn file_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.gguf"))
    }

    /// The GGUF files of the folder, by name.
    fn files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let failed = |source| StoreError::io(&self.folder, source);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden && path.extension().is_some_and(|ending| ending == "gguf") && path.is_file()
            {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}

fn describe(path: &Path) -> Result<StoredModel, StoreError> {
    let gguf = Gguf::read(path).map_err(|source| StoreError::unreadable(path, source))?;
    let manifest = Manifest::beside(path, gguf.file_size);
    let from_manifest =
        |field: fn(&Manifest) -> &String| manifest.as_ref().map(|m| field(m).clone());
    let license = manifest.as_ref().and_then(|m| m.license.clone());
    Ok(StoredModel {
        name: name_of(path),
        path: path.to_owned(),
        kind: if gguf.is_embedder() {
            ModelKind::Embed
        } else {
            ModelKind::Generate
        },
        architecture: gguf.architecture().unwrap_or_default().to_owned(),
        parameters: gguf.parameters(),
        quantisation: gguf.quantisation(),
        size_bytes: gguf.file_size,
        context_tokens: gguf.context_length().unwrap_or_default(),
        embedding_length: gguf.embedding_length().unwrap_or_default(),
        source: from_manifest(|m| &m.source),
        sha256: from_manifest(|m| &m.sha256),
        license: license.or_else(|| gguf.license().map(str::to_owned)),
        pulled_at: from_manifest(|m| &m.pulled_at),
        original: manifest.and_then(|m| m.original),
    })
}

/// The name that a file goes by.
fn name_of(path: &Path) -> String {
    tidy_name(&path.file_stem().unwrap_or_default().to_string_lossy())
}

/// Lower case, and dashes for all that is neither a letter, a digit, `_` nor a dot within.
fn tidy_name(text: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || "_.".contains(c) {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    text.chars()
        .map(keep)
        .collect::<String>()
        .trim_matches(['-', '.'])
        .to_owned()
}

/// The names that read most like another, best first.
fn nearest_names<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = known
        .map(|candidate| {
            let contained = candidate.contains(name) || name.contains(candidate);
            (
                if contained {
                    1.0
                } else {
                    strsim::jaro_winkler(name, candidate)
                },
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// The SHA-256 of a file, in hexadecimal.
fn sha256_of(path: &Path) -> Result<String, StoreError> {
    let mut hasher = Sha256::new();
    let hashed = fs::File::open(path).and_then(|mut file| io::copy(&mut file, &mut hasher));
    hashed.map_err(|source| StoreError::io(path, source))?;
    Ok(format!("{:x}", hasher.finalize()))
}

fn check_sha256(path: &Path, expected: &str) -> Result<(), StoreError> {
    let actual = sha256_of(path)?;
    if actual == expected.to_ascii_lowercase() {
        return Ok(());
    }
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Err(StoreError::Checksum {
        file,
        expected: expected.to_owned(),
        actual,
    })
}
