//! Failures of the way there and back.

pub mod base_url_wrong;
pub mod client_timeout;
pub mod live_api_close;
pub mod network_error;
pub mod stream_error_midway;
pub mod stream_parse_error;
pub mod stream_truncated;
pub mod tls_error;
