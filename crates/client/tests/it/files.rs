//! Uploads, in one piece and in several, whole and broken off.

use propus_client::{
    PIECE, Poll, Retries,
    testing::{Server, json, refusal, with_headers},
};
use std::{sync::Mutex, time::Duration};

const FILE: &str = r#"{"file":{"name":"files/f","mimeType":"text/plain","state":"PROCESSING"}}"#;

/// The address has another host, as behind a gateway: the call goes to the base URL's all the same.
fn begun() -> Vec<u8> {
    with_headers(
        "x-goog-upload-url: https://elsewhere.test/upload/v1beta/files?upload_id=7\r\n",
        "",
    )
}

fn active() -> Vec<u8> {
    with_headers("x-goog-upload-status: active\r\n", "")
}

fn ended() -> Vec<u8> {
    with_headers("x-goog-upload-status: final\r\n", FILE)
}

#[tokio::test]
async fn a_file_is_named_then_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "hello").unwrap();
    let server = Server::replies([begun(), ended()]).await;
    let client = server.client();
    let upload = client.files().upload(&path).display_name("Notes").name("n");
    let file = upload.send().await.unwrap();
    assert_eq!(file.name.as_deref(), Some("files/f"));
    let [start, piece] = &server.requests()[..] else {
        panic!("two requests");
    };
    assert_eq!(start.line(), "POST /upload/v1beta/files HTTP/1.1");
    assert_eq!(start.header("x-goog-upload-protocol"), Some("resumable"));
    assert_eq!(start.header("x-goog-upload-command"), Some("start"));
    assert_eq!(
        start.header("x-goog-upload-header-content-length"),
        Some("5")
    );
    assert_eq!(
        start.header("x-goog-upload-header-content-type"),
        Some("text/plain")
    );
    assert_eq!(start.header("x-goog-upload-file-name"), Some("notes.txt"));
    assert_eq!(
        start.body,
        r#"{"file":{"name":"files/n","displayName":"Notes","mimeType":"text/plain","sizeBytes":"5"}}"#
    );
    assert_eq!(
        piece.line(),
        "POST /upload/v1beta/files?upload_id=7 HTTP/1.1"
    );
    assert_eq!(
        piece.header("x-goog-upload-command"),
        Some("upload, finalize")
    );
    assert_eq!(piece.header("x-goog-upload-offset"), Some("0"));
    assert_eq!(piece.body, "hello");
}

#[tokio::test]
async fn a_long_upload_goes_in_pieces_and_tells_how_far_it_is() {
    let server = Server::replies([begun(), active(), ended()]).await;
    let told = Mutex::new(Vec::new());
    let client = server.client();
    let bytes = vec![b'a'; PIECE + 3];
    // Its length is not said before.
    let reader = std::io::Cursor::new(bytes);
    let upload = client.files().upload_reader("text/plain", None, reader);
    let upload = upload.on_progress(|sent, of| told.lock().unwrap().push((sent, of)));
    upload.send().await.unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[0].header("x-goog-upload-header-content-length"),
        None
    );
    assert_eq!(requests[1].header("x-goog-upload-command"), Some("upload"));
    assert_eq!(requests[1].body.len(), PIECE);
    let offset = PIECE.to_string();
    assert_eq!(
        requests[2].header("x-goog-upload-offset"),
        Some(offset.as_str())
    );
    assert_eq!(requests[2].body, "aaa");
    let whole = PIECE as u64;
    assert_eq!(*told.lock().unwrap(), [(whole, None), (whole + 3, None)]);
}

#[tokio::test]
async fn an_upload_of_whole_pieces_marks_its_last() {
    let server = Server::replies([begun(), ended()]).await;
    let client = server.client();
    let upload = client.files().upload_bytes("text/plain", vec![b'a'; PIECE]);
    upload.send().await.unwrap();
    let piece = server.request();
    assert_eq!(
        piece.header("x-goog-upload-command"),
        Some("upload, finalize")
    );
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_where_it_broke_off() {
    let has_two = with_headers(
        "x-goog-upload-status: active\r\nx-goog-upload-size-received: 2\r\n",
        "",
    );
    let broken = refusal(503, "UNAVAILABLE", "The service is currently unavailable.");
    let server = Server::replies([begun(), broken, has_two, ended()]).await;
    let client = server.client().with_retries(Retries::on());
    let upload = client.files().upload_bytes("text/plain", "hello");
    upload.send().await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[2].header("x-goog-upload-command"), Some("query"));
    assert_eq!(requests[3].header("x-goog-upload-offset"), Some("2"));
    assert_eq!(requests[3].body, "llo");
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_last_reply_was_lost_is_not_sent_twice() {
    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\nx-goog-upload-status: final\r\n\r\n{";
    let server = Server::replies([begun(), broken.to_vec(), ended()]).await;
    let client = server.client().with_retries(Retries::on());
    let upload = client.files().upload_bytes("text/plain", "hello");
    assert_eq!(
        upload.send().await.unwrap().name.as_deref(),
        Some("files/f")
    );
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_uploaded_says_why() {
    let server = Server::replies([with_headers("", "")]).await;
    let client = server.client();
    let error = client
        .files()
        .upload("nothing.here")
        .send()
        .await
        .unwrap_err();
    assert!(
        error.message().contains("the type of `nothing.here`"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("mime_type"), "{error}");
    let error = client
        .files()
        .upload("missing.txt")
        .send()
        .await
        .unwrap_err();
    assert!(
        error.message().contains("cannot read `missing.txt`"),
        "{error}"
    );
    let upload = client.files().upload_bytes("text/plain", "x");
    let error = upload.send().await.unwrap_err();
    assert!(error.message().contains("no address"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_waited_for_until_it_is_active() {
    let state = |state: &str| json(format!(r#"{{"name":"files/f","state":"{state}"}}"#));
    let server = Server::replies([state("PROCESSING"), state("PROCESSING"), state("ACTIVE")]).await;
    let client = server.client();
    let file = serde_json::from_str(r#"{"name":"files/f","state":"PROCESSING"}"#).unwrap();
    let file = client
        .files()
        .wait_active(&file, Poll::default())
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 3);
    // What is active is not asked for again.
    client
        .files()
        .wait_active(&file, Poll::default())
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_failed_or_takes_too_long_is_an_error() {
    let failed =
        json(r#"{"name":"files/f","state":"FAILED","error":{"code":3,"message":"no video"}}"#);
    let server = Server::replies([failed]).await;
    let file = serde_json::from_str(r#"{"name":"files/f"}"#).unwrap();
    let waited = server
        .client()
        .files()
        .wait_active(&file, Poll::default())
        .await;
    assert_eq!(
        waited.unwrap_err().message(),
        "the processing of `files/f` failed: INVALID_ARGUMENT no video"
    );
    let processing = json(r#"{"name":"files/f","state":"PROCESSING"}"#);
    let server = Server::replies(vec![processing; 20]).await;
    let poll = Poll::default()
        .every(Duration::from_secs(5))
        .within(Duration::from_secs(12));
    let error = server
        .client()
        .files()
        .wait_active(&file, poll)
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.message(), "`files/f` is not processed after 12s");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_a_model_made_can_be_fetched() {
    let bytes = with_headers("content-type: video/mp4\r\n", [0, 159, 146, 150]);
    let server = Server::reply(bytes).await;
    let fetched = server.client().files().download("files/v").await.unwrap();
    assert_eq!(&fetched[..], [0, 159, 146, 150]);
    assert_eq!(
        server.request().line(),
        "GET /v1beta/files/v:download?alt=media HTTP/1.1"
    );
}
