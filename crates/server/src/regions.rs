//! Where the free tier is offered, and how the server learns from where a call comes.
//!
//! A country comes from a header that a trusted proxy sets, or from a country database (MMDB) by the
//! caller's address. Where neither tells, the call passes.

use crate::layers::origin::Peer;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use maxminddb::{Reader, geoip2};
use serde::Deserialize;
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};
use thiserror::Error;

const BUILTIN: &str = include_str!("regions.toml");

/// Why the regions cannot be told.
#[derive(Debug, Error)]
pub enum RegionsError {
    /// The database of countries cannot be used.
    #[error(
        "cannot use the country database `{}`\nhint: an MMDB file with countries, such as GeoLite2-Country.mmdb",
        path.display()
    )]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: maxminddb::MaxMindDbError,
    },
    /// Something that is no country code.
    #[error("`{0}` is no country code\nhint: two letters as in ISO 3166-1, such as `DE`")]
    NoCode(String),
}

/// Which proxies are believed, and what is known of countries.
#[derive(Debug)]
pub struct Regions {
    /// Networks of proxies whose headers are believed; this machine, unless told otherwise.
    pub trusted: Vec<IpNet>,
    /// The header in which such a proxy names the caller's country, such as `cf-ipcountry`.
    pub country_header: Option<HeaderName>,
    /// Whether a country in neither list counts as one where it is not offered.
    pub only_listed: bool,
    database: Option<Reader<Vec<u8>>>,
    offered: HashSet<String>,
    not_offered: HashSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    offered: Vec<String>,
    not_offered: Vec<String>,
}

impl Default for Regions {
    fn default() -> Self {
        let lists: Lists = toml::from_str(BUILTIN).expect("a test reads the built-in lists");
        Self {
            trusted: vec![
                IpNet::new_assert(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
                IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128),
            ],
            country_header: None,
            only_listed: false,
            database: None,
            offered: lists.offered.into_iter().collect(),
            not_offered: lists.not_offered.into_iter().collect(),
        }
    }
}

impl Regions {
    /// Adds to the lists of countries.
    pub fn change(
        &mut self,
        offered: &[String],
        not_offered: &[String],
    ) -> Result<(), RegionsError> {
        for country in offered {
            let country = code(country)?;
            self.not_offered.remove(&country);
            self.offered.insert(country);
        }
        for country in not_offered {
            let country = code(country)?;
            self.offered.remove(&country);
            self.not_offered.insert(country);
        }
        Ok(())
    }

    /// Looks countries up in an MMDB file, which is read into memory.
    pub fn open(&mut self, path: &Path) -> Result<(), RegionsError> {
        let reader = Reader::open_readfile(path).map_err(|source| RegionsError::Database {
            path: path.into(),
            source,
        })?;
        self.database = Some(reader);
        Ok(())
    }

    /// The caller's address: the connection's, or, behind trusted proxies, the last one in
    /// `X-Forwarded-For` that is none of them.
    pub fn address(&self, headers: &HeaderMap, peer: Option<Peer>) -> Option<IpAddr> {
        let peer = peer?.0.ip().to_canonical();
        if !self.is_trusted(peer) {
            return Some(peer);
        }
        let lines = headers.get_all("x-forwarded-for").into_iter();
        let hops: Vec<_> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .collect();
        for hop in hops.into_iter().rev() {
            // Behind something that is no address nothing can be believed.
            let Ok(hop) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            if !self.is_trusted(hop) {
                return Some(hop);
            }
        }
        Some(peer)
    }

    /// The caller's country, where somebody can tell.
    pub fn country(&self, headers: &HeaderMap, peer: Option<Peer>) -> Option<String> {
        let named = self.named(headers, peer);
        named.or_else(|| self.looked_up(self.address(headers, peer)?))
    }

    fn named(&self, headers: &HeaderMap, peer: Option<Peer>) -> Option<String> {
        let header = self.country_header.as_ref()?;
        if !self.is_trusted(peer?.0.ip().to_canonical()) {
            return None;
        }
        code(headers.get(header)?.to_str().ok()?.trim()).ok()
    }

    fn looked_up(&self, address: IpAddr) -> Option<String> {
        let found = self.database.as_ref()?.lookup(address).ok()?;
        let found: geoip2::Country<'_> = found.decode().ok()??;
        found.country.iso_code.map(str::to_owned)
    }

    /// Whether the free tier is offered in a country.
    pub fn offers(&self, country: &str) -> bool {
        self.offered.contains(country) || !self.only_listed && !self.not_offered.contains(country)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// A country code in capital letters.
fn code(text: &str) -> Result<String, RegionsError> {
    if text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(RegionsError::NoCode(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn peer(address: &str) -> Option<Peer> {
        Some(Peer(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_lists_are_of_codes_and_apart() {
        let lists: Lists = toml::from_str(BUILTIN).unwrap();
        for country in lists.offered.iter().chain(&lists.not_offered) {
            assert_eq!(&code(country).unwrap(), country);
        }
        let both = |country: &&String| lists.not_offered.contains(country);
        assert_eq!(lists.offered.iter().find(both), None);
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let regions = Regions {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            country_header: Some(HeaderName::from_static("cf-ipcountry")),
            ..Regions::default()
        };
        let told = headers(&[
            ("cf-ipcountry", "by"),
            ("x-forwarded-for", "1.1.1.1, 10.0.0.9"),
        ]);
        assert_eq!(
            regions.country(&told, peer("10.0.0.1")).as_deref(),
            Some("BY")
        );
        assert_eq!(regions.country(&told, peer("9.9.9.9")), None);
        let address =
            |told: &HeaderMap, from| regions.address(told, peer(from)).unwrap().to_string();
        assert_eq!(address(&told, "10.0.0.1"), "1.1.1.1");
        assert_eq!(address(&told, "::ffff:10.0.0.1"), "1.1.1.1");
        assert_eq!(address(&told, "9.9.9.9"), "9.9.9.9");
        let forged = headers(&[
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "x, 10.0.0.9"),
        ]);
        assert_eq!(address(&forged, "10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn a_database_tells_countries() {
        let mut regions = Regions::default();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        regions.open(&data.join("countries.mmdb")).unwrap();
        let country = |from| regions.country(&HeaderMap::new(), peer(from));
        assert_eq!(country("203.0.113.7").as_deref(), Some("BY"));
        assert_eq!(country("2001:db8::7").as_deref(), Some("DE"));
        assert_eq!(country("192.0.2.1"), None);
        let none = regions.open(&data.join("none.mmdb")).unwrap_err();
        assert!(none.to_string().contains("none.mmdb"), "{none}");
        let wrong = regions.open(Path::new(file!()).parent().unwrap());
        assert!(wrong.is_err());
    }

    #[test]
    fn lists_can_be_changed() {
        let mut regions = Regions::default();
        assert!(!regions.offers("BY") && regions.offers("DE"));
        regions.change(&["by".into()], &["XK".into()]).unwrap();
        assert!(regions.offers("BY") && !regions.offers("XK"));
        regions.only_listed = true;
        assert!(regions.offers("BY") && !regions.offers("FR"));
        let slip = regions.change(&[], &["Germany".into()]).unwrap_err();
        assert!(slip.to_string().contains("Germany"), "{slip}");
    }
}
