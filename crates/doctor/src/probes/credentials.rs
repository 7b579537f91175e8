//! `key`: which variables hold a key, which of them counts, and what their values look like.

use crate::{
    Environment, Probe,
    key::{self, Flaw, Judged, Kind},
};
use http::HeaderValue;
use std::{ffi::OsStr, path::Path};

const NAME: &str = "key";

/// The variables that Google's SDKs read: google-genai for Python, JavaScript and Go takes
/// `GOOGLE_API_KEY` first.
const READ: [&str; 2] = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];

/// Variables of other libraries, which Google's SDKs do not read.
const NOT_READ: [(&str, &str); 6] = [
    (
        "GOOGLE_GENERATIVE_AI_API_KEY",
        "which the Vercel AI SDK reads",
    ),
    ("GOOGLE_GENAI_API_KEY", "which Genkit reads"),
    ("GOOGLE_AI_API_KEY", "which Google's SDKs do not read"),
    ("GENAI_API_KEY", "which Google's SDKs do not read"),
    ("GEMINI_KEY", "which Google's SDKs do not read"),
    ("PALM_API_KEY", "which belongs to the API before Gemini"),
];

/// Beginnings of variables that web frameworks compile into the page that everybody downloads.
const PUBLIC: [&str; 7] = [
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "EXPO_PUBLIC_",
    "NUXT_PUBLIC_",
    "GATSBY_",
    "PUBLIC_",
];

/// What was found, and the key that is sent from here on.
pub(crate) struct Credentials {
    pub(crate) probes: Vec<Probe>,
    pub(crate) key: Option<String>,
    /// Why nothing is sent to Google's server without it.
    pub(crate) because: &'static str,
}

/// Looks at the variables. Google's server wants a key of Google's; another server may take any, or
/// none.
pub(crate) fn probe(environment: &Environment, google: bool) -> Credentials {
    let set: Vec<(&str, &OsStr)> = READ
        .iter()
        .filter_map(|name| Some((*name, environment.raw(name)?)))
        .collect();
    let mut probes: Vec<Probe> = set
        .iter()
        .map(|(name, value)| variable(name, value, google))
        .collect();
    probes.extend(both(environment));
    let chosen = READ.iter().find_map(|name| environment.text(name));
    let other = NOT_READ.iter().find_map(|(name, _)| environment.text(name));
    if chosen.is_none() && !set.iter().any(|(_, value)| value.to_str().is_none()) {
        probes.push(missing(environment, google));
    }
    probes.extend(exposed(environment));
    let (key, because) = match chosen.or(other) {
        None => (None, "there is no key to send"),
        Some(key) if HeaderValue::from_str(key).is_err() => (None, "the key cannot be sent"),
        // It belongs to somebody else, and is none of Google's business.
        Some(key) if google && matches!(key::judge(key).kind, Kind::Foreign(_)) => {
            (None, "what is set is no key of this API")
        }
        Some(key) => (Some(key.to_owned()), ""),
    };
    Credentials {
        probes,
        key,
        because,
    }
}

fn tried(name: &str) -> String {
    format!("the form of {name}")
}

/// One variable that is set.
fn variable(name: &str, value: &OsStr, google: bool) -> Probe {
    let tried = tried(name);
    let Some(text) = value.to_str() else {
        return Probe::fail(
            NAME,
            &tried,
            format!("{name} is set to bytes that are no UTF-8 text"),
        )
        .advise("set it again, as plain text")
        .is("invalid-api-key");
    };
    if text.trim().is_empty() {
        return Probe::warn(NAME, &tried, format!("{name} is set and empty"))
            .advise(format!("set {name} to a key, or unset it"));
    }
    let judged = key::judge(text);
    let seen = format!("{name} is set ({})", judged.words());
    let probe = match grade(&judged, text, google) {
        Grade::Fine => return Probe::ok(NAME, &tried, seen),
        Grade::Odd => Probe::warn(NAME, &tried, seen),
        Grade::Wrong => Probe::fail(NAME, &tried, seen),
    };
    let probe = judged.advice().into_iter().fold(probe, Probe::advise);
    match probe.failed() {
        true => probe.is("invalid-api-key"),
        false => probe,
    }
}

enum Grade {
    Fine,
    Odd,
    Wrong,
}

fn grade(judged: &Judged, text: &str, google: bool) -> Grade {
    if HeaderValue::from_str(text.trim()).is_err() {
        return Grade::Wrong;
    }
    let around = |flaw: &Flaw| matches!(flaw, Flaw::Spaces | Flaw::LineBreak);
    match (judged.is_wrong(), google) {
        (true, true) => Grade::Wrong,
        (true, false) => Grade::Odd,
        // Another server gives out keys of its own form.
        (false, true) if judged.kind == Kind::Unknown => Grade::Odd,
        _ if judged.flaws.iter().any(around) => Grade::Odd,
        _ => Grade::Fine,
    }
}

/// Both variables are set.
fn both(environment: &Environment) -> Option<Probe> {
    let [google, gemini] = READ.map(|name| environment.text(name));
    let (google, gemini) = (google?, gemini?);
    let tried = "whether GOOGLE_API_KEY and GEMINI_API_KEY agree";
    Some(match google == gemini {
        true => Probe::ok(NAME, tried, "GOOGLE_API_KEY and GEMINI_API_KEY are the same"),
        false => Probe::warn(
            NAME,
            tried,
            "GOOGLE_API_KEY and GEMINI_API_KEY differ; google-genai uses GOOGLE_API_KEY, in Python, \
             JavaScript and Go",
        )
        .advise("unset the one you do not mean"),
    })
}

/// No variable that the SDKs read has a value.
fn missing(environment: &Environment, google: bool) -> Probe {
    let tried = "GOOGLE_API_KEY, then GEMINI_API_KEY, as Google's SDKs do";
    let seen = "neither GOOGLE_API_KEY nor GEMINI_API_KEY is set";
    if !google {
        return Probe::warn(
            NAME,
            tried,
            format!("{seen}; the calls go out without a key"),
        )
        .advise("set GEMINI_API_KEY if the server asks for a key");
    }
    let mut probe = Probe::fail(NAME, tried, seen);
    let other = NOT_READ
        .iter()
        .find(|(name, _)| environment.text(name).is_some());
    if let Some((name, whose)) = other {
        probe.seen = format!(
            "{}; {name} is set, {whose}, and the probes below use it",
            probe.seen
        );
        probe = probe.advise(format!("set GEMINI_API_KEY to the value of {name}"));
    }
    if let Some((file, name)) = in_file(&environment.folder) {
        probe.seen = format!(
            "{}; {name} stands in `{file}`, which was not loaded",
            probe.seen
        );
        probe = probe.advise(format!(
            "load `{file}` before the client is made (python-dotenv, `node --env-file={file}`), or \
             `set -a; . ./{file}` in the shell"
        ));
    }
    probe.is("missing-auth")
}

/// A file for variables that names a key.
fn in_file(folder: &Path) -> Option<(&'static str, &'static str)> {
    let mut files = [".env", ".env.local"].into_iter();
    files.find_map(|file| {
        let text = super::sdks::small_file(&folder.join(file))?;
        let mut names = text.lines().filter_map(|line| {
            let (name, value) = line.trim().split_once('=')?;
            let name = name.trim_start_matches("export ").trim();
            let known = READ.iter().find(|known| **known == name)?;
            (!value.trim().is_empty()).then_some(*known)
        });
        names.next().map(|name| (file, name))
    })
}

/// Keys in variables that end up in web pages.
fn exposed(environment: &Environment) -> Option<Probe> {
    let names: Vec<String> = environment
        .variables
        .iter()
        .filter(|(_, value)| {
            let judged = value.to_str().map(key::judge);
            judged.is_some_and(|judged| judged.kind.is_key())
        })
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| PUBLIC.iter().any(|beginning| name.starts_with(beginning)))
        .collect();
    (!names.is_empty()).then(|| {
        Probe::warn(
            NAME,
            "variables that web frameworks compile into pages",
            format!(
                "{} holds a key, and everybody who opens the page can read it",
                names.join(", ")
            ),
        )
        .advise("call the API from your own server, and keep the key there")
        .advise("make a new key if the page was published: Google blocks keys that leaked")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;
    use std::time::SystemTime;

    const KEY: &str = "AIzaSyA0123456789abcdefghijklmnopqrstuv";
    const OTHER: &str = "AQ.Ab8RN6abcdefghijklmn-_opqrstuvwxyz";

    fn check(variables: &[(&str, &str)], google: bool, expected: &[(State, &str)]) {
        let environment = Environment {
            variables: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            folder: "/nowhere".into(),
            now: SystemTime::UNIX_EPOCH,
            authorities: Vec::new(),
        };
        let found = probe(&environment, google).probes;
        let states: Vec<_> = found.iter().map(|probe| probe.state).collect();
        let wanted: Vec<_> = expected.iter().map(|(state, _)| *state).collect();
        assert_eq!(states, wanted, "{variables:?}: {found:?}");
        for (probe, (_, words)) in found.iter().zip(expected) {
            assert!(probe.seen.contains(words), "{variables:?}: {}", probe.seen);
        }
    }

    #[test]
    fn variables_are_judged() {
        use State::{Fail, Ok, Warn};
        check(
            &[("GEMINI_API_KEY", KEY)],
            true,
            &[(Ok, "GEMINI_API_KEY is set (AIza…, 39")],
        );
        check(
            &[("GOOGLE_API_KEY", OTHER)],
            true,
            &[(Ok, "authorization key")],
        );
        check(
            &[("GOOGLE_API_KEY", KEY), ("GEMINI_API_KEY", OTHER)],
            true,
            &[
                (Ok, "GOOGLE"),
                (Ok, "GEMINI"),
                (Warn, "differ; google-genai uses GOOGLE_API_KEY"),
            ],
        );
        check(
            &[("GOOGLE_API_KEY", KEY), ("GEMINI_API_KEY", KEY)],
            true,
            &[(Ok, "GOOGLE"), (Ok, "GEMINI"), (Ok, "the same")],
        );
        check(
            &[("GOOGLE_API_KEY", ""), ("GEMINI_API_KEY", KEY)],
            true,
            &[(Warn, "set and empty"), (Ok, "GEMINI")],
        );
        check(&[], true, &[(Fail, "neither")]);
        check(&[], false, &[(Warn, "without a key")]);
        check(
            &[("GOOGLE_GENERATIVE_AI_API_KEY", KEY)],
            true,
            &[(Fail, "Vercel")],
        );
        check(
            &[("GEMINI_API_KEY", "YOUR_API_KEY")],
            true,
            &[(Fail, "placeholder")],
        );
        check(
            &[("GEMINI_API_KEY", "YOUR_API_KEY")],
            false,
            &[(Warn, "placeholder")],
        );
        check(
            &[("GEMINI_API_KEY", &format!("{KEY}\n"))],
            true,
            &[(Warn, "line break")],
        );
        check(
            &[("GEMINI_API_KEY", &format!("'{KEY}'"))],
            true,
            &[(Fail, "quotation marks")],
        );
        check(
            &[("GEMINI_API_KEY", "key\u{7}bell")],
            false,
            &[(Fail, "control character")],
        );
        check(
            &[("GEMINI_API_KEY", KEY), ("VITE_GEMINI_API_KEY", KEY)],
            true,
            &[(Ok, ""), (Warn, "VITE_GEMINI_API_KEY")],
        );
    }

    #[test]
    fn a_file_that_was_not_loaded_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(".env"),
            format!("A=1\nexport GEMINI_API_KEY={KEY}\n"),
        )
        .unwrap();
        let environment = Environment {
            variables: Vec::new(),
            folder: folder.path().into(),
            now: SystemTime::UNIX_EPOCH,
            authorities: Vec::new(),
        };
        let found = probe(&environment, true);
        assert!(found.key.is_none());
        assert!(
            found.probes[0]
                .seen
                .contains("GEMINI_API_KEY stands in `.env`")
        );
        assert_eq!(found.probes[0].failure, Some("missing-auth"));
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_no_panic() {
        use std::os::unix::ffi::OsStringExt;
        let value = std::ffi::OsString::from_vec(b"AIza\xff\xfe".to_vec());
        let environment = Environment {
            variables: vec![
                ("GEMINI_API_KEY".into(), value.clone()),
                (value.clone(), value),
            ],
            folder: "/nowhere".into(),
            now: SystemTime::UNIX_EPOCH,
            authorities: Vec::new(),
        };
        let found = probe(&environment, true).probes;
        assert_eq!(found.len(), 1);
        assert!(found[0].failed() && found[0].seen.contains("UTF-8"));
    }
}
