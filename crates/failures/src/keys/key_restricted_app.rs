//! The key may only be used by some apps.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-app",
    page: include_str!("key_restricted_app.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("client application ** are blocked"),
        certain("apikeyandroidappblocked"),
        certain("apikeyiosappblocked"),
        likely("requests from this android client"),
        likely("requests from this ios client"),
        likely("androidpackage"),
        likely("iosbundleid"),
    ],
};

/// The key may only be used by some apps, and the call came from none of them.
///
/// Source of the wording and the details: seen in a public source file, for Android without a package; the
/// message and the reason of iOS were seen as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRestrictedApp {
    /// Which apps the key is for.
    pub platform: Platform,
    /// The package or bundle that called, where it said so.
    pub app: Option<String>,
    /// Such as `projects/123`.
    pub consumer: String,
}

/// What a key's apps run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Apps are packages.
    Android,
    /// Apps are bundles.
    Ios,
}

impl Failure for KeyRestrictedApp {
    fn name(&self) -> &'static str {
        "key-restricted-app"
    }

    fn status(&self) -> Status {
        let (platform, reason, named) = match self.platform {
            Platform::Android => ("Android", "API_KEY_ANDROID_APP_BLOCKED", "androidPackage"),
            Platform::Ios => ("iOS", "API_KEY_IOS_APP_BLOCKED", "iosBundleId"),
        };
        let app = self.app.as_deref().unwrap_or("<empty>");
        let message =
            format!("Requests from this {platform} client application {app} are blocked.");
        let metadata = [
            ("service", super::SERVICE),
            ("consumer", &self.consumer),
            (named, app),
        ];
        Status::new(Code::PermissionDenied, &message)
            .with(Detail::error_info(reason, &metadata))
            .with(Detail::localized(&message))
    }

    fn examples() -> Vec<Self> {
        let of = |platform, app: Option<&str>| Self {
            platform,
            app: app.map(str::to_owned),
            consumer: "projects/641902277530".into(),
        };
        vec![
            of(Platform::Android, None),
            of(Platform::Android, Some("com.example.notes")),
            of(Platform::Ios, None),
            of(Platform::Ios, Some("com.example.Notes")),
        ]
    }
}
