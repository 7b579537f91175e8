//! What is refused because there is too much to do.

use crate::client::Server;
use propus_server::Load;
use std::sync::Arc;

const PATH: &str = "/v1beta/models/small:generateContent";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

fn loaded(load: Load) -> Server {
    Server::changed(|app| app.load = Arc::new(load))
}

#[tokio::test]
async fn beyond_the_load_requests_are_refused_as_google_does() {
    let server = loaded(Load::new(0, 1 << 20));
    let reply = server.post(PATH, BODY).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-propus-failure")),
        (503, "overloaded-503")
    );
    assert_eq!(reply.json()["error"]["status"], "UNAVAILABLE");
    // Whether the server is well can always be asked.
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn bodies_share_their_room_and_give_it_back() {
    let server = loaded(Load::new(10, 100));
    let long = BODY.replace("hi", &"x".repeat(100));
    for _ in 0..3 {
        assert_eq!(server.post(PATH, BODY).await.status, 200);
        assert_eq!(
            server.post(PATH, &long).await.header("x-propus-failure"),
            "overloaded-503"
        );
    }
    assert_eq!(server.app().load.running(), 0);
}
