//! What can be wrong with scenario files and runs, as problem details.

use axum::http::{StatusCode, header};
use scenarios::file::Finding;
use scenarios::job::JobError;

use crate::problem::Problem;

/// A scenario file that cannot be used, with everything that is wrong with it in `findings`.
pub(crate) fn with_findings(status: StatusCode, findings: &[Finding]) -> Problem {
    let detail = match findings {
        [] => "the scenario file cannot be used".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more, see `findings`)", rest.len()),
    };
    let listed = serde_json::to_value(findings).unwrap_or_default();
    Problem::named(
        status,
        "scenario-file",
        "The scenario file cannot be used",
        detail,
    )
    .member("findings", listed)
}

/// Why runs could not do what was asked.
pub(crate) fn of_job(error: JobError) -> Problem {
    let detail = error.to_string();
    match error {
        JobError::Findings(findings) => with_findings(StatusCode::BAD_REQUEST, &findings),
        JobError::TooLong { .. } => Problem::api(StatusCode::PAYLOAD_TOO_LARGE, detail),
        JobError::Busy { retry_after_s, .. } => Problem::named(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-many-runs",
            "Too many runs are waiting",
            detail,
        )
        .header(header::RETRY_AFTER, &retry_after_s.to_string()),
        JobError::KeyTaken(_) => Problem::named(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key-taken",
            "The key was used for something else",
            detail,
        ),
        JobError::NotFound(_) => Problem::api(StatusCode::NOT_FOUND, detail),
        JobError::NotFinished(_) => Problem::api(StatusCode::CONFLICT, detail),
        JobError::Result(..) => Problem::api(StatusCode::INTERNAL_SERVER_ERROR, detail),
        JobError::Twin(error) => Problem::from(error).as_api(),
        JobError::Stopped => {
            Problem::api(StatusCode::SERVICE_UNAVAILABLE, detail).header(header::RETRY_AFTER, "5")
        }
    }
}
