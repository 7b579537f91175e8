//! The server's certificate is not trusted.

use crate::entry::{Entry, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "tls-error",
    page: include_str!("tls_error.md"),
    guide: None,
    retry: Retry::Never,
    over: &["network-error", "client-timeout"],
    signs: &[
        certain("self signed certificate"),
        certain("selfsignedcert~"),
        certain("certificate verify failed"),
        certain("certificateverifyfailed"),
        certain("unable to get local issuer"),
        certain("unable to verify the first certificate"),
        certain("unabletoverifyleafsignature"),
        certain("signed by unknown authority"),
        certain("certificate has expired"),
        certain("sslcertverificationerror"),
        certain("sslcertverificationfailed"),
        certain("invalid peer certificate"),
        certain("unknownissuer"),
        certain("pkix path building failed"),
        certain("certhasexpired"),
        certain("depthzeroselfsignedcert"),
        likely("x509"),
        likely("sslerror"),
        likely("ssl handshake"),
        likely("sslhandshakeexception"),
        likely("tls handshake"),
        likely("certificate"),
    ],
};
