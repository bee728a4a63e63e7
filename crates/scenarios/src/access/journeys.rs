//! Journeys by public transport, with the ways on foot to, from and between stops.

use sim_access::reach::{Matrix, matrix};
use sim_access::transit::{
    AccessLeg, Query, Rounds, StopInput, StraightLine, ThreeTimetables, earliest, network_legs,
    network_legs_towards, straight_legs, travel_times,
};
use sim_access::{Cost, Metric, Passability, Position, Profile, Snap, Start, Travel, Workspace};

use super::QuestionError;
use super::city::City;
use super::matrix::Question;
use crate::model::{Timetable, Who, departure_s};

/// The most vehicles in one journey.
const MOST_RIDES: usize = 5;

/// The timetable of the day, ready for somebody.
pub(super) struct Journeys<'a> {
    timetable: &'a Timetable,
    built: ThreeTimetables,
    inputs: Vec<StopInput>,
    snaps: Vec<Option<Snap>>,
    departure_s: i32,
    time: String,
    walking: StraightLine,
    who: Who,
}

impl<'a> Journeys<'a> {
    pub(super) fn of(city: &'a City<'_>, profile: &Profile) -> Result<Self, QuestionError> {
        let who = city.who(profile)?;
        let model = city.model();
        let timetable = model.timetable().ok_or_else(|| {
            QuestionError::missing(
                "the city has no timetable",
                "give or import one, as in --gtfs feed.zip",
            )
        })?;
        let options = model.options();
        let departure_s = departure_s(options).ok_or_else(|| {
            QuestionError::option(
                "--time",
                format!("`{}` is no time of day", options.time),
                "write it as 08:00",
            )
        })?;
        Ok(Self {
            built: timetable.build(model.streets(), options, who)?,
            inputs: timetable.inputs(profile),
            snaps: timetable.stops.iter().map(|stop| stop.snap).collect(),
            timetable,
            departure_s,
            time: options.time.clone(),
            walking: StraightLine {
                within_m: options.walk_m,
                detour: options.detour,
                speed_m_s: profile.speed_m_s,
            },
            who,
        })
    }

    /// Day and time.
    pub(super) fn departure(&self) -> String {
        let date = self.timetable.date.as_deref().unwrap_or_default();
        format!("{date} {}", self.time).trim().to_owned()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        vec![format!(
            "journeys leave at {}, walk at most {} m to and from stops, and change at most {} times; of lines \
             without exact times half the headway is waited for",
            self.departure(),
            self.walking.within_m,
            MOST_RIDES - 1
        )]
    }

    /// Where one gets off within a limit (milliseconds), as places to go on from.
    pub(super) fn alight(
        &self,
        travel: &Travel,
        from: &Snap,
        limit: Cost,
        at_least: Passability,
        workspace: &mut Workspace,
    ) -> Result<Vec<Start>, QuestionError> {
        let access = self.access(travel, from, at_least, workspace)?;
        let query = Query {
            access: &access,
            departure_s: self.departure_s,
            max_rides: MOST_RIDES,
        };
        let mut rounds = Rounds::new();
        let arrivals = earliest(self.built.of(at_least), &query, &mut rounds);
        let mut starts = Vec::new();
        for (stop, snap) in (0..).zip(&self.snaps) {
            let (Some(place), Some(at)) = (snap, arrivals.by_ride(stop)) else {
                continue;
            };
            let spent = Metric::Time.cost(f64::from(at.saturating_sub(self.departure_s)));
            if spent <= limit {
                starts.push(Start { place: *place, spent });
            }
        }
        Ok(starts)
    }

    fn access(
        &self,
        travel: &Travel,
        from: &Snap,
        at_least: Passability,
        workspace: &mut Workspace,
    ) -> Result<Vec<AccessLeg>, QuestionError> {
        let within_s = self.walking.within_m / self.walking.speed_m_s;
        Ok(network_legs(
            travel,
            from,
            &self.snaps,
            within_s,
            at_least,
            workspace,
        )?)
    }

    /// Travel times in seconds, by ways known to be good and by those that may be.
    pub(super) fn matrix(&self, city: &City<'_>, question: &Question) -> Result<[Matrix; 2], QuestionError> {
        let legs = self.legs(city, question)?;
        Ok([Passability::Passable, Passability::Unknown].map(|state| {
            let direct = |from: usize, to: usize| legs.direct(state, from, to);
            travel_times(
                self.built.of(state),
                &legs.access,
                &legs.egress,
                &direct,
                self.departure_s,
                MOST_RIDES,
                question.threads,
            )
        }))
    }

    /// The ways on foot at both ends, and without any ride.
    fn legs(&self, city: &City<'_>, question: &Question) -> Result<Legs, QuestionError> {
        let positions =
            |places: &[super::Place]| -> Vec<Position> { places.iter().map(|place| place.at).collect() };
        let (origins, destinations) = (positions(&question.origins), positions(&question.destinations));
        if city.model().streets().is_none() {
            // Straight lines: somebody on foot finds a way, nobody knows whether a wheelchair does.
            let state = match self.who {
                Who::Walking => Passability::Passable,
                Who::Wheelchair => Passability::Unknown,
            };
            let legs = |places: &[Position]| -> Vec<Vec<AccessLeg>> {
                let of = |place: &Position| {
                    let legs = straight_legs(*place, &self.inputs, &self.walking).into_iter();
                    legs.map(|leg| AccessLeg { state, ..leg }).collect()
                };
                places.iter().map(of).collect()
            };
            return Ok(Legs {
                access: legs(&origins),
                egress: legs(&destinations),
                direct: Direct::Straight {
                    origins,
                    destinations,
                    walking: self.walking,
                    state,
                },
            });
        }
        let travel = city.travel(&question.profile, Metric::Time)?;
        let towards = travel.towards();
        let within_s = self.walking.within_m / self.walking.speed_m_s;
        let snaps = |places: &[Position]| -> Vec<Option<Snap>> {
            places.iter().map(|&place| city.snap(&travel, place)).collect()
        };
        let (origins, destinations) = (snaps(&origins), snaps(&destinations));
        let mut workspace = Workspace::new();
        let (mut access, mut egress) = (Vec::new(), Vec::new());
        for place in &origins {
            access.push(match place {
                Some(place) => self.access(&travel, place, Passability::Unknown, &mut workspace)?,
                None => Vec::new(),
            });
        }
        for place in &destinations {
            egress.push(match place {
                Some(place) => network_legs_towards(
                    &towards,
                    place,
                    &self.snaps,
                    within_s,
                    Passability::Unknown,
                    &mut workspace,
                )?,
                None => Vec::new(),
            });
        }
        let limit = question
            .limit
            .map_or(sim_access::units::MAX_COST, super::Limit::cost);
        let direct = [Passability::Passable, Passability::Unknown]
            .map(|state| matrix(&travel, state, &origins, &destinations, limit, question.threads));
        Ok(Legs {
            access,
            egress,
            direct: Direct::Network(direct),
        })
    }
}

struct Legs {
    access: Vec<Vec<AccessLeg>>,
    egress: Vec<Vec<AccessLeg>>,
    direct: Direct,
}

enum Direct {
    /// Passable, and at best; milliseconds.
    Network([Matrix; 2]),
    Straight {
        origins: Vec<Position>,
        destinations: Vec<Position>,
        walking: StraightLine,
        state: Passability,
    },
}

impl Legs {
    /// Seconds on foot from an origin to a destination; begun ones count.
    fn direct(&self, at_least: Passability, from: usize, to: usize) -> Option<u32> {
        match &self.direct {
            Direct::Network([sure, best]) => {
                let walked = if at_least == Passability::Passable {
                    sure
                } else {
                    best
                };
                Some(walked.get(from, to)?.div_ceil(1000))
            }
            Direct::Straight {
                origins,
                destinations,
                walking,
                state,
            } => {
                let metres = origins.get(from)?.distance_m(*destinations.get(to)?) * walking.detour.max(1.0);
                let seconds = Metric::Time.cost(metres / walking.speed_m_s).div_ceil(1000);
                (*state >= at_least).then_some(seconds)
            }
        }
    }
}
