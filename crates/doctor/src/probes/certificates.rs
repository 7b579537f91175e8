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

/// Reads the files, and puts together whom Python, Node and Go trust with them.
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

/// Whom the programs trust. google-genai for Python takes `SSL_CERT_FILE`; without it versions 3 take
/// the system's store and those before the list of certifi, which is Mozilla's. Go takes
/// `SSL_CERT_FILE`, or else the system's store. Node takes Mozilla's list with `NODE_EXTRA_CA_CERTS`,
/// and the system's store where it is told so.
fn stores(
    environment: &Environment,
    ssl_cert_file: Option<&[Vec<u8>]>,
    extra: Option<&[Vec<u8>]>,
) -> Vec<Store> {
    let system = || environment.authorities.iter().map(Vec::as_slice);
    let mut stores = match ssl_cert_file {
        Some(file) => {
            let file = file.iter().map(Vec::as_slice);
            vec![Store::of("Python and Go", SSL_CERT_FILE, file)]
        }
        None => vec![
            Store::of("google-genai 3 for Python and Go", SYSTEM, system()),
            Store::of("older SDKs for Python", "the list of certifi", []).with_public(),
        ],
    };
    let (mut lists, mut more) = (vec!["its own list"], Vec::new());
    if let Some(extra) = extra {
        lists.push("NODE_EXTRA_CA_CERTS");
        more.extend(extra.iter().map(Vec::as_slice));
    }
    let options = environment.text("NODE_OPTIONS").unwrap_or_default();
    if environment.is_on("NODE_USE_SYSTEM_CA") || options.contains("--use-system-ca") {
        lists.push(SYSTEM);
        more.extend(system());
    }
    stores.push(Store::of("Node", lists.join(" with "), more).with_public());
    stores
}

const SYSTEM: &str = "the system's store";

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
