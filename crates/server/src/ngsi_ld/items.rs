//! The items of a batch (5.6.7 to 5.6.10, 5.6.20): how many there may be, how large one may be, and which @context
//! applies to each.

use std::io;

use axum::http::StatusCode;
use ngsi_ld::Error;
use ngsi_ld::context::Context;
use serde_json::Value;

use super::call::{Call, Payload, context_of, mixed};
use super::negotiation::BodyType;
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// How many items one batch may have: what goes wrong with each is told, in some hundred bytes.
const MAX_ITEMS: usize = 100_000;
/// How many different @contexts the items of one batch may have.
const MAX_CONTEXTS: usize = 64;

/// The items of a batch, each without its `@context`.
pub(super) struct Items {
    /// With the place in `contexts` of the @context that applies to it. What is wrong with one concerns it alone.
    items: Vec<(Value, Result<usize, Problem>)>,
    contexts: Vec<Answer<Context>>,
}

impl Items {
    /// What comes of each of them.
    pub(super) fn map<T>(self, mut work: impl FnMut(usize, Value, Answer<&Context>) -> T) -> Vec<T> {
        let Self { items, contexts } = self;
        let context = |place: usize| match contexts.get(place) {
            Some(Ok(context)) => Ok(context),
            Some(Err(problem)) => Err(problem.clone()),
            None => Ok(Context::core()), // each place was made with its @context
        };
        let items = items.into_iter().enumerate();
        items
            .map(|(index, (item, place))| work(index, item, place.and_then(context)))
            .collect()
    }
}

/// Items, and the different @contexts that they ask for: `None` is the core's.
type Sorted = (Vec<(Value, Result<usize, Problem>)>, Vec<Option<Value>>);

impl Payload {
    /// The items of an array, with the @contexts that apply to them.
    pub(super) async fn items(mut self, call: &Call) -> Answer<Items> {
        self.keep_room(call);
        let most = call.app.config.max_entity_bytes;
        let (items, wanted) = blocking(move || self.sorted(most)).await??;
        // Thousands of items mostly share a few contexts: each is compiled once.
        let mut contexts = Vec::with_capacity(wanted.len());
        for context in wanted {
            contexts.push(match context {
                Some(context) => call.compile(context).await,
                None => Ok(Context::core().clone()),
            });
        }
        Ok(Items { items, contexts })
    }

    /// The items of an array of which the @context does not matter: ids.
    pub(super) fn ids(self) -> Answer<Vec<Value>> {
        self.array("ids")
    }

    fn array(self, of: &str) -> Answer<Vec<Value>> {
        let Value::Array(items) = self.json else {
            return Err(Error::bad_data(format!("the body is a JSON array of {of}")).into());
        };
        if items.is_empty() {
            return Err(Error::bad_data(format!("the array is empty; it holds {of}, at least one")).into());
        }
        if items.len() > MAX_ITEMS {
            let detail = format!(
                "the array has {} items; one batch has at most {MAX_ITEMS}, so split it",
                items.len()
            );
            return Err(too_large(detail));
        }
        if items.iter().any(Value::is_null) {
            return Err(Error::bad_data("the array holds a null").into());
        }
        Ok(items)
    }

    fn sorted(self, most_bytes: usize) -> Answer<Sorted> {
        let (kind, link) = (self.kind, self.link.clone());
        // No item is larger than all of them together.
        let may_be_large = self.bytes > most_bytes;
        let items = self.array("entities")?;
        if kind == BodyType::LdJson && link.is_some() {
            return Err(mixed().into());
        }
        let mut contexts: Vec<Option<Value>> = Vec::new();
        let mut place = |wanted: Option<Value>| {
            if let Some(known) = contexts.iter().position(|context| *context == wanted) {
                return Ok(known);
            }
            if contexts.len() >= MAX_CONTEXTS {
                let detail = format!("one batch has at most {MAX_CONTEXTS} different @contexts; split it");
                return Err(Problem::ngsi(NgsiError::TooComplexQuery, detail));
            }
            contexts.push(wanted);
            Ok(contexts.len() - 1)
        };
        let sorted = items.into_iter().map(|mut item| {
            if may_be_large && is_longer(&item, most_bytes) {
                let detail = format!("it is larger than {most_bytes} bytes, the most of one entity");
                return (Value::Null, Err(too_large(detail)));
            }
            let wanted = context_of(&mut item, kind, link.as_deref());
            let place = wanted.map_err(Problem::from).and_then(&mut place);
            (item, place)
        });
        Ok((sorted.collect(), contexts))
    }
}

fn too_large(detail: String) -> Problem {
    Problem::api(StatusCode::PAYLOAD_TOO_LARGE, detail).media_type("application/json")
}

/// Whether a value takes more than so many bytes as JSON.
fn is_longer(value: &Value, bytes: usize) -> bool {
    serde_json::to_writer(Room(bytes), value).is_err()
}

/// Takes so many bytes, and no more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
