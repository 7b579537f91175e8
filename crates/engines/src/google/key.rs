//! Keys of an upstream, and whose they are. They are never shown.

use std::fmt;

/// A key of an upstream. Its secret shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    secret: Option<String>,
    /// The project that it belongs to: its quotas are counted together.
    pub project: String,
    /// The billing account that the project belongs to.
    pub account: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_show() {
        let key = Key::new(Some("a-secret-of-mine".into()), "p".into(), "a".into());
        assert!(!format!("{key:?}").contains("secret"));
    }
}
