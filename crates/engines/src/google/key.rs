//! Keys of an upstream, and whose they are. They are never shown.

use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// A key of an upstream. Its secret shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    secret: Option<String>,
    /// The project that it belongs to: its quotas are counted together.
    pub project: String,
    /// The billing account that the project belongs to.
    pub account: String,
    /// Whether nobody has named the project.
    is_alone: bool,
}

impl Key {
    /// A key; without a secret it stands for the caller's own.
    pub fn new(secret: Option<String>, project: String, account: String) -> Self {
        Self {
            secret,
            project,
            account,
            is_alone: false,
        }
    }

    /// The same key, of a project that nobody has named.
    pub(super) fn alone(self, is_alone: bool) -> Self {
        Self { is_alone, ..self }
    }

    /// What the key's project is called among several servers: by its name, or by a hash of the key where
    /// it has none. It tells nobody the key.
    pub fn project_among_servers(&self) -> String {
        match self.is_alone {
            true => format!("key {}", self.fingerprint()),
            false => format!("project {}", self.project),
        }
    }

    /// Tells the key from others, and tells nobody the key: 64 bits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.secret.as_deref().unwrap_or_default());
        digest.iter().take(8).fold(String::new(), |mut hex, byte| {
            // Writing to a text cannot fail.
            _ = write!(hex, "{byte:02x}");
            hex
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_show() {
        let key = Key::new(Some("a-secret-of-mine".into()), "p".into(), "a".into());
        assert!(!format!("{key:?}").contains("secret"));
    }

    #[test]
    fn a_key_is_known_among_servers_without_being_told() {
        let key = |secret: &str, is_alone| {
            Key::new(Some(secret.into()), "p".into(), "a".into()).alone(is_alone)
        };
        let [one, other] = ["one", "other"].map(|secret| key(secret, true).project_among_servers());
        assert_ne!(one, other);
        // The beginning of what `printf one | sha256sum` says.
        assert_eq!(one, "key 7692c3ad3540bb80");
        assert_eq!(key("one", false).project_among_servers(), "project p");
    }
}
