//! The page of Google's front end for paths that the API does not have.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

/// An HTML 404. SDKs show its reason phrase, `Not Found`, since there is no JSON to read.
pub fn page(path: &str) -> Response {
    let shown: String = path.chars().take(500).map(escape).collect();
    let html = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  \
         <meta name=viewport content=\"initial-scale=1, minimum-scale=1, width=device-width\">\n  \
         <title>Error 404 (Not Found)!!1</title>\n  \
         <p><b>404.</b> <ins>That’s an error.</ins>\n  \
         <p>The requested URL <code>{shown}</code> was not found on this server.  \
         <ins>That’s all we know.</ins>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=UTF-8"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::NOT_FOUND, headers, Body::from(html)).into_response()
}

fn escape(letter: char) -> String {
    match letter {
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '&' => "&amp;".into(),
        '"' => "&quot;".into(),
        other => other.into(),
    }
}
