//! A page in an order while a walk leads to it.

use std::sync::Arc;

use hashbrown::HashSet;
use ngsi_ld::{Entity, Name};
use query::{EntityQuery, Links, Prepared, Sorter, View};
use storage::EntityKey;

use crate::choice::Chosen;
use crate::error::Error;
use crate::ordered::Ordered;
use crate::reader::Page;
use crate::reading::Reading;
use crate::shard::{Lane, Record};
use crate::state::Shards;
use crate::walk::{Path, Walk};

/// The most entities that stand in no order of an index, which are all looked at.
pub(crate) const MOST_ASIDE: usize = 1000;

/// What was found of a page so far.
pub(crate) struct Finding<'a, 'b, S> {
    reading: &'a Reading<'b, S>,
    view: &'a View,
    query: &'a EntityQuery,
    sorter: &'a Sorter,
    filter: Prepared,
    links: &'a Links<'a>,
    ordered: Ordered<'a>,
    met: HashSet<EntityKey>,
    passed_over: usize,
    aside: usize,
}

impl<'a, 'b, S: Shards> Finding<'a, 'b, S> {
    /// A page of which only what stands in no index any more was found: transient things that have ended (4.22).
    pub(crate) fn new(
        reading: &'a Reading<'b, S>,
        view: &'a View,
        query: &'a EntityQuery,
        sorter: &'a Sorter,
        links: &'a Links<'a>,
    ) -> Result<Self, Error> {
        let mut finding = Self {
            reading,
            view,
            query,
            sorter,
            filter: query.selection.prepare()?,
            links,
            ordered: Ordered::of_walk(sorter, query)?,
            met: HashSet::new(),
            passed_over: 0,
            aside: 0,
        };
        let types = query.selection.needed_types();
        let may_be = |record: &Record| {
            let has = |names: &Vec<Name>| names.iter().any(|name| record.entity.types.contains(name));
            types.as_ref().is_none_or(has)
        };
        for record in reading.ended() {
            if may_be(&record) {
                finding.take(&record)?;
            }
        }
        finding.aside = finding.met.len();
        Ok(finding)
    }

    /// What the view shows of one now.
    pub(crate) fn seen(&self, record: &Record) -> Option<Arc<Entity>> {
        self.reading.current(self.view, record.live()?)
    }

    /// Takes one into account, unless it was before.
    pub(crate) fn take(&mut self, record: &Record) -> Result<(), Error> {
        if self.met.insert(record.key)
            && let Some(entity) = self.seen(record)
            && self.filter.matches_linked(&entity, self.links)
        {
            self.ordered.push_numbered(&entity, record.key.0);
        }
        Ok(self.links.check()?)
    }

    /// Looked at one in vain: it comes again.
    pub(crate) fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    /// How many were looked at.
    pub(crate) fn examined(&self) -> usize {
        self.met.len() + self.passed_over
    }

    /// How many of them stand in the order that is walked along.
    pub(crate) fn walked(&self) -> usize {
        self.examined() - self.aside
    }

    /// What is on the page if nothing else comes before it.
    pub(crate) fn ordered(&self) -> &Ordered<'a> {
        &self.ordered
    }

    /// The end of an order by one attribute, after all that stands in an index of it: the others that have it, and those
    /// that have it not, in order of creation, by `way`. `false` where the others are too many.
    pub(crate) fn rest(&mut self, name: &Name, way: &Chosen) -> Result<bool, Error> {
        let (_, present) = self.reading.counts(name);
        if present.saturating_sub(self.examined()) > MOST_ASIDE {
            return Ok(false);
        }
        for record in Walk::new(
            self.reading.state,
            &Path::Lanes(vec![Lane::WithAttribute(name.clone())]),
        ) {
            self.take(&record)?;
        }
        for record in way.walk(self.reading.state) {
            // All to come stand after what has something, and after what has nothing and was made earlier.
            let last = self.ordered.last_of_full();
            if last
                .is_some_and(|(last, number)| self.sorter.leads_with_something(last) || number < record.key.0)
            {
                break;
            }
            self.take(&record)?;
        }
        Ok(true)
    }

    /// The page.
    pub(crate) fn page(self) -> Page {
        let examined = self.examined();
        let total = self.reading.known_total(self.view, self.query);
        self.ordered.walked_page(total, examined)
    }
}

#[cfg(test)]
mod tests {
    use ngsi_ld::context::Context;
    use ngsi_ld::query::order::OrderBy;
    use ngsi_ld::{Attribute, Timestamp, Uri};
    use proptest::prelude::*;
    use query::{Caller, Selection};
    use storage::Memory;
    use storage::environment::ManualClock;

    use super::*;
    use crate::{Operation, Twin};

    const START: i64 = 1_800_000_000;

    fn thing(number: usize, value: u8, ends: Option<(u8, bool)>) -> Entity {
        let mut entity = Entity::new(Uri::ngsi_ld("T", &number.to_string()), Name::default_term("T"));
        let place = geo_types::point! { x: 36.0 + f64::from(value) / 1000.0, y: number as f64 / 10_000.0 };
        let mut attributes = vec![
            Attribute::property(Name::default_term("n"), i64::from(value)),
            Attribute::property(Name::default_term("text"), format!("{value:03}")),
            Attribute::geo(Context::core().expand("location"), place),
        ];
        if let Some((after, all)) = ends {
            let end = Some(Timestamp::from_seconds(START + 1 + i64::from(after)));
            if all {
                entity.expires_at = end;
            } else {
                for attribute in &mut attributes {
                    attribute.expires_at = end;
                }
            }
        }
        entity.attributes = attributes;
        entity
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        /// What has ended and is not deleted yet is looked at, and nothing is sorted for it.
        #[test]
        fn pages_leave_out_what_has_ended(
            values in prop::collection::vec(any::<u8>(), 1100..1400),
            ends in prop::collection::btree_map(0..1100_usize, (0..20_u8, any::<bool>()), 1..40),
            waited in 0..25_i64, offset in 0..6_usize, limit in 1..9_usize,
        ) {
            let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START)));
            let of_twin: Arc<dyn crate::Clock> = Arc::<ManualClock>::clone(&clock);
            let twin = Twin::open(Box::new(Memory::new()), of_twin).unwrap();
            let view = View::open(Caller::System("test"), "test");
            let made = values.iter().enumerate().map(|(number, value)| Operation::Create(thing(number, *value, ends.get(&number).copied())));
            prop_assert!(twin.execute_blocking(&view, made.collect()).iter().all(Result::is_ok));
            clock.advance(waited * 1_000_000);
            let reading = twin.reading();
            let expected = ends.iter().filter(|(_, (after, _))| i64::from(*after) < waited).count();
            prop_assert_eq!(reading.ended().count(), expected);
            for (order, from) in [
                ("n", None), ("n;desc", None), ("text;desc", None), ("id", None), ("createdAt;desc", None), ("n,id;desc", None),
                ("location;dist-asc", Some("[36.1,0.01]")), ("location;dist-desc", Some("[36.1,0.01]")),
            ] {
                let order_by = OrderBy::parse(order, None, from, None, Context::core()).unwrap();
                let sorter = Sorter::new(&order_by).unwrap();
                let query = EntityQuery { selection: Selection::of_type(Name::default_term("T")), limit, offset, count: true };
                let mut all = Vec::new();
                reading.visit(&view, &query.selection, &mut |entity| {
                    all.push(Arc::clone(entity));
                    true
                }).unwrap();
                all.sort_by(|a, b| sorter.compare(&sorter.key(a), &sorter.key(b)));
                for _ in 0..2 {
                    let page = reading.ordered(&view, &query, &sorter).unwrap();
                    let expected: Vec<_> = all.iter().skip(offset).take(limit).collect();
                    prop_assert_eq!(page.entities.iter().collect::<Vec<_>>(), expected, "{}", order);
                    prop_assert_eq!((page.total, page.more), (Some(all.len()), all.len() > offset + limit));
                }
                let plan = reading.order_plan(&view, &query, &sorter).to_string();
                prop_assert!(!plan.starts_with("sorted"), "{order}: {plan}");
            }
            let types = reading.types(&view);
            let left = values.len() - ends.values().filter(|(after, all)| *all && i64::from(*after) < waited).count();
            prop_assert_eq!(types, vec![(Name::default_term("T"), left)]);
        }
    }
}
