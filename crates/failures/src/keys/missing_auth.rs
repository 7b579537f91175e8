//! No key came with the request.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "missing-auth",
    page: include_str!("missing_auth.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("apikey client option must be set"),
        certain("unregistered callers"),
        certain("missing key inputs argument"),
        likely("api key is missing"),
        likely("api key missing"),
        likely("missing api key"),
        likely("api key required"),
        likely("api key is required"),
        likely("did not find googleapikey"),
        likely("no api key"),
        likely("api key must be set"),
        likely("must set the api key"),
        likely("api key not provided"),
        likely("api key was not provided"),
        likely("provide an api key"),
        likely("geminiapikey ** not set"),
        likely("geminiapikey ** not found"),
        likely("googleapikey ** not set"),
        likely("googleapikey ** not found"),
        likely("set the geminiapikey"),
        likely("set geminiapikey"),
        likely("must specify the geminiapikey"),
        likely("set an auth method"),
        likely("without established identity"),
        likely("geminiapikey environment variable"),
        likely("googleapikey environment variable"),
        likely("default credentials were not found"),
        possible("api key"),
        likely("keyerror geminiapikey"),
        likely("keyerror googleapikey"),
        likely("keyerror googlegenerativeaiapikey"),
    ],
};

/// No key came with the request.
///
/// Source: Google's troubleshooting guide (403); wording seen in public error reports, always
/// without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingAuth;

impl Failure for MissingAuth {
    fn name(&self) -> &'static str {
        "missing-auth"
    }

    fn status(&self) -> Status {
        let message = "Method doesn't allow unregistered callers (callers without established \
            identity). Please use API Key or other form of API consumer identity to call this API.";
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
