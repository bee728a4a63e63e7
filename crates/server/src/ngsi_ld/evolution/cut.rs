//! How much of some histories one answer holds: as many instances as fit, of whole instants only (6.3.10).

use ngsi_ld::query::temporal::TimeProperty;
use ngsi_ld::{Attribute, Entity, Name, Timestamp};
use query::temporal::instant_of;
use twin::Part;

use super::Question;
use crate::problem::{Answer, NgsiError, Problem};

/// Histories on their way into an answer.
pub(super) struct Room {
    most: usize,
    /// With `lastN` the latest instants are kept, else the earliest.
    latest: bool,
    property: TimeProperty,
    /// The instants up to (with `lastN` back to) this one are in the answer, others are not.
    reached: Option<Timestamp>,
    /// The histories, each with the attributes that have instances but none in it.
    pub(super) histories: Vec<(Entity, Vec<Name>)>,
    instances: usize,
}

impl Room {
    pub(super) fn new(question: &Question, most: usize) -> Self {
        Self {
            most,
            latest: question.last_n.is_some(),
            property: question.temporal.property,
            reached: None,
            histories: Vec::new(),
            instances: 0,
        }
    }

    /// Takes one in, and cuts all of them where there is no room for all.
    pub(super) fn take(&mut self, part: Part) -> Answer<()> {
        self.instances += part.entity.attributes.len();
        self.histories.push((part.entity, part.left_out));
        self.reached = match (self.reached, part.reached) {
            (None, only) | (only, None) => only,
            (Some(a), Some(b)) => Some(if self.latest { a.max(b) } else { a.min(b) }),
        };
        self.cut();
        if self.instances > self.most {
            self.reached = Some(self.last_that_fits()?);
            self.cut();
        }
        Ok(())
    }

    fn instant(&self, attribute: &Attribute) -> Timestamp {
        instant_of(attribute, self.property).unwrap_or_else(|| attribute.instant())
    }

    fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.histories
            .iter()
            .flat_map(|(entity, _)| &entity.attributes)
            .map(|attribute| self.instant(attribute))
    }

    /// The last instant of which, and of those before, there is room for all.
    fn last_that_fits(&self) -> Answer<Timestamp> {
        let mut instants: Vec<Timestamp> = self.instants().collect();
        instants.sort_unstable();
        if self.latest {
            instants.reverse();
        }
        let beyond = instants.get(self.most).copied();
        let fits = |at: &Timestamp| {
            beyond.is_none_or(|beyond| if self.latest { *at > beyond } else { *at < beyond })
        };
        instants
            .iter()
            .take(self.most)
            .rev()
            .copied()
            .find(fits)
            .ok_or_else(|| {
                Problem::ngsi(
                    NgsiError::TooManyResults,
                    format!(
                        "more than {} instances are of one instant; ask for fewer entities or attributes, or by another \
                         `timeproperty`",
                        self.most
                    ),
                )
            })
    }

    fn cut(&mut self) {
        let Some(reached) = self.reached else { return };
        let (latest, property) = (self.latest, self.property);
        self.instances = 0;
        for (entity, left_out) in &mut self.histories {
            let mut gone: Vec<Name> = Vec::new();
            entity.attributes.retain(|attribute| {
                let at = instant_of(attribute, property).unwrap_or_else(|| attribute.instant());
                let stays = if latest { at >= reached } else { at <= reached };
                if !stays && !gone.contains(&attribute.name) {
                    gone.push(attribute.name.clone());
                }
                stays
            });
            for name in gone {
                let is_in = entity.attributes.iter().any(|a| a.name == name);
                if !is_in && !left_out.contains(&name) {
                    left_out.push(name);
                }
            }
            self.instances += entity.attributes.len();
        }
    }

    /// `Content-Range`, where something was left out.
    pub(super) fn content_range(&self, question: &Question) -> Option<String> {
        let reached = self.reached?;
        let (from, to) = question.temporal.relation.range();
        let (start, size) = match question.last_n {
            None if from == Timestamp::MIN => (self.instants().min().unwrap_or(reached), "*".to_owned()),
            None => (from, "*".to_owned()),
            Some(size) if to == Timestamp::MAX => {
                (self.instants().max().unwrap_or(reached), size.to_string())
            }
            Some(size) => (to, size.to_string()),
        };
        Some(format!("DateTime {start}-{reached}/{size}"))
    }
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Attribute, Uri};

    use super::super::super::parameters::TemporalParameters;
    use super::super::super::representation::Evolution;
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_seconds(n)
    }

    fn question(last_n: Option<&str>, timerel: Option<(&str, &str)>) -> Question {
        let parameters = TemporalParameters {
            last_n: last_n.map(str::to_owned),
            timerel: timerel.map(|(relation, _)| relation.to_owned()),
            time_at: timerel.map(|(_, at)| at.to_owned()),
            ..Default::default()
        };
        Question::new(&parameters, Evolution::Normalized).unwrap()
    }

    fn part(term: &str, instants: impl Iterator<Item = i64>) -> Part {
        let name = Name::default_term(term);
        let mut entity = Entity::new(Uri::ngsi_ld("A", term), Name::default_term("A"));
        for n in instants {
            entity
                .attributes
                .push(Attribute::property(name.clone(), n).observed_at(at(n)));
        }
        Part {
            entity,
            reached: None,
            left_out: Vec::new(),
        }
    }

    /// The instants of each history, and the range.
    fn cut(parts: Vec<Part>, question: &Question, most: usize) -> (Vec<Vec<i64>>, Option<String>) {
        let mut room = Room::new(question, most);
        for part in parts {
            room.take(part).unwrap();
        }
        let seconds = |entity: &Entity| {
            let of = |a: &Attribute| a.instant().as_micros() / 1_000_000;
            entity.attributes.iter().map(of).collect::<Vec<_>>()
        };
        let histories = room.histories.iter().map(|(entity, _)| seconds(entity)).collect();
        (histories, room.content_range(question))
    }

    #[test]
    fn clause_6_3_10_a_long_history_is_cut() {
        let twice = || part("a", (0..10).map(|n| n / 2));
        let all = question(None, None);
        assert_eq!(cut(vec![twice()], &all, 10).1, None);
        let (histories, range) = cut(vec![twice()], &all, 5);
        assert_eq!(histories, [[0, 0, 1, 1]]);
        assert_eq!(
            range.unwrap(),
            "DateTime 1970-01-01T00:00:00Z-1970-01-01T00:00:01Z/*"
        );
        let (histories, range) = cut(vec![twice()], &question(Some("100"), None), 5);
        assert_eq!(histories, [[3, 3, 4, 4]]);
        assert_eq!(
            range.unwrap(),
            "DateTime 1970-01-01T00:00:04Z-1970-01-01T00:00:03Z/100"
        );
        let after = question(None, Some(("after", "1960-01-01T00:00:00Z")));
        let (_, range) = cut(vec![twice()], &after, 5);
        assert_eq!(
            range.unwrap(),
            "DateTime 1960-01-01T00:00:00Z-1970-01-01T00:00:01Z/*"
        );
        let before = question(Some("7"), Some(("before", "1980-01-01T00:00:00Z")));
        let (_, range) = cut(vec![twice()], &before, 5);
        assert_eq!(
            range.unwrap(),
            "DateTime 1980-01-01T00:00:00Z-1970-01-01T00:00:03Z/7"
        );
    }

    #[test]
    fn clause_6_3_10_several_histories_are_cut_at_one_instant() {
        let parts = || vec![part("a", 0..10), part("b", 5..15), part("c", 20..30)];
        let (histories, range) = cut(parts(), &question(None, None), 12);
        assert_eq!(histories, [(0..=7).collect(), vec![5, 6, 7], vec![]]);
        assert!(range.unwrap().ends_with("-1970-01-01T00:00:07Z/*"));
        let (histories, range) = cut(parts(), &question(Some("50"), None), 12);
        assert_eq!(histories, [vec![], vec![13, 14], (20..30).collect()]);
        assert!(range.unwrap().ends_with("-1970-01-01T00:00:13Z/50"));
        // What one history had to leave out, none has.
        let mut short = part("a", 0..3);
        short.reached = Some(at(2));
        let (histories, _) = cut(vec![part("b", 0..9), short], &question(None, None), 100);
        assert_eq!(histories, [vec![0, 1, 2], vec![0, 1, 2]]);
    }

    #[test]
    fn one_instant_that_does_not_fit_is_refused() {
        let mut room = Room::new(&question(None, None), 3);
        assert!(room.take(part("a", [7, 7, 7, 7].into_iter())).is_err());
    }
}
