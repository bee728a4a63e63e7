//! Paging through an entity map (5.5.9.3, 5.5.14): what requests say about maps, and the walk over one.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use ngsi_ld::query::temporal::Period;
use ngsi_ld::{Error, Timestamp, Uri};
use query::View;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use twin::{EntityMap, MAX_MAPPED, Mapped, Twin};
use utoipa::IntoParams;

use super::answer::{PageRequest, path_segment};
use super::parameters::{flag, list};
use super::selection::Wanted;
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// The header that names an entity map, in requests and responses.
pub(crate) const ENTITY_MAP: HeaderName = HeaderName::from_static("ngsild-entitymap");
/// Where entity maps are.
pub(crate) const ENTITY_MAPS: &str = "/ngsi-ld/v1/entityMaps";
/// How many entities are looked at together.
const CHUNK: usize = 256;

/// Whether an entity map is to be made (Table 6.4.3.2-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct MapParameters {
    /// `true`: the entities that are found are kept as an entity map, which `NGSILD-EntityMap` names.
    #[param(value_type = Option<bool>)]
    pub entity_map: Option<String>,
    /// How long the map should live, an ISO 8601 duration; at most a day.
    #[param(example = "PT1H")]
    pub entity_map_lifetime: Option<String>,
    /// `options=entityMap` is the same as `entityMap=true`.
    #[param(ignore)]
    pub options: Option<String>,
}

impl MapParameters {
    /// Refuses a map where there cannot be one.
    pub(crate) fn refuse(&self) -> Result<(), Problem> {
        if self.wanted()? {
            let detail = "entity maps are of the live twin and of snapshots; leave `entityMap` out";
            return Err(Problem::ngsi(NgsiError::OperationNotSupported, detail));
        }
        Ok(())
    }

    fn wanted(&self) -> Result<bool, Error> {
        let options = self.options.as_deref().filter(|text| !text.is_empty());
        let as_option = list("options", options)?.contains(&"entityMap");
        Ok(flag("entityMap", self.entity_map.as_deref())? || as_option)
    }
}

/// What a request says about entity maps.
#[derive(Clone, Debug)]
pub(crate) struct MapWish {
    /// The id of the map to page through.
    named: Option<String>,
    /// Whether one is to be made.
    wanted: bool,
    /// How long it should live.
    lifetime: Option<Duration>,
}

impl MapWish {
    /// From the headers, the parameters and the body of a query by POST (5.2.23).
    pub(crate) fn parse(
        headers: &HeaderMap,
        parameters: &MapParameters,
        query: Option<&Map<String, Value>>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let member = |name: &str| query.and_then(|query| query.get(name));
        let in_body = match member("entityMap") {
            None => false,
            Some(Value::Bool(wanted)) => *wanted,
            Some(_) => return Err(Error::bad_data("`entityMap` is true or false")),
        };
        let lifetime = match (member("entityMapLifetime"), &parameters.entity_map_lifetime) {
            (Some(Value::String(text)), _) | (None, Some(text)) => {
                Some(lifetime("entityMapLifetime", text, now)?)
            }
            (None, None) => None,
            (Some(_), _) => return Err(Error::bad_data("`entityMapLifetime` is an ISO 8601 duration")),
        };
        Ok(Self {
            named: named(headers)?,
            wanted: parameters.wanted()? || in_body,
            lifetime,
        })
    }

    /// The same for an operation that makes a map in any case (5.14.4, 5.14.5); a map that is named is ignored.
    pub(crate) fn make(self) -> Self {
        Self {
            named: None,
            wanted: true,
            ..self
        }
    }

    /// The map that is used to retrieve one entity (5.7.1.4), or its evolution (5.7.3.4): the one that is named, if it is there, else a new one,
    /// where one is named or wanted.
    pub(crate) async fn of_one(
        &self,
        twin: &Twin,
        view: &View,
        of: Mapped,
        id: Uri,
    ) -> Answer<Option<MapInUse>> {
        if self.named.is_none() && !self.wanted {
            return Ok(None);
        }
        let (wish, twin, view) = (self.clone(), twin.clone(), view.clone());
        blocking(move || wish.resolve(&twin, &view, of, &Wanted::default(), || Ok(vec![id]))).await?
    }

    /// The map that is named, where none can stand in for it: a new one may hold more.
    pub(crate) fn named_map(&self, twin: &Twin, view: &View, of: Mapped) -> Answer<Option<MapInUse>> {
        let Some(id) = self.named.as_deref() else {
            return Ok(None);
        };
        match twin.entity_map(view, id).filter(|map| map.of == of) {
            Some(map) => Ok(Some(MapInUse { map, made: false })),
            None => Err(Problem::ngsi(
                NgsiError::ResourceNotFound,
                format!("there is no entity map `{id}`, or its time has come; nothing was deleted"),
            )),
        }
    }

    /// The map to page through: the one that is named, if it is there, else a new one of what `find` finds, where one
    /// is named or wanted. For a thread that may wait.
    pub(crate) fn resolve(
        &self,
        twin: &Twin,
        view: &View,
        of: Mapped,
        wanted: &Wanted,
        find: impl FnOnce() -> Answer<Vec<Uri>>,
    ) -> Answer<Option<MapInUse>> {
        let there = self.named.as_deref().and_then(|id| twin.entity_map(view, id));
        if let Some(map) = there.filter(|map| map.of == of) {
            return Ok(Some(MapInUse { map, made: false }));
        }
        if self.named.is_none() && !self.wanted {
            return Ok(None);
        }
        let map = twin.make_entity_map(view, of, &fingerprint(wanted), find()?, self.lifetime)?;
        Ok(Some(MapInUse { map, made: true }))
    }
}

/// The id that `NGSILD-EntityMap` names: by the URI of the map, or by its path or URL here.
fn named(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get(&ENTITY_MAP) else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .map_err(|_not_a_uri| Error::bad_data("`NGSILD-EntityMap` is not the URI of an entity map"))?;
    let id = text.rsplit_once("/entityMaps/").map_or(text, |(_, id)| id);
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    Ok(Some(id.trim().to_owned()))
}

/// A duration from now on.
pub(crate) fn lifetime(name: &str, text: &str, now: Timestamp) -> Result<Duration, Error> {
    let bad = || {
        let text: String = text.chars().take(60).collect();
        Error::bad_data(format!(
            "`{name}` is `{text}`, not a positive ISO 8601 duration such as `PT1H`"
        ))
    };
    let period = Period::parse(text)
        .map_err(|_not_a_period| bad())?
        .ok_or_else(bad)?;
    // What leads beyond the calendar is as long as can be.
    let end = period.after(now, 1).unwrap_or(Timestamp::MAX);
    Ok(Duration::from_micros(end.as_micros().abs_diff(now.as_micros())))
}

/// What a query is, in a form in which two can be compared. The entities that it names by id are left aside: requests
/// that page through a map may name some of them (5.5.14).
fn fingerprint(wanted: &Wanted) -> String {
    let mut wanted = wanted.clone();
    wanted.selection.ids.clear();
    let mut text = String::new();
    for byte in &Sha256::digest(format!("{wanted:?}"))[..16] {
        let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
    }
    text
}

/// A map that a request pages through.
#[derive(Clone, Debug)]
pub(crate) struct MapInUse {
    /// The map.
    pub map: Arc<EntityMap>,
    /// Whether it was made for this request: 201 instead of 200.
    pub made: bool,
}

/// One page of what a map holds.
#[derive(Debug)]
pub(crate) struct MapPage<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Where the next page begins, if there is more.
    pub next: Option<usize>,
    /// Where the page before begins, if there is one.
    pub previous: Option<usize>,
    /// How many there are in all, where that was asked.
    pub total: Option<usize>,
}

impl MapInUse {
    /// One page: from the place that `offset` names, until it is full (5.5.9.3). `fetch` gives of some entities those
    /// that still fit; the others are removed from the map, if this is the query it was made for and `all` that
    /// exists is visible.
    pub(crate) fn page<T>(
        &self,
        wanted: &Wanted,
        page: PageRequest,
        all: bool,
        mut fetch: impl FnMut(Vec<Uri>) -> Answer<Vec<(Uri, T)>>,
    ) -> Answer<MapPage<T>> {
        let map = &*self.map;
        let named = &wanted.selection.ids;
        let may_remove = all && named.is_empty() && fingerprint(wanted) == map.query;
        let chunk = if page.count {
            CHUNK
        } else {
            CHUNK.min(page.limit + 1)
        };
        let start = if page.count { 0 } else { page.offset };
        let (mut place, mut matched) = (start, 0_usize);
        let mut found = MapPage {
            items: Vec::new(),
            next: None,
            previous: None,
            total: None,
        };
        while place < map.places() && (page.count || found.next.is_none()) {
            let first = place;
            let mut ids = Vec::new();
            while place < map.places() && ids.len() < chunk {
                let asked = map.at(place).filter(|id| named.is_empty() || named.contains(id));
                ids.extend(asked.cloned());
                place += 1;
            }
            if ids.is_empty() {
                continue;
            }
            let mut fit: HashMap<Uri, T> = fetch(ids)?.into_iter().collect();
            for at in first..place {
                let Some(id) = map.at(at) else { continue };
                let Some(item) = fit.remove(id) else {
                    if may_remove {
                        map.remove(at);
                    }
                    continue;
                };
                matched += 1;
                if at < page.offset {
                    continue;
                }
                if found.items.len() < page.limit {
                    found.items.push(item);
                } else {
                    found.next.get_or_insert(at);
                }
            }
        }
        if page.limit == 0 {
            found.next = None;
        } else if page.offset > 0 {
            let before = (0..page.offset.min(map.places())).rev();
            let mut there = before.filter(|at| map.at(*at).is_some()).take(page.limit);
            found.previous = Some(there.by_ref().last().unwrap_or(0));
        }
        found.total = page.count.then_some(matched);
        Ok(found)
    }

    /// Names the map in a response.
    pub(crate) fn annotate(&self, response: &mut Response) {
        let path = format!("{ENTITY_MAPS}/{}", path_segment(self.map.id.as_str()));
        if let Ok(value) = HeaderValue::from_str(&path) {
            response.headers_mut().insert(ENTITY_MAP, value);
        }
    }
}

/// The page in which everything that a map may hold is found; there must not be more.
pub(crate) const WHOLE: PageRequest = PageRequest {
    limit: MAX_MAPPED,
    offset: 0,
    count: false,
};

/// A query finds more than a map may hold.
pub(crate) fn too_many() -> Problem {
    let detail =
        format!("an entity map holds at most {MAX_MAPPED} entities, and the query has more: narrow it");
    Problem::ngsi(NgsiError::TooComplexQuery, detail)
}

#[cfg(test)]
mod tests {
    use query::Selection;
    use storage::Memory;
    use storage::environment::ManualClock;

    use super::*;

    fn map(entities: usize, wanted: &Wanted) -> MapInUse {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(0)));
        let twin = Twin::open(Box::new(Memory::new()), clock).unwrap();
        let view = View::open(query::Caller::System("test"), "test");
        let ids = (0..entities).map(|n| Uri::ngsi_ld("T", &n.to_string())).collect();
        let map = twin
            .make_entity_map(&view, Mapped::Entities, &fingerprint(wanted), ids, None)
            .unwrap();
        MapInUse { map, made: true }
    }

    fn number(id: &Uri) -> usize {
        id.local().parse().unwrap()
    }

    /// Following `next` while entities cease to fit gives each that fits all the time exactly once, in order.
    #[test]
    fn pages_neither_repeat_nor_miss() {
        let mut seed = 1_u64;
        let mut below = |bound: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((seed >> 33) % bound).unwrap()
        };
        for _ in 0..300 {
            let (entities, limit) = (below(40), 1 + below(6));
            let leaving: Vec<usize> = (0..below(20)).map(|_| below(40)).collect();
            let wanted = Wanted::default();
            let mapped = map(entities, &wanted);
            let (mut gone, mut seen, mut offset) = (Vec::new(), Vec::new(), Some(0));
            let mut leaving_next = leaving.iter();
            while let Some(at) = offset {
                let page = PageRequest {
                    limit,
                    offset: at,
                    count: false,
                };
                let found = mapped
                    .page(&wanted, page, true, |ids| {
                        let fit = ids.into_iter().filter(|id| !gone.contains(&number(id)));
                        Ok(fit.map(|id| (id.clone(), id)).collect())
                    })
                    .unwrap();
                assert!(
                    found.items.len() == limit || found.next.is_none(),
                    "filled to the maximum"
                );
                assert_eq!(found.previous.is_some(), at > 0);
                seen.extend(found.items.iter().map(number));
                gone.extend(leaving_next.by_ref().take(3).copied());
                offset = found.next;
            }
            assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]));
            for n in (0..entities).filter(|n| !leaving.contains(n)) {
                assert!(seen.contains(&n), "{n} is missing of {seen:?}");
            }
        }
    }

    #[test]
    fn clause_5_5_9_3_what_no_longer_fits_is_removed_and_counted_out() {
        let wanted = Wanted::default();
        let mapped = map(6, &wanted);
        let fitting = |ids: Vec<Uri>| -> Answer<Vec<(Uri, usize)>> {
            let fit = ids.into_iter().map(|id| (id.clone(), number(&id)));
            Ok(fit.filter(|(_, n)| *n != 1 && *n != 4).collect())
        };
        let request = |limit, offset, count| PageRequest { limit, offset, count };
        let page = mapped.page(&wanted, request(2, 0, true), false, fitting).unwrap();
        assert_eq!(
            (page.items, page.next, page.total),
            (vec![0, 2], Some(3), Some(4))
        );
        assert_eq!(
            mapped.map.entities().count(),
            6,
            "who does not see all removes nothing"
        );
        let other = Wanted {
            selection: Selection {
                attributes: vec![ngsi_ld::Name::default_term("a")],
                ..Selection::default()
            },
            ..Wanted::default()
        };
        mapped
            .page(
                &other,
                request(9, 0, false),
                true,
                |_| Ok(Vec::<(Uri, ())>::new()),
            )
            .unwrap();
        assert_eq!(mapped.map.entities().count(), 6, "another query removes nothing");
        let mut one = wanted.clone();
        one.selection.ids.push(Uri::ngsi_ld("T", "3"));
        let page = mapped.page(&one, request(9, 0, true), true, fitting).unwrap();
        assert_eq!(
            (page.items, page.total),
            (vec![3], Some(1)),
            "5.5.14: some of them by id"
        );
        let page = mapped.page(&wanted, request(2, 3, false), true, fitting).unwrap();
        assert_eq!(
            (page.items, page.next, page.previous),
            (vec![3, 5], None, Some(1))
        );
        mapped.page(&wanted, request(0, 0, true), true, fitting).unwrap();
        assert_eq!(
            mapped.map.entities().map(number).collect::<Vec<_>>(),
            [0, 2, 3, 5]
        );
        let page = mapped.page(&wanted, request(2, 3, false), true, fitting).unwrap();
        assert_eq!(page.previous, Some(0), "the page before is full too");
    }
}
