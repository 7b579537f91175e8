//! Laws that hold for every failure of the catalogue.

mod catalogue;
mod evidence;
mod laws;
mod requests;
