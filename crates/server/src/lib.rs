//! propus-server
