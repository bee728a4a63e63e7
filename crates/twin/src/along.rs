//! Ordered pages found by walking along the values of the attribute that decides first: what is not on the page is
//! not looked at.

use std::sync::Arc;

use ngsi_ld::query::q::is_system;
use ngsi_ld::{Entity, Name, Uri};
use query::{EntityQuery, Links, OrderPlan, Sorter, View};

use crate::attribute_index::{At, Counts, number};
use crate::choice::{self, Chosen};
use crate::error::Error;
use crate::finding::{Finding, MOST_ASIDE};
use crate::in_order::Indexed;
use crate::ordered::Ordered;
use crate::reader::Page;
use crate::reading::Reading;
use crate::shard::{Lane, Record};
use crate::state::{SHARDS, Shards};
use crate::steps::Steps;
use crate::walk::{Path, Walk};

/// A walk along the values of an attribute.
struct Along<'a> {
    name: &'a Name,
    descending: bool,
    /// Along the texts too: their order is that of the index.
    texts: bool,
    counts: Counts,
    /// After all values, what has others and what has none can be told in order: nothing else decides.
    beyond: bool,
    /// How many would be looked at to sort them.
    others: usize,
}

impl<S: Shards> Reading<'_, S> {
    /// One page in an order, by the shortest way: along the values of an attribute, along an index of the order, outwards
    /// from a place or from afar, or by sorting.
    pub(crate) fn ordered(&self, view: &View, query: &EntityQuery, sorter: &Sorter) -> Result<Page, Error> {
        let mut ordered = Ordered::new(sorter, query.offset, query.limit)?;
        let way = choice::choose(self.state, &query.selection, None);
        let indexed = self.indexed(view, query, sorter, &way);
        let mut in_vain = 0;
        if !is_better(indexed.as_ref(), sorter)
            && let Some(along) = self.along(view, query, sorter, &way)
        {
            match self.page_along(view, query, sorter, &along, &way)? {
                Ok(page) => {
                    if let Some(indexed) = indexed.filter(|_| !sorter.has_one_term()) {
                        // What an index of all terms would not have looked at: entities of the same first value.
                        let beyond = page.examined.saturating_sub(2 * (query.offset + query.limit));
                        self.state.ledger().owe(&indexed.basis, beyond);
                    }
                    return Ok(page);
                }
                Err(examined) => in_vain = examined,
            }
        }
        if let Some(indexed) = &indexed {
            match self.by_index(view, query, indexed)? {
                Ok(mut page) => {
                    page.examined += in_vain;
                    return Ok(page);
                }
                Err(examined) => in_vain += examined,
            }
        }
        if let Some(search) = self.outwards(view, query, sorter, &way) {
            match self.page_outwards(view, query, sorter, &search, &way)? {
                Ok(page) => return Ok(page),
                Err(examined) => in_vain += examined,
            }
        }
        if let Some(search) = self.afar(view, query, sorter, &way) {
            match self.page_afar(view, query, sorter, &search, &way)? {
                Ok(page) => return Ok(page),
                Err(examined) => in_vain += examined,
            }
        }
        let examined = self.visit_by(&way, view, &query.selection, &mut |entity| {
            ordered.push(entity);
            true
        })?;
        let mut page = ordered.page(query.count);
        page.examined = in_vain + examined;
        Ok(page)
    }

    /// The way by which a page in an order is looked for.
    pub(crate) fn order_plan(&self, view: &View, query: &EntityQuery, sorter: &Sorter) -> OrderPlan {
        let way = choice::choose(self.state, &query.selection, None);
        let indexed = self.indexed(view, query, sorter, &way);
        if !is_better(indexed.as_ref(), sorter)
            && let Some(along) = self.along(view, query, sorter, &way)
        {
            return OrderPlan::Along {
                attribute: along.name.clone(),
                numbers: along.counts.numbers + along.counts.several_numbers > 0,
                texts: along.texts && along.counts.texts + along.counts.other_texts > 0,
            };
        }
        match indexed {
            Some(indexed) if indexed.is_due_to_sort() => indexed.plan(),
            _ => {
                if let Some(search) = self.outwards(view, query, sorter, &way) {
                    OrderPlan::Outwards(search.property.clone())
                } else if let Some(search) = self.afar(view, query, sorter, &way) {
                    OrderPlan::FromAfar(search.property.clone())
                } else {
                    OrderPlan::Sorted(way.plan)
                }
            }
        }
    }

    /// `None` where that is not the shorter way: to sort what `way` leads to is.
    fn along<'b>(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &'b Sorter,
        way: &Chosen,
    ) -> Option<Along<'b>> {
        let (name, descending) = sorter.leading_attribute()?;
        let held = self.held(view, query)?;
        if is_system(name) {
            return None;
        }
        let (counts, present) = self.counts(name);
        let others = way.length(self.state);
        let texts = sorter.has_root_collation();
        let has_texts = counts.texts + counts.other_texts > 0;
        let along = Along {
            name,
            descending,
            texts,
            counts,
            beyond: sorter.has_one_term() && (texts || !has_texts),
            others,
        };
        let (steps, aside) = along.lengths();
        let cost = if steps >= held {
            // Where n of the values' m entities are selected, a page is full after about m / n times its length.
            held as f64 * steps as f64 / (others.max(1) as f64)
        } else if along.beyond && present.saturating_sub(steps + aside) <= MOST_ASIDE {
            steps as f64
        } else {
            return None;
        };
        (aside <= MOST_ASIDE && cost + (aside as f64) < others as f64).then_some(along)
    }

    /// How many values there are of an attribute, and how many entities that have it.
    pub(crate) fn counts(&self, name: &Name) -> (Counts, usize) {
        let (mut all, mut present) = (Counts::default(), 0);
        for index in 0..SHARDS {
            let (counts, with) = self.state.with(index, |shard| {
                let index = shard.attributes();
                (index.counts(name), index.count_with(name))
            });
            all.numbers += counts.numbers;
            all.several_numbers += counts.several_numbers;
            all.texts += counts.texts;
            all.other_texts += counts.other_texts;
            present += with;
        }
        (all, present)
    }

    /// The page; or, where the walk does not lead to the end of it, how many it looked at in vain.
    fn page_along(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &Sorter,
        along: &Along<'_>,
        way: &Chosen,
    ) -> Result<Result<Page, usize>, Error> {
        let name = along.name;
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        let mut finding = Finding::new(self, view, query, sorter, &links)?;
        let narrow = !view.read().is_all();
        // Along the values only those are taken of which the view shows the attribute: to it the others have none.
        let take = |finding: &mut Finding<'_, '_, S>, record: &Record| {
            let shows = |entity: Arc<Entity>| entity.get(name.as_str()).is_some();
            if narrow && !finding.seen(record).is_some_and(shows) {
                finding.pass_over();
                return Ok(());
            }
            finding.take(record)
        };
        let mut aside = vec![Lane::WithSeveralNumbers(name.clone())];
        aside.extend(along.texts.then(|| Lane::WithOtherTexts(name.clone())));
        for record in Walk::new(self.state, &Path::Lanes(aside)) {
            take(&mut finding, &record)?;
        }
        let mut steps = Steps::new(self.state, name, along.descending, along.texts);
        while let Some((at, record)) = steps.next() {
            if let Some((last, created)) = finding.ordered().last_of_full() {
                let (before, here) = match &at {
                    At::Number(rank) => {
                        let number = number(*rank);
                        (
                            sorter.is_before_number(last, number),
                            sorter.is_at_number(last, number),
                        )
                    }
                    At::Text(text) => (
                        sorter.is_before_text(last, &text.0),
                        sorter.is_at_text(last, &text.0),
                    ),
                };
                if before {
                    return Ok(Ok(finding.page()));
                }
                // All further ones of this value were made later.
                if here && created < record.key.0 {
                    steps.leave(&at);
                    continue;
                }
            }
            // Fewer of these are selected than there seemed to be.
            if finding.walked() > along.others {
                return Ok(Err(finding.examined()));
            }
            take(&mut finding, &record)?;
        }
        // At the end of the values, what else there is comes after them.
        let complete = finding.ordered().last_of_full().is_some_and(|(last, _)| {
            if along.texts {
                sorter.leads_with_number_or_text(last)
            } else {
                sorter.leads_with_number(last)
            }
        });
        // Objects, arrays, instants, and nothing.
        if complete || along.beyond && finding.rest(name, way)? {
            return Ok(Ok(finding.page()));
        }
        Ok(Err(finding.examined()))
    }
}

/// Whether an index is better than the values of the attribute that decides first: where others decide too, and it is
/// worth making.
fn is_better(indexed: Option<&Indexed>, sorter: &Sorter) -> bool {
    !sorter.has_one_term() && indexed.is_some_and(|indexed| indexed.is_due(0))
}

impl Along<'_> {
    /// How many steps there are, and how many entities are looked at beside them.
    fn lengths(&self) -> (usize, usize) {
        let Counts {
            numbers,
            several_numbers,
            texts,
            other_texts,
        } = self.counts;
        if self.texts {
            (numbers + texts, several_numbers + other_texts)
        } else {
            (numbers, several_numbers)
        }
    }
}
