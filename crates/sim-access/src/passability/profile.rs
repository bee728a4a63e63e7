//! Who is moving, and what stops them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Criterion, CriterionSet, Passability};
use crate::attributes::{Highway, Smoothness, Surface};

/// Somebody who moves through the streets: what stops them, and how fast they are. `None` in a threshold: it does
/// not stop them, so it need not be known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Name, for results.
    pub name: String,
    /// Speed on flat ground, metres a second.
    pub speed_m_s: f64,
    /// What slopes do to the speed.
    pub slope: Slope,
    /// Speed on steps as a share of that on flat ground (0 exclusive to 1).
    pub steps_speed: f64,
    /// Wait at a lift, seconds.
    pub lift_wait_s: f64,
    /// Wait at a crossing with lights, seconds.
    pub signal_wait_s: f64,
    /// What they do with steps.
    pub steps: Steps,
    /// The highest kerb they get over, metres.
    pub max_kerb_m: Option<f64>,
    /// The least clear width, metres.
    pub min_width_m: Option<f64>,
    /// The steepest way up, per cent.
    pub max_incline_up_pct: Option<f64>,
    /// The steepest way down, per cent (a positive number).
    pub max_incline_down_pct: Option<f64>,
    /// The surfaces they can use.
    pub surfaces: Option<SurfaceRule>,
    /// The worst smoothness they can use.
    pub worst_smoothness: Option<Smoothness>,
    /// Whether crossings and platforms must have tactile paving.
    pub needs_tactile_paving: bool,
    /// Whether steps must have a handrail.
    pub needs_handrail: bool,
    /// The busiest class of street on whose carriageway they go where there is no pavement; `None`: on none.
    pub carriageway_up_to: Option<Highway>,
    /// Whether `wheelchair=*` on the way speaks of them: `no` blocks; `yes` decides what nobody has measured, never
    /// what somebody has; `limited` leaves the way undecided at best.
    pub heeds_wheelchair_tag: bool,
    /// Criteria whose missing tags this caller is willing to take for good. Empty, unless somebody decides otherwise.
    pub tolerates_missing: CriterionSet,
}

/// What slopes do to speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slope {
    /// Nothing.
    Flat,
    /// Tobler's hiking function (1993), scaled to the speed on flat ground: exp(-3.5 |s + 0.05|) / exp(-0.175).
    /// Where the slope is not known as a number, as on flat ground.
    Tobler,
}

/// What somebody does with steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steps {
    /// Takes them.
    Takes,
    /// Takes up to so many in one flight.
    UpTo(u16),
    /// Needs a ramp for wheelchairs beside them. Steps on which nobody has recorded one are taken as said here:
    /// blocked, unless a caller would rather hear that nobody knows.
    NeedsRamp {
        /// The state of steps of which nobody has said whether there is a ramp.
        unsaid: Passability,
    },
}

/// Which surfaces can be used. What is in neither list is not decided by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurfaceRule {
    /// Good.
    pub passable: Vec<Surface>,
    /// Not to be used.
    pub blocked: Vec<Surface>,
}

impl SurfaceRule {
    /// The verdict on a surface.
    #[must_use]
    pub fn judge(&self, surface: Surface) -> Passability {
        if self.blocked.contains(&surface) {
            Passability::Blocked
        } else if self.passable.contains(&surface) {
            Passability::Passable
        } else {
            Passability::Unknown
        }
    }

    /// Wheels: hard and even is good, loose is not; cobbles and gravel differ too much to say.
    #[must_use]
    pub fn wheels() -> Self {
        use Surface::{Asphalt, Compacted, Concrete, Metal, Mud, PavingStones, Rubber, Sand, Wood};
        Self {
            passable: vec![Asphalt, Concrete, PavingStones, Metal, Wood, Rubber, Compacted],
            blocked: vec![Sand, Mud, Surface::Pebblestone],
        }
    }
}

/// A profile that cannot be.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("profile `{profile}`: {what} is {value}; give {give}")]
pub struct ProfileError {
    /// The profile.
    pub profile: String,
    /// What is wrong.
    pub what: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub give: &'static str,
}

impl Default for Profile {
    fn default() -> Self {
        Self::walking()
    }
}

impl Profile {
    /// Somebody on foot: 1.33 m/s (4.8 km/h), slopes by Tobler, steps at half speed; every way but motorways, trunk
    /// roads without a pavement, and what is closed to walkers.
    #[must_use]
    pub fn walking() -> Self {
        Self {
            name: "walking".to_owned(),
            speed_m_s: 1.33,
            slope: Slope::Tobler,
            steps_speed: 0.5,
            lift_wait_s: 30.0,
            signal_wait_s: 15.0,
            steps: Steps::Takes,
            max_kerb_m: None,
            min_width_m: None,
            max_incline_up_pct: None,
            max_incline_down_pct: None,
            surfaces: None,
            worst_smoothness: None,
            needs_tactile_paving: false,
            needs_handrail: false,
            carriageway_up_to: Some(Highway::Primary),
            heeds_wheelchair_tag: false,
            tolerates_missing: CriterionSet::EMPTY,
        }
    }

    /// A wheelchair moved by hand: kerbs to 3 cm, 0.9 m wide, 6 % up and down (the values of DIN 18040-3), a
    /// smoothness of intermediate or better, 1.0 m/s.
    #[must_use]
    pub fn manual_wheelchair() -> Self {
        Self {
            name: "manual-wheelchair".to_owned(),
            speed_m_s: 1.0,
            slope: Slope::Tobler,
            steps: Steps::NeedsRamp {
                unsaid: Passability::Blocked,
            },
            max_kerb_m: Some(0.03),
            min_width_m: Some(0.9),
            max_incline_up_pct: Some(6.0),
            max_incline_down_pct: Some(6.0),
            surfaces: Some(SurfaceRule::wheels()),
            worst_smoothness: Some(Smoothness::Intermediate),
            carriageway_up_to: Some(Highway::Residential),
            heeds_wheelchair_tag: true,
            ..Self::walking()
        }
    }

    /// A powered wheelchair: kerbs to 5 cm, 0.9 m wide, 10 % up and down, a smoothness of bad or better, fine gravel,
    /// 1.33 m/s.
    #[must_use]
    pub fn powered_wheelchair() -> Self {
        let mut surfaces = SurfaceRule::wheels();
        surfaces.passable.push(Surface::FineGravel);
        Self {
            name: "powered-wheelchair".to_owned(),
            speed_m_s: 1.33,
            max_kerb_m: Some(0.05),
            max_incline_up_pct: Some(10.0),
            max_incline_down_pct: Some(10.0),
            surfaces: Some(surfaces),
            worst_smoothness: Some(Smoothness::Bad),
            ..Self::manual_wheelchair()
        }
    }

    /// Somebody who walks by the feel of the ground: crossings and platforms with tactile paving, steps with a
    /// handrail, pavements beside every street busier than one people live in.
    #[must_use]
    pub fn long_cane() -> Self {
        Self {
            name: "long-cane".to_owned(),
            speed_m_s: 1.1,
            needs_tactile_paving: true,
            needs_handrail: true,
            carriageway_up_to: Some(Highway::Residential),
            ..Self::walking()
        }
    }

    /// Those of this page.
    #[must_use]
    pub fn built_in() -> [Self; 4] {
        [
            Self::walking(),
            Self::manual_wheelchair(),
            Self::powered_wheelchair(),
            Self::long_cane(),
        ]
    }

    /// The same, taking missing tags of these criteria for good.
    #[must_use]
    pub fn tolerating(mut self, criteria: impl IntoIterator<Item = Criterion>) -> Self {
        self.tolerates_missing = criteria
            .into_iter()
            .fold(self.tolerates_missing, CriterionSet::with);
        self
    }

    /// Whether the profile can be.
    pub fn check(&self) -> Result<(), ProfileError> {
        let wrong = |what, value, give| {
            Err(ProfileError {
                profile: self.name.clone(),
                what,
                value,
                give,
            })
        };
        if !(self.speed_m_s > 0.0 && self.speed_m_s <= 50.0) {
            return wrong(
                "speed_m_s",
                self.speed_m_s,
                "metres a second, more than 0 and at most 50",
            );
        }
        if !(self.steps_speed > 0.0 && self.steps_speed <= 1.0) {
            return wrong(
                "steps_speed",
                self.steps_speed,
                "a share of the speed, more than 0 and at most 1",
            );
        }
        for (what, wait) in [
            ("lift_wait_s", self.lift_wait_s),
            ("signal_wait_s", self.signal_wait_s),
        ] {
            if !(0.0..=86_400.0).contains(&wait) {
                return wrong(what, wait, "seconds from 0 to 86 400");
            }
        }
        let thresholds = [
            ("max_kerb_m", self.max_kerb_m),
            ("min_width_m", self.min_width_m),
            ("max_incline_up_pct", self.max_incline_up_pct),
            ("max_incline_down_pct", self.max_incline_down_pct),
        ];
        for (what, threshold) in thresholds {
            if let Some(value) = threshold.filter(|value| !(0.0..=1_000.0).contains(value)) {
                return wrong(what, value, "a number from 0 to 1000, or leave it out");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_can_be_and_nonsense_cannot() {
        for profile in Profile::built_in() {
            profile.check().unwrap();
        }
        let slow = Profile {
            speed_m_s: f64::NAN,
            ..Profile::walking()
        };
        assert_eq!(
            slow.check().unwrap_err().to_string(),
            "profile `walking`: speed_m_s is NaN; give metres a second, more than 0 and at most 50"
        );
        assert!(
            Profile {
                max_kerb_m: Some(-1.0),
                ..Profile::walking()
            }
            .check()
            .is_err()
        );
        assert!(
            Profile {
                steps_speed: 0.0,
                ..Profile::walking()
            }
            .check()
            .is_err()
        );
        assert!(
            Profile {
                lift_wait_s: f64::INFINITY,
                ..Profile::walking()
            }
            .check()
            .is_err()
        );
    }

    #[test]
    fn a_profile_is_data() {
        let text = serde_json::to_string(&Profile::powered_wheelchair()).unwrap();
        assert_eq!(
            serde_json::from_str::<Profile>(&text).unwrap(),
            Profile::powered_wheelchair()
        );
        let partial: Profile = serde_json::from_str(r#"{"name": "pram", "min_width_m": 0.7}"#).unwrap();
        assert_eq!((partial.min_width_m, partial.speed_m_s), (Some(0.7), 1.33));
    }
}
