//! The key may only be used from some addresses.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Status};
use std::net::IpAddr;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-ip",
    page: include_str!("key_restricted_ip.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        likely("violates * ip"),
        certain("ip address restriction"),
        certain("apikeyipaddressblocked"),
        likely("originating ip address"),
        likely("ip address ** violates"),
    ],
};

/// The key may only be used from some addresses, and the call came from another one.
///
/// Source of the wording and the details: seen in a public source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRestrictedIp {
    /// Where the call came from.
    pub caller: IpAddr,
    /// Such as `projects/123`.
    pub consumer: String,
}

impl Failure for KeyRestrictedIp {
    fn name(&self) -> &'static str {
        "key-restricted-ip"
    }

    fn status(&self) -> Status {
        let caller = self.caller.to_string();
        let message = format!(
            "The provided API key has an IP address restriction. The originating IP address of the \
             call ({caller}) violates this restriction."
        );
        let metadata = [
            ("service", super::SERVICE),
            ("consumer", &self.consumer),
            ("callerIp", &caller),
        ];
        Status::new(Code::PermissionDenied, &message)
            .with(Detail::error_info("API_KEY_IP_ADDRESS_BLOCKED", &metadata))
            .with(Detail::localized(&message))
    }

    fn examples() -> Vec<Self> {
        let callers: [IpAddr; 2] = [
            [198, 51, 100, 24].into(),
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x24].into(),
        ];
        callers
            .map(|caller| Self {
                caller,
                consumer: "projects/295530077148".into(),
            })
            .into()
    }
}
