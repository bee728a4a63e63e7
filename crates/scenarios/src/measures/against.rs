//! What stands against two measures together.

use ngsi_ld::{Uri, Value};

use super::plan::{Change, Plan};
use crate::file::Finding;

/// The most findings that two measures give.
const MOST: usize = 5;

/// The contradictions between two measures, in a fixed order.
pub(super) fn between(a: &Plan, b: &Plan) -> Vec<Finding> {
    // The same whichever is first.
    let (a, b) = if a.measure <= b.measure { (a, b) } else { (b, a) };
    let mut against = Against {
        place: format!("measures {} and {}", a.measure, b.measure),
        findings: Vec::new(),
        more: 0,
    };
    against.creates(a, b);
    against.writes(a, b);
    against.takes_away(a, b);
    against.takes_away(b, a);
    against.trips(a, b);
    against.headways(a, b);
    if against.more > 0 {
        let what = format!("they contradict each other in {} more ways", against.more);
        against.findings.push(Finding {
            place: against.place,
            what,
            remedy: APART.to_owned(),
        });
    }
    against.findings
}

const APART: &str = "put them in different scenarios, or take the entity out of one of them";

struct Against {
    place: String,
    findings: Vec<Finding>,
    more: usize,
}

impl Against {
    fn wrong(&mut self, what: String, remedy: &str) {
        if self.findings.len() < MOST {
            self.findings.push(Finding {
                place: self.place.clone(),
                what,
                remedy: remedy.to_owned(),
            });
        } else {
            self.more += 1;
        }
    }

    fn creates(&mut self, a: &Plan, b: &Plan) {
        for id in a.creates.keys().filter(|id| b.creates.contains_key(*id)) {
            self.wrong(format!("both make `{id}`"), "give the measures different names");
        }
    }

    fn writes(&mut self, a: &Plan, b: &Plan) {
        let (few, many) = if a.writes.len() <= b.writes.len() {
            (a, b)
        } else {
            (b, a)
        };
        for ((id, name), one) in &few.writes {
            let Some(other) = many.writes.get(&(id.clone(), name.clone())) else {
                continue;
            };
            if !agree(one, other) {
                let what = format!(
                    "they leave `{}` of `{id}` different: {} {}, {} {}",
                    name.short(),
                    few.measure,
                    told(one),
                    many.measure,
                    told(other)
                );
                self.wrong(what, APART);
            }
        }
    }

    /// `a` takes away or closes what `b` changes or needs.
    fn takes_away(&mut self, a: &Plan, b: &Plan) {
        let touched =
            |id: &Uri| b.writes_of(id).next().is_some() || b.uses.contains(id) || b.trips.contains_key(id);
        for id in a
            .deletes
            .iter()
            .filter(|id| touched(id) || b.closes.contains(*id))
        {
            let what = format!(
                "{} takes `{id}` away, and {} changes or needs it",
                a.measure, b.measure
            );
            self.wrong(what, APART);
        }
        let open = |id: &&Uri| !b.closes.contains(*id);
        for id in a.closes.iter().filter(open).filter(|id| touched(id)) {
            let what = format!(
                "{} closes `{id}`, and {} changes or needs it",
                a.measure, b.measure
            );
            self.wrong(what, APART);
        }
    }

    fn trips(&mut self, a: &Plan, b: &Plan) {
        let (few, many) = if a.trips.len() <= b.trips.len() {
            (a, b)
        } else {
            (b, a)
        };
        let mut told: Vec<String> = Vec::new();
        for (trip, one) in &few.trips {
            let Some(other) = many.trips.get(trip) else {
                continue;
            };
            if let (Some(x), Some(y)) = (&one.call, &other.call)
                && x.stop == y.stop
            {
                told.push(format!("both let trips call at `{}`", x.stop));
            }
            for ((leg, street), share) in &one.savings {
                let same = other.savings.get(&(*leg, street.clone()));
                if same.is_some_and(|it| (it - share).abs() > f64::EPSILON) {
                    told.push(format!(
                        "they save different shares of the run time along `{street}`"
                    ));
                }
            }
        }
        told.sort();
        told.dedup();
        for what in told {
            self.wrong(what, APART);
        }
    }

    fn headways(&mut self, a: &Plan, b: &Plan) {
        for one in &a.headways {
            for other in b.headways.iter().filter(|other| other.route == one.route) {
                if one.from_s < other.until_s && other.from_s < one.until_s {
                    let what = format!(
                        "both decide how often `{}` runs at the same time of day",
                        one.route
                    );
                    self.wrong(
                        what,
                        "give them windows that do not overlap, or put them in different scenarios",
                    );
                }
            }
        }
    }
}

/// Whether two changes of one attribute go together, in either order.
fn agree(a: &Change, b: &Change) -> bool {
    match (a, b) {
        (Change::Set(a), Change::Set(b)) | (Change::Fill(a), Change::Fill(b)) => super::plan::says(a, b),
        // Knowledge yields to work.
        (Change::Remove, Change::Remove)
        | (Change::Scale { .. }, Change::Scale { .. })
        | (Change::Fill(_), _)
        | (_, Change::Fill(_)) => true,
        _ => false,
    }
}

fn told(change: &Change) -> String {
    match change {
        Change::Set(attribute) | Change::Fill(attribute) => match &attribute.value {
            Value::Property(value) => format!("sets {}", value.to_json()),
            _ => "sets another value".to_owned(),
        },
        Change::Remove => "takes it away".to_owned(),
        Change::Scale { factor, .. } => format!("multiplies it by {factor}"),
    }
}
