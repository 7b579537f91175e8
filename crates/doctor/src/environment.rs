//! What the doctor is told of the machine it runs on; it reads no variable, clock or store by itself.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// The machine, as far as the caller read it.
#[derive(Clone)]
pub struct Environment {
    /// The variables of the process; they need not be UTF-8.
    pub variables: Vec<(OsString, OsString)>,
    /// Where `.env`, `package.json` and `go.mod` are looked for; from there upwards, as `npm` and
    /// `go` do.
    pub folder: PathBuf,
    /// What the machine's clock says.
    pub now: SystemTime,
    /// The certificate authorities of the system's store, in DER, as `rustls-native-certs` reads
    /// them. Go, curl and google-genai 3 for Python trust these.
    pub authorities: Vec<Vec<u8>>,
}

/// What the caller wants examined.
#[derive(Clone)]
pub struct Settings {
    /// In place of `GOOGLE_GEMINI_BASE_URL` and of Google's own address.
    pub base_url: Option<String>,
    /// The model; without it one of the list is taken.
    pub model: Option<String>,
    /// The longest that one probe may take.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            model: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// The values of variables stay out of it.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("Environment")
            .field("variables", &names)
            .field("folder", &self.folder)
            .field("now", &self.now)
            .field("authorities", &self.authorities.len())
            .finish()
    }
}

/// The base URL, which may hold a key, stays out of it.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("model", &self.model)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// A variable's value, if it is set, whatever is in it.
    pub(crate) fn raw(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// A variable's value without spaces around it; what is empty or not UTF-8 counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let value = self.raw(name)?.to_str()?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The first of these variables that has a value, and its name.
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        let mut found = names
            .iter()
            .filter_map(|name| Some((*name, self.text(name)?)));
        found.next()
    }

    /// Whether a variable says yes: `true` or `1`, as Google's SDKs read it.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        let value = self.text(name).unwrap_or_default();
        value == "1" || value.eq_ignore_ascii_case("true")
    }
}
