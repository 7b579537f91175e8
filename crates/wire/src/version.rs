//! API versions, and which fields each of them knows.

use std::fmt;

/// The version segment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// `/v1/...`, the default of the SDKs since their major version 3.
    V1,
    /// `/v1beta/...`, the default of older SDKs and of most documentation.
    V1Beta,
}

impl Version {
    /// Reads a path segment such as `v1beta`.
    pub fn from_segment(segment: &str) -> Option<Self> {
        match segment {
            "v1" => Some(Self::V1),
            "v1beta" => Some(Self::V1Beta),
            _ => None,
        }
    }

    /// The path segment, also used in messages ("for API version v1beta").
    pub fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1Beta => "v1beta",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())
    }
}

/// The set of fields that an endpoint accepts.
///
/// Until 2026 `v1` knew 25 fields fewer than `v1beta`; a modern `v1` knows them all. Fields that
/// the old `v1` lacks are marked `beta` in the message tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    /// Everything that `v1beta` has, which is also what `v1` has since September 2026.
    Modern,
    /// `v1` as it was in 2025: no tools, system instruction, JSON mode or thinking.
    LegacyV1,
}
