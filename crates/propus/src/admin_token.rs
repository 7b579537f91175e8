//! The administrator's token: of the environment, or of a file that only its owner reads.

use anyhow::{Context, bail};
use std::{
    env, fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The variable that goes before the file.
const VARIABLE: &str = "PROPUS_ADMIN_TOKEN";

/// The file's name in the data folder.
const FILE: &str = "admin.token";

/// The fewest letters of a chosen token.
const SHORTEST: usize = 16;

/// The token, made where there is none yet.
pub fn made(folder: &Path) -> anyhow::Result<String> {
    if let Some(token) = kept(folder)? {
        return Ok(token);
    }
    let path = folder.join(FILE);
    let shown = path.display();
    let token = propus_server::accounts::random_token();
    let mut file = fs::OpenOptions::new();
    file.write(true).create_new(true).mode(0o600);
    file.open(&path)
        .and_then(|mut file| writeln!(file, "{token}"))
        .with_context(|| format!("cannot write the admin token to `{shown}`"))?;
    tracing::info!("the admin API's token is in {shown}");
    Ok(token)
}

/// The token, where there is one.
pub fn kept(folder: &Path) -> anyhow::Result<Option<String>> {
    if let Ok(token) = env::var(VARIABLE) {
        return fit(&token, VARIABLE).map(Some);
    }
    let path = folder.join(FILE);
    match fs::read_to_string(&path) {
        Ok(token) => fit(&token, &path.display().to_string()).map(Some),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the admin token `{}`", path.display()))
        }
    }
}

fn fit(token: &str, place: &str) -> anyhow::Result<String> {
    let token = token.trim();
    if token.len() < SHORTEST {
        bail!(
            "the admin token in {place} has fewer than {SHORTEST} letters\nhint: choose a longer one, or take it away"
        );
    }
    Ok(token.to_owned())
}
