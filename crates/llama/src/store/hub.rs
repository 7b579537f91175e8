//! Fetches files from the model hub, and resumes where an earlier attempt stopped.

use std::fs;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::StoreError;
use super::pull::{Phase, Progress, PullOptions};

/// A broken connection is taken up again this often before the caller is told.
const ATTEMPTS: u32 = 5;
/// Progress is reported in steps of this many bytes.
const STEP: u64 = 256 * 1024;

pub(super) struct Hub<'a> {
    client: Client,
    options: &'a PullOptions,
    base: Url,
}

/// A file on the hub.
pub(super) struct HubFile<'a> {
    pub(super) repository: &'a str,
    pub(super) revision: &'a str,
    pub(super) file: &'a str,
}

/// A file that has arrived.
pub(super) struct Fetched {
    pub(super) path: PathBuf,
    /// Whether part of it came from an earlier attempt.
    pub(super) resumed: bool,
}

impl<'a> Hub<'a> {
    pub(super) fn new(options: &'a PullOptions) -> Result<Hub<'a>, StoreError> {
        let unusable = |source| StoreError::HubUnreachable {
            host: options.hub.clone(),
            source,
        };
        let base = Url::parse(&options.hub).map_err(|error| unusable(error.into()))?;
        let client =
            client(options, redirect::Policy::default()).map_err(|error| unusable(error.into()))?;
        Ok(Hub {
            client,
            options,
            base,
        })
    }

    /// Fetches one file into a folder.
    pub(super) async fn fetch(
        &self,
        file: &HubFile<'_>,
        folder: &Path,
    ) -> Result<Fetched, StoreError> {
        let part = Part::new(folder, file.file)?;
        if part.whole.is_file() {
            return Ok(Fetched {
                path: part.whole,
                resumed: true,
            });
        }
        let resumed = part.done() > 0;
        for attempt in 1.. {
            let before = part.done();
            match self.attempt(file, &part).await {
                Ok(()) => break,
                Err(StoreError::Interrupted { .. })
                    if attempt < ATTEMPTS && part.done() > before => {}
                Err(problem) => return Err(problem),
            }
        }
        part.finish()?;
        Ok(Fetched {
            path: part.whole,
            resumed,
        })
    }

    /// The checksum that the hub itself states for a large file.
    pub(super) async fn stated_sha256(&self, file: &HubFile<'_>) -> Option<String> {
        // The header stands on the redirect to where the bytes lie, so the redirect must not be followed.
        let client = client(self.options, redirect::Policy::none()).ok()?;
        let reply = self
            .with_token(client.head(self.url(file)))
            .send()
            .await
            .ok()?;
        let stated = reply
            .headers()
            .get("x-linked-etag")?
            .to_str()
            .ok()?
            .trim_matches('"');
        let is_sha256 = stated.len() == 64 && stated.bytes().all(|b| b.is_ascii_hexdigit());
        is_sha256.then(|| stated.to_ascii_lowercase())
    }

    async fn attempt(&self, file: &HubFile<'_>, part: &Part) -> Result<(), StoreError> {
        let mut request = self.with_token(self.client.get(self.url(file)));
        // Only the very same file may be continued; `If-Range` makes the server send all of it when it has changed.
        let continued = part.etag().filter(|_| part.done() > 0);
        if let Some(etag) = &continued {
            request = request
                .header(RANGE, format!("bytes={}-", part.done()))
                .header(IF_RANGE, etag);
        }
        let reply = request
            .send()
            .await
            .map_err(|error| self.unreachable(error))?;
        match reply.status() {
            StatusCode::OK => {
                part.restart(reply.headers())?;
                self.receive(file, part, reply, 0).await
            }
            StatusCode::PARTIAL_CONTENT
                if continued.is_some() && continues_at(&reply, part.done()) =>
            {
                self.receive(file, part, reply, part.done()).await
            }
            StatusCode::RANGE_NOT_SATISFIABLE if is_complete(&reply, part.done()) => Ok(()),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                part.forget()?;
                Err(StoreError::HubStatus {
                    file: file.file.to_owned(),
                    status: reply.status().as_u16(),
                })
            }
            status => Err(refusal(file, status)),
        }
    }

    async fn receive(
        &self,
        file: &HubFile<'_>,
        part: &Part,
        reply: Response,
        from: u64,
    ) -> Result<(), StoreError> {
        let total = reply.content_length().map(|rest| from + rest);
        super::pull::ensure_room(&part.path, total.unwrap_or(from) - from)?;
        let failed = |source| StoreError::io(&part.path, source);
        let target = tokio::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&part.path)
            .await
            .map_err(failed)?;
        let mut target = BufWriter::with_capacity(1 << 20, target);
        let mut report = Report {
            options: self.options,
            file: file.file,
            total,
            reported: 0,
        };
        let mut done = from;
        report.at(done);
        let mut stream = reply.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    // Keep what has arrived: the next attempt goes on from there.
                    target.flush().await.map_err(failed)?;
                    let source = error.without_url().into();
                    return Err(StoreError::Interrupted {
                        file: file.file.to_owned(),
                        done,
                        source,
                    });
                }
            };
            target.write_all(&chunk).await.map_err(failed)?;
            done += chunk.len() as u64;
            report.at(done);
        }
        target.flush().await.map_err(failed)?;
        target.get_ref().sync_all().await.map_err(failed)
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.options.hub_token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn url(&self, file: &HubFile<'_>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(file.repository.split('/'))
                .extend(["resolve", file.revision]);
            path.extend(file.file.split('/'));
        }
        url
    }

    fn unreachable(&self, error: reqwest::Error) -> StoreError {
        let host = self.base.host_str().unwrap_or_default().to_owned();
        StoreError::HubUnreachable {
            host,
            source: error.without_url().into(),
        }
    }
}

fn client(options: &PullOptions, redirects: redirect::Policy) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("propus/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        // Between two pieces, not for the whole: a large file may take hours.
        .read_timeout(options.read_timeout)
        // A compressed answer could not be continued.
        .no_gzip()
        .redirect(redirects)
        .build()
}

fn continues_at(reply: &Response, done: u64) -> bool {
    content_range(reply).is_some_and(|range| range.starts_with(&format!("bytes {done}-")))
}

fn is_complete(reply: &Response, done: u64) -> bool {
    content_range(reply).is_some_and(|range| range == format!("bytes */{done}"))
}

fn content_range(reply: &Response) -> Option<&str> {
    reply.headers().get(CONTENT_RANGE)?.to_str().ok()
}

fn refusal(file: &HubFile<'_>, status: StatusCode) -> StoreError {
    let (repository, name) = (file.repository.to_owned(), file.file.to_owned());
    match status.as_u16() {
        404 => StoreError::HubNotFound {
            repository,
            file: name,
        },
        status @ (401 | 403) => StoreError::HubForbidden { repository, status },
        status => StoreError::HubStatus { file: name, status },
    }
}

/// A file that is still arriving, and the `ETag` of the version that it is part of.
struct Part {
    whole: PathBuf,
    path: PathBuf,
    tag: PathBuf,
}

impl Part {
    fn new(folder: &Path, file: &str) -> Result<Part, StoreError> {
        let whole = folder.join(file);
        let parent = whole.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|source| StoreError::io(parent, source))?;
        let beside = |ending: &str| {
            let mut name = whole.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        Ok(Part {
            path: beside(".part"),
            tag: beside(".part.etag"),
            whole,
        })
    }

    fn done(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    fn etag(&self) -> Option<String> {
        fs::read_to_string(&self.tag).ok()
    }

    /// Begins anew, and notes which version of the file this is. Only a strong tag can be continued.
    fn restart(&self, headers: &HeaderMap) -> Result<(), StoreError> {
        self.forget()?;
        let tag = headers
            .get(ETAG)
            .and_then(|tag| tag.to_str().ok())
            .filter(|tag| tag.starts_with('"'));
        match tag {
            Some(tag) => {
                fs::write(&self.tag, tag).map_err(|source| StoreError::io(&self.tag, source))
            }
            None => Ok(()),
        }
    }

    fn forget(&self) -> Result<(), StoreError> {
        remove_if_there(&self.path)?;
        remove_if_there(&self.tag)
    }

    fn finish(&self) -> Result<(), StoreError> {
        fs::rename(&self.path, &self.whole)
            .map_err(|source| StoreError::io(&self.whole, source))?;
        remove_if_there(&self.tag)
    }
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io(path, source))
        }
        _ => Ok(()),
    }
}

struct Report<'a> {
    options: &'a PullOptions,
    file: &'a str,
    total: Option<u64>,
    reported: u64,
}

impl Report<'_> {
    fn at(&mut self, done: u64) {
        let is_end = Some(done) == self.total;
        if self.reported == 0 || is_end || done >= self.reported + STEP {
            self.reported = done.max(1);
            self.options.report(Progress {
                phase: Phase::Downloading,
                what: self.file,
                done,
                total: self.total,
            });
        }
    }
}
