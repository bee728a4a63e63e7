//! What C2SP `tlog-tiles` defines: the checkpoint, tiles of hashes, bundles of entries. And the key, to check it all.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use governance::audit::TILE;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ask, readable, wrong};
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

const TEXT: &str = "text/plain; charset=utf-8";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(key))
        .routes(routes!(tile))
        .routes(routes!(partial_tile))
        // The numbers of tiles after the first thousand are written in groups of three digits.
        .route("/audit/tile/{level}/{a}/{b}/{c}", get(later_tile))
        .route("/audit/tile/{level}/{a}/{b}/{c}/{d}", get(later_tile))
}

/// The latest checkpoint
///
/// A signed note (C2SP `tlog-checkpoint`): origin, number of leaves, root of their tree; signed at most once a second.
#[utoipa::path(get, path = "/audit/checkpoint", tag = "Audit", operation_id = "auditCheckpoint",
    responses(
        (status = 200, description = "The note", body = String, content_type = "text/plain",
            example = "mapacha-0123456789abcdef/audit\n42\nqMOZS1QNqjsOPBvAIZ0N9vOQaX6yl8Z/i4rZ0w0dPKE=\n\n— mapacha-0123456789abcdef/audit AAAA…\n"),
        (status = 404, description = "Nothing is recorded", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn checkpoint(State(app): State<App>, visitor: Visitor) -> Answer {
    let log = readable(&app, &visitor)?;
    let checkpoint = log.checkpoint().ok_or_else(|| {
        Problem::api(
            StatusCode::NOT_FOUND,
            "nothing was done yet, so nothing is signed",
        )
    })?;
    let headers = [(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, checkpoint.note.clone()).into_response())
}

/// Who signs the checkpoints
///
/// The Ed25519 key of the tenant's log as a verifier key of signed notes: `<name>+<key id>+<base64 of the key>`. Keep it
/// elsewhere: whoever takes it from here trusts this server's word for who signs.
#[utoipa::path(get, path = "/audit/key", tag = "Audit", operation_id = "auditKey",
    responses(
        (status = 200, description = "The key", body = String, content_type = "text/plain",
            example = "mapacha-0123456789abcdef/audit+0a1b2c3d+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"),
        (status = 404, description = "Nothing is recorded", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn key(State(app): State<App>, visitor: Visitor) -> Answer {
    let log = readable(&app, &visitor)?;
    Ok(([(header::CONTENT_TYPE, TEXT)], format!("{}\n", log.verifier())).into_response())
}

/// A tile, or a bundle of entries
///
/// 256 hashes of 32 bytes each (C2SP `tlog-tiles`); with the level `entries` 256 leaves, each after its length in two
/// bytes. The numbers of tiles after the first thousand are written as there: `x001/234`.
#[utoipa::path(get, path = "/audit/tile/{level}/{number}", tag = "Audit", operation_id = "auditTile",
    params(
        ("level" = String, Path, description = "0 to 7, or `entries`", example = "0"),
        ("number" = String, Path, description = "Three digits", example = "000"),
    ),
    responses(
        (status = 200, description = "The hashes, or the entries", body = String, content_type = "application/octet-stream",
            example = "32 bytes for each hash"),
        (status = 400, description = "Not the address of a tile", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tile, or not all of it", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn tile(
    State(app): State<App>,
    visitor: Visitor,
    Path((level, number)): Path<(String, String)>,
) -> Answer {
    serve(&app, &visitor, &level, &[number]).await
}

/// The beginning of a tile, or of a bundle of entries
///
/// As much of one as there is at the right edge of the log: `000.p/44` is the first 44.
#[utoipa::path(get, path = "/audit/tile/{level}/{number}/{width}", tag = "Audit", operation_id = "auditPartialTile",
    params(
        ("level" = String, Path, description = "0 to 7, or `entries`", example = "0"),
        ("number" = String, Path, description = "Three digits and `.p`", example = "000.p"),
        ("width" = String, Path, description = "How many, 1 to 255", example = "1"),
    ),
    responses(
        (status = 200, description = "The hashes, or the entries", body = String, content_type = "application/octet-stream",
            example = "32 bytes for each hash"),
        (status = 400, description = "Not the address of a tile", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tile, or less of it", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn partial_tile(
    State(app): State<App>,
    visitor: Visitor,
    Path((level, number, width)): Path<(String, String, String)>,
) -> Answer {
    serve(&app, &visitor, &level, &[number, width]).await
}

async fn later_tile(State(app): State<App>, visitor: Visitor, Path(parts): Path<Vec<String>>) -> Answer {
    let (level, rest) = parts
        .split_first()
        .ok_or_else(|| wrong("there is no tile without a level"))?;
    serve(&app, &visitor, level, rest).await
}

async fn serve(app: &App, visitor: &Visitor, level: &str, path: &[String]) -> Answer {
    let log = readable(app, visitor)?;
    let (number, width) = read(path).ok_or_else(|| {
        wrong("a tile is named `000`, the next thousand `x001/000`, the beginning of one `000.p/44`")
    })?;
    let level = match level {
        "entries" => None,
        text => Some(
            canonical(text)
                .and_then(|level| u8::try_from(level).ok())
                .filter(|level| *level < 8)
                .ok_or_else(|| wrong("the level of a tile is 0 to 7, or `entries`"))?,
        ),
    };
    let bytes = ask(log, move |log| match level {
        Some(level) => log.tile(level, number, width),
        None => log.bundle(number, width),
    })
    .await?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    // What is in a log stays as it is.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=31536000, immutable"),
    );
    Ok::<Response, Problem>(response)
}

/// The number and width that a tile's address has: groups of three digits, all but the last after an `x`.
fn read(path: &[String]) -> Option<(u64, u64)> {
    let mut groups: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut width = TILE;
    if let [.., last, given] = groups.as_slice()
        && let Some(stripped) = last.strip_suffix(".p")
    {
        width = canonical(given).filter(|width| (1..TILE).contains(width))?;
        groups.truncate(groups.len() - 2);
        groups.push(stripped);
    }
    let (last, before) = groups.split_last()?;
    let mut number = 0_u64;
    for (place, group) in before
        .iter()
        .map(|group| group.strip_prefix('x'))
        .chain([Some(*last)])
        .enumerate()
    {
        let digits =
            group.filter(|digits| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()))?;
        // The first of several groups is no zero, or one tile had two names.
        if place == 0 && !before.is_empty() && digits == "000" {
            return None;
        }
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some((number, width))
}

/// A number without zeros or a sign before it.
fn canonical(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_specification() {
        let path = |text: &str| -> Vec<String> { text.split('/').map(str::to_owned).collect() };
        for (text, expected) in [
            ("000", Some((0, 256))),
            ("067", Some((67, 256))),
            ("067.p/8", Some((67, 8))),
            // The example of the specification: 1234067.
            ("x001/x234/067", Some((1_234_067, 256))),
            ("x001/x234/067.p/255", Some((1_234_067, 255))),
            ("67", None),
            ("0067", None),
            ("x067", None),
            ("001/067", None),
            ("x000/067", None),
            ("067.p", None),
            ("067.p/0", None),
            ("067.p/256", None),
            ("067.p/08", None),
            ("067/8", None),
            ("+67", None),
            ("", None),
        ] {
            assert_eq!(read(&path(text)), expected, "{text}");
        }
        assert_eq!(read(&[]), None);
        let most = "x999/".repeat(7) + "999";
        assert_eq!(read(&path(&most)), None, "beyond all numbers");
    }
}
