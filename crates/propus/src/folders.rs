//! Where things are kept when nobody says otherwise.

use anyhow::{Context, bail};
use std::{env, fs, path::PathBuf};

/// Keys and state: `$XDG_DATA_HOME/propus`, mostly `~/.local/share/propus`.
pub fn data(chosen: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    made(data_path(chosen)?, "--data-dir")
}

/// The same, without making it.
pub fn data_path(chosen: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let default = || dirs::data_dir().map(|folder| folder.join("propus"));
    match chosen.or_else(default) {
        Some(folder) => Ok(folder),
        None => {
            bail!("there is no home folder to keep keys in\nhint: name a folder with --data-dir")
        }
    }
}

/// Models: `$PROPUS_MODELS_DIR`, or `$XDG_CACHE_HOME/propus/models`, mostly
/// `~/.cache/propus/models`.
pub fn models(chosen: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let chosen = chosen.or_else(|| env::var_os("PROPUS_MODELS_DIR").map(PathBuf::from));
    let default = || dirs::cache_dir().map(|folder| folder.join("propus/models"));
    let Some(folder) = chosen.or_else(default) else {
        bail!("there is no home folder to keep models in\nhint: set PROPUS_MODELS_DIR");
    };
    made(folder, "PROPUS_MODELS_DIR")
}

fn made(folder: PathBuf, chosen_by: &str) -> anyhow::Result<PathBuf> {
    let shown = folder.display();
    fs::create_dir_all(&folder)
        .and_then(|()| tempfile::tempfile_in(&folder).map(drop))
        .with_context(|| {
            format!("cannot write to the folder `{shown}`\nhint: choose another with {chosen_by}")
        })?;
    Ok(folder)
}
