//! What each scenario changes in the city, measure by measure, down to the entities.

use ngsi_ld::Uri;
use scenarios::result::RunResult;

use super::words::{self, Titles};
use crate::pages::describe::{local_of, plain};
use crate::pages::language::Language;
use crate::pages::visit::{address, encode};

/// So many entities of each kind of change are named; the files hold all.
const NAMED: usize = 6;

/// What one scenario changes.
pub(super) struct Changes {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    /// The changed city, as data.
    pub(super) data: String,
}

/// What one measure changes.
pub(super) struct Row {
    pub(super) measure: String,
    /// What is made, changed, taken away.
    pub(super) ids: [Ids; 3],
    pub(super) warnings: Vec<String>,
}

/// Some of the entities, and how many there are.
pub(super) struct Ids {
    pub(super) count: String,
    /// Name, and address where the entity is in the twin.
    pub(super) named: Vec<(String, Option<String>)>,
    pub(super) more: bool,
}

impl Ids {
    fn of(ids: &[Uri], there: bool, l: Language) -> Self {
        let named = ids.iter().take(NAMED).map(|id| {
            (
                local_of(id),
                there.then(|| format!("/entities/{}", encode(id.as_str()))),
            )
        });
        Self {
            count: l.count(ids.len()),
            named: named.collect(),
            more: ids.len() > NAMED,
        }
    }
}

impl Changes {
    /// Of every scenario.
    pub(super) fn all(found: &RunResult, path: &str, titles: &Titles, l: Language) -> Vec<Self> {
        let one = |scenario: &scenarios::result::ScenarioResult| {
            let ids: Vec<&str> = scenario
                .measures
                .iter()
                .flat_map(|measure| measure.created.iter().chain(&measure.updated))
                .take(50)
                .map(Uri::as_str)
                .collect();
            let ids = ids.join(",");
            Self {
                title: plain(&scenario.title),
                rows: scenario
                    .measures
                    .iter()
                    .map(|measure| Row {
                        measure: titles.title(&measure.measure),
                        ids: [
                            Ids::of(&measure.created, false, l),
                            Ids::of(&measure.updated, true, l),
                            Ids::of(&measure.deleted, true, l),
                        ],
                        warnings: measure.warnings.iter().map(|text| words::long(text)).collect(),
                    })
                    .collect(),
                data: address(
                    &format!("{path}/entities"),
                    [
                        ("scenario", scenario.name.as_str()),
                        ("id", &ids),
                        ("limit", "50"),
                    ]
                    .into_iter(),
                ),
            }
        };
        found.scenarios.iter().map(one).collect()
    }
}
