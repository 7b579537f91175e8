//! `sdk`: which SDKs are installed for Python, Node and Go, and which of them are given up.

use crate::{Environment, Probe};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, task::spawn_blocking, time::timeout};

const NAME: &str = "sdk";

/// Packages that are replaced by others; Google develops them no more.
const LEGACY: [(&str, &str); 4] = [
    ("google-generativeai", "google-genai"),
    ("@google/generative-ai", "@google/genai"),
    (
        "github.com/google/generative-ai-go",
        "google.golang.org/genai",
    ),
    ("cloud.google.com/go/vertexai", "google.golang.org/genai"),
];

/// Packages that are current.
const CURRENT: [&str; 3] = ["google-genai", "@google/genai", "google.golang.org/genai"];

/// A package that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    place: String,
}

/// Asks Python for its packages, and reads `package.json`, `node_modules` and `go.mod`.
pub(crate) async fn probe(environment: &Environment, limit: Duration) -> Vec<Probe> {
    const TRIED: &str =
        "importlib.metadata of Python; package.json, node_modules and go.mod from here upwards";
    let (mut found, why) = match python(environment, limit).await {
        Ok(found) => (found, String::new()),
        Err(why) => (Vec::new(), format!(" ({why})")),
    };
    let folder = environment.folder.clone();
    let read = spawn_blocking(move || [node(&folder), go(&folder)].concat());
    // What a drive does not tell in time is not there.
    let read = timeout(limit, read)
        .await
        .unwrap_or_else(|_| Ok(Vec::new()));
    found.extend(read.unwrap_or_default());
    if found.is_empty() {
        return vec![Probe::ok(NAME, TRIED, format!("none found{why}"))];
    }
    found.iter().map(|package| judged(TRIED, package)).collect()
}

fn judged(tried: &str, package: &Package) -> Probe {
    let Package {
        name,
        version,
        place,
    } = package;
    let seen = format!("{name} {version} ({place})");
    if let Some((_, new)) = LEGACY.iter().find(|(old, _)| old == name) {
        let probe = Probe::warn(NAME, tried, format!("{seen}: no longer developed"));
        return probe.advise(format!("change to `{new}`"));
    }
    match remark(name, version) {
        Some(remark) => Probe::ok(NAME, tried, format!("{seen}: {remark}")),
        None => Probe::ok(NAME, tried, seen),
    }
}

/// What is known of a version. Versions 3 of the SDKs for Python and JavaScript take `v1` where the
/// versions before take `v1beta`; of 1.30.0 for JavaScript it was seen that an error inside a stream
/// ends it without an error.
fn remark(name: &str, version: &str) -> Option<&'static str> {
    let digits = version.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let major: u32 = digits.split('.').next()?.parse().ok()?;
    match (name, major) {
        ("google-genai" | "@google/genai", 3..) => {
            Some("calls v1 by default; the -latest aliases are in v1beta only")
        }
        ("google-genai" | "@google/genai", 2) => Some("calls v1beta by default"),
        ("@google/genai", 1) => Some(
            "calls v1beta by default; an error inside a stream may end it silently (seen with 1.30.0)",
        ),
        ("google-genai", 1) => Some("calls v1beta by default"),
        _ => None,
    }
}

/// Prints names and versions as JSON. The current folder is taken out of the path: a file there
/// must not stand in for a module.
const SCRIPT: &str = r#"
import sys
sys.path = [p for p in sys.path if p]
import json
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except Exception:
        pass
print(json.dumps(found))
"#;

/// The packages that are asked for.
const PYTHON: [&str; 5] = [
    "google-genai",
    "google-generativeai",
    "google-cloud-aiplatform",
    "langchain-google-genai",
    "litellm",
];

async fn python(environment: &Environment, limit: Duration) -> Result<Vec<Package>, &'static str> {
    match ask("python3", environment, limit).await {
        Err(NO_PYTHON) => ask("python", environment, limit).await,
        answered => answered,
    }
}

const NO_PYTHON: &str = "there is no Python";

async fn ask(
    program: &'static str,
    environment: &Environment,
    limit: Duration,
) -> Result<Vec<Package>, &'static str> {
    let output = Command::new(program)
        .arg("-c")
        .arg(SCRIPT)
        .args(PYTHON)
        .env_clear()
        .envs(
            environment
                .variables
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .current_dir(&environment.folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match timeout(limit, output).await {
        Ok(Ok(output)) => output,
        Ok(Err(_)) => return Err(NO_PYTHON),
        Err(_) => return Err("Python did not answer in time"),
    };
    let found: BTreeMap<String, String> =
        serde_json::from_slice(&output.stdout).map_err(|_| "Python gave no answer")?;
    let packages = found.into_iter().map(|(name, version)| Package {
        name,
        version,
        place: program.into(),
    });
    Ok(packages.collect())
}

/// The packages of the nearest folder upwards with a `package.json`.
fn node(folder: &Path) -> Vec<Package> {
    let Some((folder, text)) = upwards(folder, "package.json") else {
        return Vec::new();
    };
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let wanted = |name: &&str| {
        let lists = ["dependencies", "devDependencies", "peerDependencies"];
        lists.iter().any(|list| json[list].get(name).is_some())
    };
    let installed = |name: &str| {
        let text = small_file(&folder.join("node_modules").join(name).join("package.json"))?;
        let json: Value = serde_json::from_str(&text).ok()?;
        Some(json.get("version")?.as_str()?.to_owned())
    };
    let names = CURRENT
        .iter()
        .copied()
        .chain(LEGACY.iter().map(|(old, _)| *old));
    let names = names.filter(|name| name.starts_with("@google/"));
    names
        .filter_map(|name| {
            let (version, place) = match (installed(name), wanted(&name)) {
                (Some(version), _) => (version, "node_modules"),
                (None, true) => ("(not installed)".to_owned(), "package.json"),
                (None, false) => return None,
            };
            Some(Package {
                name: name.into(),
                version,
                place: place.into(),
            })
        })
        .collect()
}

/// The modules of the nearest `go.mod` upwards.
fn go(folder: &Path) -> Vec<Package> {
    let Some((_, text)) = upwards(folder, "go.mod") else {
        return Vec::new();
    };
    let names = CURRENT
        .iter()
        .copied()
        .chain(LEGACY.iter().map(|(old, _)| *old));
    let names: Vec<&str> = names.collect();
    text.lines()
        .filter_map(|line| {
            let line = line.trim();
            let mut words = line
                .strip_prefix("require ")
                .unwrap_or(line)
                .split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            (names.contains(&name) && version.starts_with('v')).then(|| Package {
                name: name.into(),
                version: version.into(),
                place: "go.mod".into(),
            })
        })
        .collect()
}

/// A file of the nearest folder that has it.
fn upwards(folder: &Path, file: &str) -> Option<(PathBuf, String)> {
    let folder = folder.canonicalize().ok()?;
    let mut folders = folder.ancestors();
    folders.find_map(|folder| Some((folder.to_owned(), small_file(&folder.join(file))?)))
}

/// The text of a file of usual size; pipes and devices are no files.
pub(crate) fn small_file(path: &Path) -> Option<String> {
    const LONGEST: u64 = 1 << 20;
    let found = std::fs::metadata(path).ok()?;
    if !found.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn go_modules_are_read_from_here_upwards() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let text = "module m\n\nrequire google.golang.org/genai v1.69.0\n\nrequire (\n\
            \tgithub.com/google/generative-ai-go v0.20.1 // indirect\n\tgoogle.golang.org/grpc v1.0.0\n)\n";
        fs::write(folder.path().join("go.mod"), text).unwrap();
        let found: Vec<_> = go(&inner)
            .into_iter()
            .map(|package| (package.name, package.version))
            .collect();
        assert_eq!(
            found,
            [
                ("google.golang.org/genai".to_owned(), "v1.69.0".to_owned()),
                (
                    "github.com/google/generative-ai-go".to_owned(),
                    "v0.20.1".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn node_packages_are_wanted_or_installed() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("node_modules/@google/genai");
        fs::create_dir_all(&module).unwrap();
        fs::write(module.join("package.json"), r#"{"version": "3.1.0"}"#).unwrap();
        let text = r#"{"dependencies": {"@google/genai": "^3", "@google/generative-ai": "*"}}"#;
        fs::write(folder.path().join("package.json"), text).unwrap();
        let found = node(folder.path());
        let seen: Vec<_> = found.iter().map(|package| judged("", package)).collect();
        assert!(
            seen[0]
                .seen
                .starts_with("@google/genai 3.1.0 (node_modules): calls v1")
        );
        assert!(
            seen[1]
                .seen
                .contains("(not installed) (package.json): no longer developed")
        );
        assert_eq!(seen[1].advice, ["change to `@google/genai`"]);
        assert_eq!(node(Path::new("/nowhere")), []);
    }
}
