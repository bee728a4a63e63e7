//! Notifications over HTTP (6.3.8).

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use twin::delivery::{Failure, Parcel};

use super::{labels, unreachable};
use crate::net::Poster;

/// Posts one message. Any 2xx says that it arrived.
pub(super) async fn send(poster: &Poster, parcel: &Parcel) -> Result<(), Failure> {
    let posted = poster
        .post(
            &parcel.endpoint.uri,
            headers(parcel),
            parcel.letter.body.clone(),
            parcel.timeout,
        )
        .await
        .map_err(|error| unreachable(&error))?;
    let status = posted.status;
    if (200..300).contains(&status) {
        return Ok(());
    }
    // A redirect is not followed, so it is a refusal; of the others these three say that it may work later.
    let refused = (300..500).contains(&status) && ![408, 425, 429].contains(&status);
    Err(Failure {
        reason: format!("it answered {status}"),
        refused,
        retry_after: posted.retry_after_s.map(Duration::from_secs),
    })
}

fn headers(parcel: &Parcel) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (key, value) in &labels(parcel) {
        // Both were looked at when the subscription was made.
        let name = HeaderName::from_bytes(key.as_bytes());
        let value = HeaderValue::from_bytes(value.as_str().unwrap_or_default().as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}
