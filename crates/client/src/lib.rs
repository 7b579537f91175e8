//! propus-client
