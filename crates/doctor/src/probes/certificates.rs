//! `trust`: files of certificate authorities that variables name, and switches that turn trust off.

use crate::{Environment, Probe, certificate::Store, text::count};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::path::Path;

const NAME: &str = "trust";

/// Takes the place of the lists of Python and Go.
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// Variables that name a file, who reads it, and whether that program stops without the file.
const FILES: [(&str, &str, bool); 4] = [
    (
        SSL_CERT_FILE,
        "google-genai for Python, Go and OpenSSL",
        true,
    ),
    ("NODE_EXTRA_CA_CERTS", "Node", false),
    (
        "REQUESTS_CA_BUNDLE",
        "Python's requests, not google-genai",
        false,
    ),
    (
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "gRPC, which google-generativeai speaks",
        false,
    ),
];

/// Switches that turn the check of certificates off.
const OFF: [(&str, &str); 2] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", "Node"),
    ("PYTHONHTTPSVERIFY", "old versions of Python"),
];

/// What was found, and whom the programs trust.
pub(crate) struct Trust {
    pub(crate) probes: Vec<Probe>,
    pub(crate) stores: Vec<Store>,
}

/// Reads the files, and puts together what Python, Node and Go trust with them.
pub(crate) fn probe(environment: &Environment) -> Trust {
    let mut probes = Vec::new();
    let mut held = Vec::new();
    for (variable, users, needed) in FILES {
        let Some(path) = environment.raw(variable).filter(|path| !path.is_empty()) else {
            held.push(None);
            continue;
        };
        let (probe, authorities) = file(variable, users, needed, Path::new(path));
        probes.push(probe);
        held.push(authorities);
    }
    for (variable, users) in OFF {
        if environment.text(variable) == Some("0") {
            let seen = format!("{variable}=0: {users} accepts any certificate");
            let probe = Probe::warn(NAME, &format!("the value of {variable}"), seen);
            probes.push(probe.advise(format!(
                "unset {variable}: whoever sits in between can read your key"
            )));
        }
    }
    Trust {
        probes,
        stores: stores(environment, held[0].as_deref(), held[1].as_deref()),
    }
}

/// google-genai for Python trusts `SSL_CERT_FILE`, or else the list of certifi, which is Mozilla's;
/// Node trusts Mozilla's list, `NODE_EXTRA_CA_CERTS`, and the system's store where it is told so; Go
/// trusts `SSL_CERT_FILE`, or else the system's store.
fn stores(
    environment: &Environment,
    ssl_cert_file: Option<&[Vec<u8>]>,
    extra: Option<&[Vec<u8>]>,
) -> Vec<Store> {
    fn slices(all: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
        all.iter().map(Vec::as_slice)
    }
    let system = &environment.authorities;
    let options = environment.text("NODE_OPTIONS").unwrap_or_default();
    let with_system =
        environment.is_on("NODE_USE_SYSTEM_CA") || options.contains("--use-system-ca");
    let (list, more) = match (extra, with_system) {
        (Some(extra), false) => ("its own list and NODE_EXTRA_CA_CERTS", extra.to_vec()),
        (Some(extra), true) => (
            "its own list, NODE_EXTRA_CA_CERTS and the system's store",
            [extra, system].concat(),
        ),
        (None, true) => ("its own list and the system's store", system.clone()),
        (None, false) => ("its own list", Vec::new()),
    };
    let node = Store::of("Node", list, slices(&more)).with_public();
    let (python, go) = match ssl_cert_file {
        Some(file) => (
            Store::of("Python", SSL_CERT_FILE, slices(file)),
            Store::of("Go", SSL_CERT_FILE, slices(file)),
        ),
        None => (
            Store::of("Python", "the list of certifi", []).with_public(),
            Store::of("Go", "the system's store", slices(system)),
        ),
    };
    vec![python, node, go]
}

/// The longest file of authorities that is read; the whole list of Mozilla has a quarter of a MiB.
const LONGEST: u64 = 16 << 20;

type Authorities = Option<Vec<Vec<u8>>>;

fn file(variable: &str, users: &str, needed: bool, path: &Path) -> (Probe, Authorities) {
    let tried = format!("the file that {variable} names");
    let bad = |what: String| {
        let seen = format!("{variable}: {what} ({users})");
        let probe = match needed {
            true => Probe::fail(NAME, &tried, seen),
            false => Probe::warn(NAME, &tried, seen),
        };
        let probe = probe.advise(format!("name a PEM file that exists, or unset {variable}"));
        let probe = match needed {
            true => probe.is("tls-error"),
            false => probe,
        };
        (probe, None)
    };
    let shown = path.display();
    let found = std::fs::metadata(path);
    let bytes = match found {
        Err(error) => return bad(format!("`{shown}`: {error}")),
        // A pipe or a device could keep us here.
        Ok(found) if !found.is_file() => return bad(format!("`{shown}` is not a file")),
        Ok(found) if found.len() > LONGEST => return bad(format!("`{shown}` is too long")),
        Ok(_) => match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return bad(format!("`{shown}`: {error}")),
        },
    };
    let authorities: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&bytes)
        .filter_map(|certificate| Some(certificate.ok()?.to_vec()))
        .collect();
    match authorities.len() {
        0 => bad(format!("`{shown}` holds no certificate in PEM")),
        number => {
            let number = count(number, "authority");
            let seen = format!("{variable} holds {number} ({users})");
            (Probe::ok(NAME, &tried, seen), Some(authorities))
        }
    }
}
