//! Ordered pages found by looking ever further around what distances are measured from: the nearest first.

use geo_types::Geometry;
use ngsi_ld::{Name, Uri};
use query::{Bbox, EntityQuery, Links, Sorter, View};

use crate::choice::Chosen;
use crate::error::Error;
use crate::finding::Finding;
use crate::in_order::FEW;
use crate::reader::Page;
use crate::reading::Reading;
use crate::state::Shards;
use crate::walk::{Path, Walk};

/// How far is looked at first, in metres.
const FIRST_M: f64 = 100.0;
/// How much further then.
const FURTHER: f64 = 3.0;
/// Nothing is as far away: more than half the circumference of the earth.
const FARTHEST_M: f64 = 20_100_000.0;

/// A search outwards.
pub(crate) struct Outwards<'a> {
    pub(crate) property: &'a Name,
    from: &'a Geometry<f64>,
    /// How many would be looked at to sort them.
    others: usize,
}

impl<S: Shards> Reading<'_, S> {
    /// The search that an order asks for; `None` where to sort what `way` leads to is shorter.
    pub(crate) fn outwards<'b>(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &'b Sorter,
        way: &Chosen,
    ) -> Option<Outwards<'b>> {
        let (property, from) = sorter.nearest()?;
        let held = self.held(view, query)?;
        let others = way.length(self.state);
        (others > FEW && held < others).then_some(Outwards {
            property,
            from,
            others,
        })
    }

    /// The page; or, where too few are anywhere, how many it looked at in vain.
    pub(crate) fn page_outwards(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &Sorter,
        search: &Outwards<'_>,
        way: &Chosen,
    ) -> Result<Result<Page, usize>, Error> {
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        let mut finding = Finding::new(self, view, query, sorter, &links)?;
        let Some(start) = Bbox::of(search.from) else {
            return Ok(Err(0));
        };
        let mut radius_m = FIRST_M;
        loop {
            let path = Path::Places(search.property.clone(), start.widened_m(radius_m));
            for record in Walk::new(self.state, &path) {
                // Fewer of these are selected than there seemed to be.
                if finding.walked() > search.others {
                    return Ok(Err(finding.examined()));
                }
                // Whoever does not see where it is finds it behind all that is somewhere.
                finding.take(&record)?;
            }
            // What was not met is further away than this.
            let last = finding.ordered().last_of_full();
            let last = last.and_then(|(last, _)| sorter.distance(last));
            if last.is_some_and(|distance| distance < radius_m) {
                return Ok(Ok(finding.page()));
            }
            if radius_m >= FARTHEST_M {
                break;
            }
            radius_m *= FURTHER;
        }
        // Then what is nowhere.
        if sorter.has_one_term() && finding.rest(search.property, way)? {
            return Ok(Ok(finding.page()));
        }
        Ok(Err(finding.examined()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::choice;
    use crate::farthest::FromAfar;
    use crate::{Operation, Twin};
    use geo_types::{line_string, point};
    use ngsi_ld::context::Context;
    use ngsi_ld::query::order::OrderBy;
    use ngsi_ld::query::q::Q;
    use ngsi_ld::{Attribute, Entity};
    use proptest::prelude::*;
    use query::view::{Condition, Rights};
    use query::{Caller, Selection};
    use storage::Memory;
    use storage::environment::SystemClock;

    /// Around a few places, so that many are near each other: a street, the antimeridian, the poles.
    fn position() -> impl Strategy<Value = (f64, f64)> {
        let place = prop::sample::select(vec![
            (36.8, -1.3),
            (179.99, 10.0),
            (-179.99, 10.0),
            (20.0, 89.9),
            (0.0, -90.0),
        ]);
        let off = || prop_oneof![3 => -0.01..0.01, 1 => -1.0..1.0, 1 => -200.0..200.0, 1 => Just(0.0)];
        (place, off(), off()).prop_map(|((x, y), dx, dy): ((f64, f64), f64, f64)| {
            ((x + dx).clamp(-180.0, 180.0), (y + dy).clamp(-90.0, 90.0))
        })
    }

    fn location() -> Name {
        Context::core().expand("location")
    }

    fn thing(number: usize, at: Option<(f64, f64)>, to: Option<(f64, f64)>) -> Entity {
        let mut entity = Entity::new(
            Uri::ngsi_ld("E", &number.to_string()),
            Name::default_term(["A", "A", "B"][number % 3]),
        );
        entity.attributes = vec![Attribute::property(
            Name::default_term("n"),
            [0_i64, 1, 2, 3][number % 4],
        )];
        if let Some((x, y)) = at {
            entity.attributes.push(match to {
                Some((a, b)) => Attribute::geo(location(), line_string![(x: x, y: y), (x: a, y: b)]),
                None => Attribute::geo(location(), point! { x: x, y: y }),
            });
        }
        entity
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn a_page_is_that_of_the_sorted_whole(
            things in prop::collection::vec((prop::option::weighted(0.9, position()), prop::option::weighted(0.1, position())), 1..60),
            from in position(), then in prop::sample::select(vec!["", ",n;desc", ",id;desc"]),
            q in prop::option::of(Just("n>=2")), of_type in any::<bool>(), hides in prop::option::of(prop::sample::select(vec!["n", "location"])),
            offset in 0..6_usize, limit in 1..9_usize, nearest in any::<bool>(),
        ) {
            let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock)).unwrap();
            let open = View::open(Caller::System("test"), "test");
            let located = things.iter().filter(|(at, _)| at.is_some()).count();
            let operations = things.iter().enumerate().map(|(number, (at, to))| Operation::Create(thing(number, *at, *to)));
            twin.execute_blocking(&open, operations.collect());
            let view = match hides {
                None => open,
                Some("n") => open.with(&Rights::except(Condition::Always, [Name::default_term("n")])),
                Some(_) => open.with(&Rights::except(Condition::Always, [location()])),
            };
            let selection = Selection {
                types: of_type.then(|| Selection::of_type(Name::default_term("A")).types).flatten(),
                q: q.map(|q| Q::parse(q, Context::core()).unwrap()),
                ..Selection::default()
            };
            let order = format!("location;dist-{}{then}", if nearest { "asc" } else { "desc" });
            let from = format!("[{},{}]", from.0, from.1);
            let order = OrderBy::parse(&order, None, Some(&from), None, Context::core()).unwrap();
            let sorter = Sorter::new(&order).unwrap();
            let reading = twin.reading();
            let mut all = Vec::new();
            reading.visit(&view, &selection, &mut |entity| {
                all.push(Arc::clone(entity));
                true
            }).unwrap();
            all.sort_by(|a, b| sorter.compare(&sorter.key(a), &sorter.key(b)));
            let query = EntityQuery { selection, limit, offset, count: false };
            let way = choice::choose(reading.state, &query.selection, None);
            let others = usize::MAX;
            let found = if nearest {
                let (property, from) = sorter.nearest().unwrap();
                reading.page_outwards(&view, &query, &sorter, &Outwards { property, from, others }, &way)
            } else {
                let (property, from) = sorter.farthest().unwrap();
                let search = FromAfar { property, from: Bbox::of(from).unwrap(), others };
                reading.page_afar(&view, &query, &sorter, &search, &way)
            };
            let anywhere = all.iter().filter(|entity| sorter.distance(&sorter.key(entity)).is_some()).count();
            if let Ok(page) = found.unwrap() {
                let expected: Vec<_> = all.iter().skip(offset).take(limit).collect();
                prop_assert_eq!(page.entities.iter().collect::<Vec<_>>(), expected);
                prop_assert_eq!(page.more, all.len() > offset + limit);
                prop_assert!(page.examined <= located || anywhere <= offset + limit);
            } else {
                prop_assert!(anywhere <= offset + limit, "{anywhere} are somewhere");
                prop_assert!(!sorter.has_one_term());
            }
        }
    }
}
