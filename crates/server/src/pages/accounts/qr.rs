//! A QR code as a drawing.

use qrcode::{Color, EcLevel, QrCode};

/// The quiet zone that readers need (ISO/IEC 18004: four modules).
const QUIET: usize = 4;

/// A QR code: the side of its square, and the dark modules as the path of an SVG.
pub(super) struct Qr {
    pub(super) side: usize,
    pub(super) path: String,
}

impl Qr {
    /// Of a text; none where it is too long.
    pub(super) fn of(text: &str) -> Option<Self> {
        use std::fmt::Write as _;
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colors = code.into_colors();
        let mut path = String::new();
        for (y, row) in colors.chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let length = row[x..].iter().take_while(|color| **color == Color::Dark).count();
                if length > 0 {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
                }
                x += length.max(1);
            }
        }
        Some(Self {
            side: width + 2 * QUIET,
            path,
        })
    }
}

/// A QR code as a whole drawing, to be printed; none where the text is too long.
pub(crate) fn svg(text: &str) -> Option<String> {
    let Qr { side, path } = Qr::of(text)?;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_are_where_readers_look_for_them() {
        let qr = Qr::of("otpauth://totp/Mapacha:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Mapacha").unwrap();
        // The upper edges of the finder patterns: seven dark modules, right and left.
        let right = qr.side - 4 - 7;
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{:.40}", qr.path);
        assert!(qr.path.contains(&format!("M{right} 4h7v1h-7z")));
        assert!(qr.path.contains(&format!("M4 {right}h7v1h-7z")));
        assert!(Qr::of(&"x".repeat(10_000)).is_none());
    }
}
