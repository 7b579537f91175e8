//! propus-engines
