//! Long lists of the management API, by cursor: what is made or deleted meanwhile moves nothing else.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use utoipa::IntoParams;

use crate::problem::{Answer, Problem};

const USUAL: usize = 50;
const MOST: usize = 200;

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParameters {
    /// At most so many, 1 to 200; 50 unless given.
    #[param(value_type = Option<usize>, example = 50)]
    limit: Option<String>,
    /// Where the last page ended: its `next`.
    cursor: Option<String>,
}

/// A place in a list: an instant, and the id of what stands there.
pub(super) type Place = (i64, String);

/// Which part of a list, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    limit: usize,
    after: Option<Place>,
}

impl PageParameters {
    /// Reads them.
    pub(super) fn read(&self) -> Answer<Part> {
        let wrong = |detail: String| Problem::api(StatusCode::BAD_REQUEST, detail);
        let limit = match self.limit.as_deref().filter(|text| !text.is_empty()) {
            None => USUAL,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| wrong(format!("`limit` is a whole number from 1 to {MOST}")))?,
        };
        let after = match self.cursor.as_deref().filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let read = text
                    .split_once('~')
                    .and_then(|(at, id)| Some((i64::from_str_radix(at, 16).ok()?, id.to_owned())));
                Some(read.ok_or_else(|| wrong("`cursor` is not the `next` of a page".to_owned()))?)
            }
        };
        Ok(Part { limit, after })
    }
}

impl Part {
    /// The part of a list whose places come in the order of `before`, as `{"items": […], "next": …}`.
    pub(super) fn of<T>(
        &self,
        path: &str,
        all: &[T],
        place: impl Fn(&T) -> Place,
        before: impl Fn(&Place, &Place) -> bool,
        show: impl Fn(&T) -> Json,
    ) -> Response {
        let mut rest = all.iter().filter(|item| {
            self.after
                .as_ref()
                .is_none_or(|after| before(after, &place(item)))
        });
        let shown: Vec<&T> = rest.by_ref().take(self.limit).collect();
        let more = rest.next().is_some();
        let next = shown.last().filter(|_| more).map(|last| {
            let (at, id) = place(last);
            format!("{at:x}~{id}")
        });
        let items: Vec<Json> = shown.into_iter().map(show).collect();
        let mut response = axum::Json(json!({"items": items, "next": next})).into_response();
        if let Some(next) = next {
            let link = format!(
                "<{path}?limit={}&cursor={}>; rel=\"next\"",
                self.limit,
                percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC)
            );
            if let Ok(value) = HeaderValue::from_str(&link) {
                response.headers_mut().insert(header::LINK, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_parts_whatever_is_deleted_meanwhile() {
        let all: Vec<Place> = (0..7_i64).map(|n| (n / 2, format!("urn:x:{n}"))).collect();
        let mut parameters = PageParameters {
            limit: Some("3".into()),
            cursor: None,
        };
        let mut seen = Vec::new();
        let mut left = all.clone();
        loop {
            let part = parameters.read().unwrap();
            let kept: Vec<&Place> = left
                .iter()
                .filter(|place| part.after.as_ref().is_none_or(|after| after < place))
                .take(part.limit)
                .collect();
            seen.extend(kept.iter().map(|place| (*place).clone()));
            let Some((at, id)) = kept.last().copied().cloned() else {
                break;
            };
            parameters.cursor = Some(format!("{at:x}~{id}"));
            // What the cursor names may be gone.
            left.retain(|place| place.1 != id);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for (limit, cursor) in [
            ("0", ""),
            ("201", ""),
            ("x", ""),
            ("", "zz"),
            ("", "~"),
            ("-1", ""),
        ] {
            let parameters = PageParameters {
                limit: Some(limit.into()),
                cursor: Some(cursor.into()),
            };
            assert!(parameters.read().is_err(), "{limit} {cursor}");
        }
    }
}
