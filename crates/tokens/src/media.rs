//! What media cost, as far as their bytes tell.

use serde::Serialize;

/// A medium in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Media {
    /// The field.
    pub place: String,
    /// Its type.
    pub mime_type: String,
    /// What it costs by the documented rule; none where its bytes do not tell.
    pub tokens: Option<u64>,
    /// The rule.
    pub rule: &'static str,
}

/// Tokens of an image, or of one tile of a large one.
const TILE: u64 = 258;

impl Media {
    pub(crate) fn new(place: String, mime_type: &str, bytes: Option<&[u8]>) -> Self {
        let kind = mime_type.split('/').next().unwrap_or_default();
        let (tokens, rule) = match (kind, bytes) {
            ("image", Some(bytes)) => match imagesize::blob_size(bytes) {
                Ok(size) => (
                    Some(image(size.width as u64, size.height as u64)),
                    "258 tokens, or 258 for each tile where a side is above 384 pixels",
                ),
                Err(_) => (None, "the size of the image cannot be read"),
            },
            ("image", None) => (None, "258 tokens, or 258 for each tile of a large image"),
            ("audio", _) => (None, "32 tokens for each second"),
            ("video", _) => (None, "about 100 to 300 tokens for each second"),
            _ if mime_type == "application/pdf" => (None, "about 258 tokens for each page"),
            _ => (None, "the service counts it"),
        };
        Self {
            place,
            mime_type: mime_type.to_owned(),
            tokens,
            rule,
        }
    }
}

/// Google's page on tokens: one tile up to 384 pixels, else tiles whose side is the shorter side of the
/// image divided by 1.5, scaled to 768.
fn image(width: u64, height: u64) -> u64 {
    if width <= 384 && height <= 384 {
        return TILE;
    }
    let side = (width.min(height) * 2 / 3).max(1);
    // Bounds for pictures a pixel wide: the service scales them down first.
    (width.div_ceil(side) * height.div_ceil(side)).min(64) * TILE
}

#[cfg(test)]
mod tests {
    use super::image;

    #[test]
    fn small_images_are_one_tile_and_large_ones_several() {
        assert_eq!(image(384, 384), 258);
        assert_eq!(image(385, 384), 4 * 258);
        // The example of Google's page on image understanding: 960 x 540 makes 6 tiles.
        assert_eq!(image(960, 540), 6 * 258);
        assert_eq!(image(1, 1_000_000), 64 * 258);
    }
}
