//! As many instances as fit, of the earliest instants or of the latest, however many come and in any order.

use ngsi_ld::{Attribute, Timestamp};

/// Room for instances, in order of their instants.
pub(crate) struct Window {
    most: usize,
    /// Whether the latest are kept, and not the earliest.
    latest: bool,
    kept: Vec<(Timestamp, Attribute)>,
    /// The first instant that has no room: all of it and what is beyond are left out.
    edge: Option<Timestamp>,
    /// How many came.
    pub(crate) pushed: usize,
}

impl Window {
    /// An empty one for so many.
    pub(crate) fn new(most: usize, latest: bool) -> Self {
        Self {
            most,
            latest,
            kept: Vec::new(),
            edge: None,
            pushed: 0,
        }
    }

    /// Whether some had no room.
    pub(crate) fn is_full(&self) -> bool {
        self.edge.is_some()
    }

    /// Takes an instance in, if there is room.
    pub(crate) fn push(&mut self, at: Timestamp, instance: Attribute) {
        self.pushed += 1;
        if !self.has_room(at) {
            return;
        }
        self.kept.push((at, instance));
        if self.kept.len() >= self.most.saturating_mul(2).saturating_add(64) {
            self.cut();
        }
    }

    /// What of a half-open range there may still be room for.
    pub(crate) fn narrow(&self, range: (Timestamp, Timestamp)) -> (Timestamp, Timestamp) {
        match self.edge {
            None => range,
            Some(edge) if self.latest => (range.0.max(edge.plus_micros(1)), range.1),
            Some(edge) => (range.0, range.1.min(edge)),
        }
    }

    /// The instances, and the last instant that is in them (or the first) where some had no room. An error, with its
    /// instant, where not even one instant has room.
    #[allow(clippy::type_complexity, reason = "used once")]
    pub(crate) fn finish(mut self) -> Result<(Vec<(Timestamp, Attribute)>, Option<Timestamp>), Timestamp> {
        self.cut();
        let Some(edge) = self.edge else {
            return Ok((self.kept, None));
        };
        let instants = self.kept.iter().map(|(at, _)| *at);
        let reached = if self.latest {
            instants.min()
        } else {
            instants.max()
        };
        match reached {
            Some(reached) => Ok((self.kept, Some(reached))),
            None => Err(edge),
        }
    }

    fn has_room(&self, at: Timestamp) -> bool {
        self.edge
            .is_none_or(|edge| if self.latest { at > edge } else { at < edge })
    }

    fn cut(&mut self) {
        if self.kept.len() <= self.most {
            return;
        }
        let mut instants: Vec<Timestamp> = self.kept.iter().map(|(at, _)| *at).collect();
        let place = if self.latest {
            instants.len() - self.most - 1
        } else {
            self.most
        };
        let (_, beyond, _) = instants.select_nth_unstable(place);
        self.edge = Some(*beyond);
        let kept = std::mem::take(&mut self.kept);
        self.kept = kept.into_iter().filter(|(at, _)| self.has_room(*at)).collect();
    }
}

#[cfg(test)]
mod tests {
    use ngsi_ld::Name;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against sorting everything.
        #[test]
        fn whole_instants_from_one_end(
            instants in proptest::collection::vec(0..40_i64, 0..300), most in 1..120_usize, latest in any::<bool>(),
        ) {
            let mut window = Window::new(most, latest);
            for at in &instants {
                let instance = Attribute::property(Name::default_term("a"), *at);
                window.push(Timestamp::from_seconds(*at), instance);
            }
            let mut sorted = instants.clone();
            sorted.sort_unstable();
            if latest {
                sorted.reverse();
            }
            let expected: Vec<i64> = match sorted.get(most) {
                None => sorted.clone(),
                Some(beyond) => sorted.iter().copied().filter(|at| if latest { at > beyond } else { at < beyond }).collect(),
            };
            match window.finish() {
                Ok((kept, reached)) => {
                    let mut kept: Vec<i64> = kept.iter().map(|(at, _)| at.as_micros() / 1_000_000).collect();
                    kept.sort_unstable();
                    if latest {
                        kept.reverse();
                    }
                    prop_assert_eq!(&kept, &expected);
                    let last = expected.last().copied().filter(|_| sorted.len() > most);
                    prop_assert_eq!(reached.map(|at| at.as_micros() / 1_000_000), last);
                }
                Err(at) => {
                    prop_assert!(expected.is_empty());
                    prop_assert_eq!(at.as_micros() / 1_000_000, sorted[0]);
                }
            }
        }
    }
}
