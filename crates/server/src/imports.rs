//! `POST /imports/{kind}`: a city's files, sent over HTTP.

use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use formats::{ImportError, ImportOptions, InputFile, Kind, TwinSink};
use futures_util::StreamExt;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use twin::Twin;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::kpi::tenant_of;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem, blocking};
use crate::{App, caller_view};

/// How long the sender of a file may pause.
const PAUSE: Duration = Duration::from_secs(30);
/// How many bytes a second must come, on the whole: 128 kbit/s.
const LEAST_RATE: u64 = 16 << 10;
/// How long an upload may be slower than that.
const AT_FIRST: Duration = Duration::from_mins(1);
/// How many uploads there are at once, those that wait for their import among them.
pub(crate) const MAX_UPLOADS: usize = 8;
/// How many files one request may hold.
const MAX_FILES: usize = 64;

/// The route, with its documentation.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import))
}

/// Import files
///
/// The body is the file, its name in `file`; or `multipart/form-data` with several files. The other parameters are
/// the options of `mapacha import`, such as `entity`, `attribute`, `time-column`, `value-column`, `time-format`
/// (which may be repeated), `time-zone`, `unit`, `year`, `feed`, `layer`, `crs`. A Shapefile is sent as one zip, or
/// as a form with its `.shp`, `.dbf`, `.prj` and `.cpg`. Rows that are wrong are listed in the report and do
/// not stop the others; importing a file twice changes nothing.
#[utoipa::path(
    post,
    path = "/imports/{kind}",
    tag = "Imports",
    operation_id = "import",
    params(
        ("kind" = String, Path, description = "entities, gtfs, population, boundaries, places, observations, kpi or osm", example = "entities"),
        ("file" = Option<String>, Query, description = "The file's name, for messages and as the name of its data set", example = "stops.json"),
    ),
    request_body(content = String, description = "The file", content_type = "application/octet-stream",
        example = "[{\"id\":\"urn:ngsi-ld:GtfsStop:1\",\"type\":\"GtfsStop\",\"name\":\"Railways\"}]"),
    responses(
        (status = 200, description = "What was read, made, updated, known and refused", body = ref("#/components/schemas/ImportReport"), content_type = "application/json",
            example = json!({"kind": "entities", "files": ["stops.json"], "read": 1, "made": 1, "updated": 0, "known": 0,
                "refused_count": 0, "refused": [], "warnings": [], "by_type": {}, "rows": {}, "datasets": []})),
        (status = 400, description = "An option is wrong", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such kind", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The file is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 408, description = "The file came too slowly, or not at all", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Too many files are being sent; `Retry-After` says when to try again", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The file as a whole is not what it should be; nothing of it was written", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn import(
    State(app): State<App>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    let kind: Kind = kind
        .parse()
        .map_err(|error: formats::UnknownKind| Problem::api(StatusCode::NOT_FOUND, error.to_string()))?;
    let (name, mut options) = parameters(query.as_deref().unwrap_or(""))?;
    let twin = target(&app, request.headers()).await?;
    let view = caller_view(request.headers(), request.extensions(), &app);
    let upload = app.uploads.try_acquire().map_err(|_none_left| too_many())?;
    let spooled = if is_multipart(request.headers()) {
        parts(&app, request, &mut options).await?
    } else {
        vec![whole(&app, request, name.as_deref().unwrap_or("upload")).await?]
    };
    let one_at_a_time = app.imports.acquire().await.map_err(|_closed| stopping())?;
    let report = blocking(move || {
        let files: Vec<_> = spooled
            .iter()
            .map(|(file, name)| InputFile::named(file.path(), name))
            .collect();
        let mut sink = TwinSink::new(&twin, &view);
        formats::import(kind, &files, &options, &mut sink, &mut |_| {})
    })
    .await
    .map_err(Problem::as_api)?
    .map_err(|error| refused(&error))?;
    drop((one_at_a_time, upload));
    let body = serde_json::to_vec(&report).map_err(|error| {
        Problem::api(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the report could not be written: {error}"),
        )
    })?;
    Ok::<Response, _>(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn stopping() -> Problem {
    Problem::api(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping")
}

fn too_many() -> Problem {
    let detail = format!(
        "{MAX_UPLOADS} files are being sent or wait for their import; send yours when these are done"
    );
    Problem::api(StatusCode::SERVICE_UNAVAILABLE, detail).header(header::RETRY_AFTER, "30")
}

/// A file that arrived, and what its owner calls it. Gone from the disk when dropped.
type Spooled = (NamedTempFile, String);

/// The file's name and the options of a query string.
fn parameters(query: &str) -> Result<(Option<String>, ImportOptions), Problem> {
    let pairs: Vec<(String, String)> =
        axum::extract::Query::try_from_uri(&format!("/?{query}").parse().unwrap_or_default())
            .map_err(|rejection| Problem::api(StatusCode::BAD_REQUEST, rejection.body_text()))?
            .0;
    let (mut name, mut options) = (None, ImportOptions::default());
    for (key, value) in pairs {
        if key == "file" {
            name = Some(value).filter(|name| !name.is_empty());
        } else {
            set(&mut options, &key, &value)?;
        }
    }
    Ok((name, options))
}

fn set(options: &mut ImportOptions, key: &str, value: &str) -> Result<(), Problem> {
    options
        .set(key, value)
        .map_err(|error| Problem::api(StatusCode::BAD_REQUEST, error.to_string()))
}

/// The twin to import into: the first import makes its tenant.
async fn target(app: &App, headers: &HeaderMap) -> Answer<Twin> {
    let tenant = tenant_of(headers)?;
    let shared = app.clone();
    let twin = blocking(move || match tenant {
        None => shared
            .twin(None)
            .ok_or_else(|| twin::Error::Storage("the default tenant is not there".to_owned())),
        Some(name) => shared.tenants.get_or_create(&name),
    });
    twin.await?.map_err(|error| Problem::from(error).as_api())
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    value
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("multipart/form-data")
}

/// Spools a body that is one file.
async fn whole(app: &App, request: Request, name: &str) -> Answer<Spooled> {
    let mut spool = Spool::new(app, app.config.max_import_bytes);
    let mut body = request.into_body().into_data_stream();
    let mut pace = Pace::new();
    while let Some(piece) = pace.next(body.next()).await? {
        let piece = piece.map_err(|error| broken_off(&error.to_string()))?;
        pace.came(piece.len())?;
        spool.write(piece).await?;
    }
    Ok((spool.finish().await?, name.to_owned()))
}

/// Spools every file of a form; fields that are not files are options.
async fn parts(app: &App, request: Request, options: &mut ImportOptions) -> Answer<Vec<Spooled>> {
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| Problem::api(StatusCode::BAD_REQUEST, rejection.body_text()))?;
    let (mut files, mut left) = (Vec::new(), app.config.max_import_bytes);
    let mut pace = Pace::new();
    while let Some(mut field) = pace
        .next(form.next_field())
        .await?
        .map_err(|error| broken_off(&error.body_text()))?
    {
        let Some(name) = field.file_name().map(str::to_owned) else {
            let key = field.name().unwrap_or("").to_owned();
            let mut value = Vec::new();
            while let Some(piece) = pace
                .next(field.chunk())
                .await?
                .map_err(|e| broken_off(&e.body_text()))?
            {
                pace.came(piece.len())?;
                if value.len() + piece.len() > 4096 {
                    return Err(Problem::api(
                        StatusCode::BAD_REQUEST,
                        format!("the field `{key}` is too long"),
                    ));
                }
                value.extend_from_slice(&piece);
            }
            set(options, &key, &String::from_utf8_lossy(&value))?;
            continue;
        };
        if files.len() == MAX_FILES {
            return Err(Problem::api(
                StatusCode::BAD_REQUEST,
                format!("more than {MAX_FILES} files; send fewer at once"),
            ));
        }
        let mut spool = Spool::new(app, left);
        while let Some(piece) = pace
            .next(field.chunk())
            .await?
            .map_err(|e| broken_off(&e.body_text()))?
        {
            pace.came(piece.len())?;
            left = left.saturating_sub(piece.len());
            spool.write(piece).await?;
        }
        files.push((spool.finish().await?, name));
    }
    if files.is_empty() {
        return Err(Problem::api(StatusCode::BAD_REQUEST, "the form holds no file"));
    }
    Ok(files)
}

/// How fast a file comes. The sender is waited for, but not for ever.
struct Pace {
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            bytes: 0,
        }
    }

    async fn next<T>(&self, next: impl Future<Output = T>) -> Result<T, Problem> {
        tokio::time::timeout(PAUSE, next)
            .await
            .map_err(|_elapsed| slow(&format!("nothing came for {} s", PAUSE.as_secs())))
    }

    fn came(&mut self, bytes: usize) -> Result<(), Problem> {
        self.bytes += bytes as u64;
        self.holds(self.since.elapsed())
    }

    /// Whether enough has come in that time.
    fn holds(&self, elapsed: Duration) -> Result<(), Problem> {
        if elapsed < AT_FIRST || self.bytes / LEAST_RATE >= elapsed.as_secs() {
            return Ok(());
        }
        let (bytes, seconds) = (self.bytes, elapsed.as_secs());
        let least = LEAST_RATE >> 10;
        Err(slow(&format!(
            "{bytes} bytes came in {seconds} s, less than {least} KiB/s"
        )))
    }
}

fn slow(why: &str) -> Problem {
    Problem::api(StatusCode::REQUEST_TIMEOUT, format!("{why}; send the file again"))
}

fn broken_off(why: &str) -> Problem {
    Problem::api(
        StatusCode::BAD_REQUEST,
        format!("the file broke off: {why}; nothing of it was imported"),
    )
}

/// Writes pieces to a temporary file on a thread of its own, so that a slow disk slows the sender and nobody else.
struct Spool {
    pieces: mpsc::Sender<Bytes>,
    writer: tokio::task::JoinHandle<std::io::Result<NamedTempFile>>,
    left: usize,
    limit: usize,
}

impl Spool {
    fn new(app: &App, limit: usize) -> Self {
        let folder = app.config.spool_dir.clone();
        let (pieces, mut arriving) = mpsc::channel::<Bytes>(8);
        let writer = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            let mut file = tempfile::Builder::new().prefix("import-").tempfile_in(&folder)?;
            while let Some(piece) = arriving.blocking_recv() {
                file.write_all(&piece)?;
            }
            file.flush()?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        });
        Self {
            pieces,
            writer,
            left: limit,
            limit: app.config.max_import_bytes,
        }
    }

    async fn write(&mut self, piece: Bytes) -> Answer<()> {
        self.left = self.left.checked_sub(piece.len()).ok_or_else(|| {
            Problem::api(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "the upload is larger than {} bytes; split it, or raise http.max_import_bytes",
                    self.limit
                ),
            )
        })?;
        // A writer that listens no more has failed; `finish` says why.
        let _ = self.pieces.send(piece).await;
        Ok(())
    }

    async fn finish(self) -> Answer<NamedTempFile> {
        drop(self.pieces);
        let written = self.writer.await.map_err(|error| {
            Problem::api(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("the upload could not be kept: {error}"),
            )
        })?;
        written.map_err(|error| {
            Problem::named(
                StatusCode::INSUFFICIENT_STORAGE,
                "no-room",
                "The upload could not be kept",
                format!("the upload could not be written to the data folder: {error}; free some space and send it again"),
            )
        })
    }
}

/// A refusal of the files as a whole.
fn refused(error: &ImportError) -> Problem {
    let detail = error.to_string();
    match error {
        ImportError::Option(_) => Problem::api(StatusCode::BAD_REQUEST, detail),
        ImportError::File { file, why, remedy } => Problem::named(
            StatusCode::UNPROCESSABLE_ENTITY,
            "file-refused",
            "The file is not what it should be",
            format!("{file}: {why}"),
        )
        .member("file", file.as_str())
        .member("remedy", remedy.as_str()),
        ImportError::Read { file, .. } => Problem::named(
            StatusCode::UNPROCESSABLE_ENTITY,
            "file-unreadable",
            "The file cannot be read",
            detail,
        )
        .member("file", file.as_str()),
        ImportError::Sink(_) => Problem::named(
            StatusCode::INSUFFICIENT_STORAGE,
            "read-only",
            "The store takes no more",
            detail,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_drips_is_not_waited_for() {
        let pace = |bytes| Pace {
            since: Instant::now(),
            bytes,
        };
        let seconds = Duration::from_secs;
        assert!(
            pace(1).holds(seconds(59)).is_ok(),
            "at first everybody may be slow"
        );
        assert!(pace(100).holds(seconds(61)).is_err());
        assert!(pace(62 * LEAST_RATE).holds(seconds(61)).is_ok());
        assert!(pace(1 << 30).holds(seconds(3600)).is_ok());
        assert!(pace(1 << 20).holds(seconds(3600)).is_err());
    }
}
