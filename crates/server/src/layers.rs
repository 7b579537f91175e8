//! HTTP concerns, one file each. The order in which they stand around the routes is in `front.rs`.

pub mod admin;
pub mod compress;
pub mod cors;
pub mod inject;
pub mod key;
pub mod origin;
pub mod render;
pub mod shed;
