//! How replies are framed: one JSON object, server-sent events, or a JSON array.
