//! One file for each thing that is looked at.

pub(crate) mod address;
pub(crate) mod certificates;
pub(crate) mod clock;
pub(crate) mod credentials;
pub(crate) mod generate;
pub(crate) mod model;
pub(crate) mod models;
pub(crate) mod reach;
pub(crate) mod sdks;
pub(crate) mod stream;
pub(crate) mod tier;
pub(crate) mod tls;
pub(crate) mod vertex;
pub(crate) mod way;
