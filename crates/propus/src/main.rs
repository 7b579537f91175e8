//! propus
fn main() {}
