//! Laws that hold for every failure of the catalogue.

mod amend;
mod catalogue;
mod evidence;
mod laws;
mod requests;
