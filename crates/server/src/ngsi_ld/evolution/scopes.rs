//! Scope queries over time: a Scope holds from when it was set until it is set anew or removed (4.18, 5.7.4.4).

use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::representation::scope_name;
use ngsi_ld::{Attribute, Entity, Timestamp, Uri};
use query::View;
use query::temporal::instant_of;
use twin::{HistoryQuery, Reader};

use super::Question;
use crate::problem::Answer;

/// When an entity had a Scope that a query asks for: half-open ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validity(Vec<(Timestamp, Timestamp)>);

impl Validity {
    /// Reads the evolution of the Scope. Where nothing is known of it, what holds now has held always.
    pub(super) fn of(twin: &dyn Reader, view: &View, now: &Entity, query: &ScopeQuery) -> Answer<Self> {
        Ok(Self::from_instances(&evolution(twin, view, &now.id)?, now, query))
    }

    /// Of instances in order.
    fn from_instances(instances: &[Attribute], now: &Entity, query: &ScopeQuery) -> Self {
        if instances.is_empty() {
            let all = (Timestamp::MIN, Timestamp::MAX);
            return Self(query.matches(&now.scope).then_some(all).into_iter().collect());
        }
        let ordered = instances;
        let ends = ordered.iter().skip(1).map(since);
        let ends: Vec<Timestamp> = ends.chain([Timestamp::MAX]).collect();
        let ranges = ordered.iter().zip(ends).filter_map(|(instance, end)| {
            let holds = query.matches(&instance.scopes());
            (holds && since(instance) < end).then(|| (since(instance), end))
        });
        Self(ranges.collect())
    }

    /// Without a query, always.
    pub(super) fn always() -> Self {
        Self(vec![(Timestamp::MIN, Timestamp::MAX)])
    }

    /// Whether it held at some time of a range.
    pub(super) fn touches(&self, range: (Timestamp, Timestamp)) -> bool {
        self.0
            .iter()
            .any(|(start, end)| *start < range.1 && range.0 < *end)
    }

    /// Keeps the instances of the time when it held, and those of the Scope itself.
    pub(super) fn keep(&self, instances: &mut Vec<Attribute>, property: TimeProperty) {
        instances.retain(|instance| {
            let at = instant_of(instance, property).unwrap_or_else(|| instance.instant());
            instance.is_scope() || self.holds(at)
        });
    }

    /// Whether it held at an instant.
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.0.iter().any(|(start, end)| *start <= at && at < *end)
    }

    /// Whether it held always, so that nothing has to be left out.
    pub(super) fn is_always(&self) -> bool {
        self.0 == [(Timestamp::MIN, Timestamp::MAX)]
    }
}

/// All that is known of the Scope over time, in order.
fn evolution(twin: &dyn Reader, view: &View, id: &Uri) -> Answer<Vec<Attribute>> {
    let always = HistoryQuery {
        temporal: TemporalQuery {
            relation: TimeRelation::Always,
            property: TimeProperty::ObservedAt,
        },
        attributes: vec![scope_name()],
        datasets: Vec::new(),
        last_n: None,
    };
    let known = twin.history(view, id, &always)?;
    let mut instances = known.map(|entity| entity.attributes).unwrap_or_default();
    instances.sort_by_key(since);
    Ok(instances)
}

/// From when on an instance holds.
fn since(instance: &Attribute) -> Timestamp {
    instance.deletion().unwrap_or_else(|| instance.instant())
}

/// Completes the Scope in what is told of a time: one that was set before and still held when it began is told too
/// (C.5.16.3), with the instant at which it was set; what holds now is told of no other time.
pub(super) fn complete(twin: &dyn Reader, view: &View, part: &mut Entity, question: &Question) -> Answer<()> {
    let TemporalQuery { relation, property } = question.temporal;
    if relation == TimeRelation::Always || property != TimeProperty::ObservedAt {
        return Ok(());
    }
    let known = evolution(twin, view, &part.id)?;
    if known.is_empty() {
        return Ok(()); // what holds now has held always, for all that is known
    }
    part.scope.clear();
    let (start, _) = relation.range();
    let before = known.into_iter().take_while(|instance| since(instance) < start);
    let held = before.last().filter(|instance| instance.deletion().is_none());
    // With `lastN` the last ones are told, and not the one before.
    if let Some(held) = held.filter(|_| question.last_n.is_none()) {
        let instances = &mut part.attributes;
        let at = instances.iter().position(Attribute::is_scope);
        instances.insert(at.unwrap_or(instances.len()), held);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Kind, Name};

    use super::*;

    #[test]
    fn clause_4_18_a_scope_holds_until_the_next() {
        let at = |n: i64| Timestamp::from_seconds(n);
        let scope = |text: &str, n| Attribute::of_scope(&[text.into()]).observed_at(at(n));
        let now = Entity::new(Uri::ngsi_ld("A", "1"), Name::default_term("A"));
        let query = |text| ScopeQuery::parse(text).unwrap();
        // /A from 10, /B from 20, none from 30, /A again from 40.
        let instances = [
            scope("/A", 10),
            scope("/B", 20),
            Attribute::deletion_of(scope_name(), None, Kind::Property, at(30)),
            scope("/A", 40),
        ];
        let validity = Validity::from_instances(&instances, &now, &query("/A"));
        assert_eq!(validity.0, [(at(10), at(20)), (at(40), Timestamp::MAX)]);
        let holds = [9, 10, 19, 20, 35, 40].map(|n| validity.holds(at(n)));
        assert_eq!(holds, [false, true, true, false, false, true]);
        assert!(validity.touches((at(0), at(11))) && !validity.touches((at(20), at(40))));
        let any = Validity::from_instances(&instances, &now, &query("/#"));
        assert_eq!(
            any.0,
            [(at(10), at(20)), (at(20), at(30)), (at(40), Timestamp::MAX)]
        );
        let none = Validity::from_instances(&instances, &now, &query("/C"));
        assert!(none.0.is_empty());
        // Nothing is known but what holds now.
        let mut now = now;
        now.scope = vec!["/A".into()];
        assert!(Validity::from_instances(&[], &now, &query("/A")).is_always());
        assert!(Validity::from_instances(&[], &now, &query("/B")).0.is_empty());
    }
}
