//! Keys of an upstream: where they are read from, and whose they are. They are never shown.

use std::{fmt, fs, process::Command};
use thiserror::Error;

/// A key of an upstream. Its secret shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    secret: Option<String>,
    /// The project that it belongs to: its quotas are counted together.
    pub project: String,
    /// The billing account that the project belongs to.
    pub account: String,
}

/// Why a key cannot be had. What it says names the source, never the secret.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error(
        "the key `env:{0}` is not there: the variable is not set or empty\nhint: export {0}=... before the start"
    )]
    Variable(String),
    /// The file cannot be read.
    #[error("the key `file:{0}` cannot be read: {1}")]
    File(String, String),
    /// The command failed.
    #[error("the key `cmd:{0}` cannot be had: {1}")]
    Command(String, String),
    /// There is nothing in it, or a line break within it.
    #[error("the key of `{0}` is empty or has characters that a header cannot carry")]
    Unfit(String),
}

impl Key {
    /// A key; without a secret it stands for the caller's own.
    pub fn new(secret: Option<String>, project: String, account: String) -> Self {
        Self {
            secret,
            project,
            account,
        }
    }

    /// The secret itself.
    pub(super) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Whether it stands for the caller's own key.
    pub fn is_callers(&self) -> bool {
        self.secret.is_none()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("project", &self.project)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Reads a secret from where its text says: `env:NAME`, `file:PATH`, `cmd:COMMAND`, or the text itself.
pub(super) fn read(text: &str) -> Result<String, SecretError> {
    let (source, secret) = match text.split_once(':') {
        Some(("env", name)) => (text, of_variable(name)?),
        Some(("file", path)) => (text, of_file(path)?),
        Some(("cmd", command)) => (text, of_command(command)?),
        _ => ("api_key", text.to_owned()),
    };
    let secret = secret.trim();
    let fits = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
    match fits {
        true => Ok(secret.to_owned()),
        false => Err(SecretError::Unfit(source.to_owned())),
    }
}

fn of_variable(name: &str) -> Result<String, SecretError> {
    let set = std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty());
    set.ok_or_else(|| SecretError::Variable(name.to_owned()))
}

fn of_file(path: &str) -> Result<String, SecretError> {
    fs::read_to_string(path).map_err(|error| SecretError::File(path.into(), error.to_string()))
}

/// What a command of the shell writes. What it says on its error output is not repeated: it may hold
/// the secret.
fn of_command(command: &str) -> Result<String, SecretError> {
    let failed = |why: String| SecretError::Command(command.to_owned(), why);
    let output = Command::new("sh").args(["-c", command]).output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("it ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it wrote no text".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_from_where_they_are() {
        let file = std::env::temp_dir().join(format!("propus-key-{}", std::process::id()));
        fs::write(&file, "of-a-file\n").unwrap();
        let read_file = read(&format!("file:{}", file.display()));
        fs::remove_file(&file).unwrap();
        assert_eq!(read_file.unwrap(), "of-a-file");
        assert_eq!(read("cmd:echo of-a-command").unwrap(), "of-a-command");
        assert_eq!(read("AQ.literal").unwrap(), "AQ.literal");
        assert!(!read("env:PATH").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_there_is_named() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        check(
            "env:PROPUS_NO_SUCH_KEY",
            "`env:PROPUS_NO_SUCH_KEY` is not there",
        );
        check("file:/no/such/file", "`file:/no/such/file` cannot be read");
        check("cmd:exit 3", "it ended with exit status: 3");
        check("cmd:true", "the key of `cmd:true` is empty");
        check("", "the key of `api_key` is empty");
    }

    #[test]
    fn a_key_does_not_show() {
        let key = Key::new(Some("a-secret-of-mine".into()), "p".into(), "a".into());
        assert!(!format!("{key:?}").contains("secret"));
    }
}
