//! `/scenarios/runs/{id}/entities`: the city as it would be, asked with the queries of NGSI-LD.
//!
//! The measures of a scenario are carried out once more, on a picture of the twin as it is when somebody asks; a few
//! such forks are kept for some minutes, so that the pages of one long answer are of one city. Where the measures no
//! longer fit the city, because somebody took away meanwhile what they change, the answer is 409 and says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use ngsi_ld::Uri;
use parking_lot::Mutex;
use scenarios::file::{Measure, ScenarioFile};
use scenarios::job::Run;
use scenarios::measures::apply_all;
use serde::Deserialize;
use twin::Snapshot;
use utoipa::IntoParams;

use super::runs::run_of;
use super::with_findings;
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::{
    Known, MapParameters, PageParameters, ProblemDetails, Reading, RepresentationParameters,
    SelectionParameters, query_of,
};
use crate::problem::{Answer, Problem, blocking};

/// How many forks are kept.
const KEPT: usize = 4;
/// How long a fork is kept.
const FRESH: Duration = Duration::from_mins(5);
/// The scenario without measures.
const BASELINE: &str = "baseline";

/// Which scenario.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ScenarioParameter {
    /// Its name in the file, or `baseline`; without it, the first.
    #[param(example = "kerbs")]
    scenario: Option<String>,
}

/// The city as it would be
///
/// The entities of the twin with the measures of a scenario carried out, by the queries of NGSI-LD (`type`, `id`, `q`,
/// `attrs`, `georel`, `limit`, `offset`, `count` …). `Mapacha-Snapshot` is the instant of the picture of the twin
/// that the measures were carried out on; `Mapacha-Run-Started` when the run began. The live twin is not touched.
#[utoipa::path(
    get,
    path = "/scenarios/runs/{id}/entities",
    tag = "Scenarios",
    operation_id = "scenarioEntities",
    params(("id" = String, Path, description = "The id of the run", example = "urn:ngsi-ld:ScenarioRun:1"),
        ScenarioParameter, SelectionParameters, RepresentationParameters, PageParameters),
    responses(
        (status = 200, description = "The entities", body = ref("#/components/schemas/EntityList"), content_type = "application/json", example = json!([])),
        (status = 400, description = "A parameter cannot be read", body = ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such run, or it has no such scenario", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The measures do not fit the city any more; see `findings`", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
#[allow(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn entities(
    visitor: Visitor,
    call: Reading,
    Path(id): Path<String>,
    Known(scenario): Known<ScenarioParameter>,
    Known(mut selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    maps.refuse()?;
    let app = call.app.clone();
    let (snapshot, ran_at) = blocking(move || {
        let run = run_of(&visitor, &id)?;
        let fork = fork(&app, &visitor, &run, scenario.scenario.as_deref().unwrap_or(""))?;
        Ok::<_, Problem>((fork, run.started_at.unwrap_or(run.submitted_at)))
    })
    .await??;
    // A fork is here and nowhere else, so no question is too wide for it.
    selection.local.get_or_insert_with(|| "true".to_owned());
    let at = snapshot.at();
    let reader = Arc::new(snapshot);
    let mut response = query_of(call, reader, selection, representation, page, None).await?;
    for (name, instant) in [("mapacha-snapshot", at), ("mapacha-run-started", ran_at)] {
        if let Ok(value) = HeaderValue::from_str(&instant.to_string()) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

/// Forks that were made and still hold.
#[derive(Default)]
pub(super) struct Forks {
    kept: Mutex<Vec<Kept>>,
    /// Held while one is made: one at a time, so that memory stays bounded.
    making: Mutex<()>,
}

struct Kept {
    run: Uri,
    scenario: String,
    tenant: Option<String>,
    made: Instant,
    snapshot: Snapshot,
}

impl Forks {
    fn get(&self, tenant: Option<&str>, run: &Uri, scenario: &str) -> Option<Snapshot> {
        let mut kept = self.kept.lock();
        kept.retain(|one| one.made.elapsed() < FRESH);
        kept.iter()
            .find(|one| one.tenant.as_deref() == tenant && one.run == *run && one.scenario == scenario)
            .map(|one| one.snapshot.clone())
    }

    fn put(&self, one: Kept) {
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(one);
    }

    /// Drops those of a run.
    pub(super) fn forget(&self, run: &Uri) {
        self.kept.lock().retain(|one| one.run != *run);
    }
}

/// The city with the measures of a run's scenario, for a caller who sees everything; for others it is made anew.
fn fork(app: &App, visitor: &Visitor, run: &Run, scenario: &str) -> Answer<Snapshot> {
    let Visitor { twin, view, tenant } = visitor;
    let file = ScenarioFile::parse(&run.scenario_file)
        .map_err(|findings| with_findings(StatusCode::CONFLICT, &findings))?;
    let (name, measures) = measures_of(&file, scenario)?;
    let forks = &app.scenarios.forks;
    let known = || {
        view.is_open()
            .then(|| forks.get(tenant.as_deref(), &run.id, &name))?
    };
    if let Some(snapshot) = known() {
        return Ok(snapshot);
    }
    let _making = forks.making.lock();
    if let Some(snapshot) = known() {
        return Ok(snapshot);
    }
    let baseline = twin.snapshot();
    let (made, _) = apply_all(&baseline, view, &measures).map_err(|findings| {
        with_findings(StatusCode::CONFLICT, &findings).member(
            "remedy",
            "the city changed since the run, so that its measures do not fit any more: change the file and run it again",
        )
    })?;
    let snapshot = made.snapshot();
    // What one caller may see is made for that caller alone.
    if view.is_open() {
        forks.put(Kept {
            run: run.id.clone(),
            scenario: name,
            tenant: tenant.clone(),
            made: Instant::now(),
            snapshot: snapshot.clone(),
        });
    }
    Ok(snapshot)
}

/// The scenario that is meant, and its measures in their order.
fn measures_of<'a>(file: &'a ScenarioFile, wanted: &str) -> Answer<(String, Vec<&'a Measure>)> {
    if wanted == BASELINE {
        return Ok((BASELINE.to_owned(), Vec::new()));
    }
    let scenarios = scenarios::run::scenarios(file);
    let chosen = if wanted.is_empty() {
        scenarios.first()
    } else {
        scenarios.iter().find(|scenario| scenario.name == wanted)
    };
    let chosen = chosen.ok_or_else(|| {
        let wanted: String = wanted.chars().take(100).collect();
        let mut there: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        there.push(BASELINE);
        Problem::api(
            StatusCode::NOT_FOUND,
            format!("the run has no scenario `{wanted}`; it has {}", there.join(", ")),
        )
    })?;
    Ok((chosen.name.clone(), scenarios::run::measures_of(file, chosen)))
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Entity, Name, Timestamp};
    use query::view::Rights;
    use query::{Caller, View};
    use scenarios::job::RunStatus;
    use twin::Reader as _;

    use super::*;
    use crate::pages::tests::city;

    const FILE: &str = "schema = 1\ntitle = \"Parks\"\n\n[[measure]]\nname = \"a\"\nkind = \"new-place\"\n\
        with.category = \"park\"\nwith.at = [36.82, -1.28]\n\n[[measure]]\nname = \"b\"\nkind = \"new-place\"\n\
        with.category = \"park\"\nwith.at = [36.83, -1.28]\n";
    const CHOOSE: &str = "\n[choose]\nobjectives = [{ indicator = \"park-walk\" }]\n";

    #[test]
    fn scenarios_are_those_of_the_run() {
        let file = |text: &str| ScenarioFile::parse(text).unwrap();
        let all = file(FILE);
        for wanted in ["", "all-measures"] {
            let (name, measures) = measures_of(&all, wanted).unwrap();
            assert_eq!((name.as_str(), measures.len()), ("all-measures", 2));
        }
        // What is only chosen from need not go together.
        let chosen = file(&format!("{FILE}{CHOOSE}"));
        for wanted in ["", "all-measures"] {
            assert!(measures_of(&chosen, wanted).is_err(), "{wanted}");
        }
        assert!(measures_of(&chosen, BASELINE).unwrap().1.is_empty());
    }

    #[test]
    fn what_not_everybody_sees_is_not_kept() {
        let app = city(vec![Entity::new(
            Uri::ngsi_ld("Park", "1"),
            Name::default_term("Park"),
        )]);
        let run = Run {
            id: Uri::ngsi_ld("ScenarioRun", "1"),
            title: String::new(),
            status: RunStatus::Done,
            progress: 1.0,
            step: None,
            submitted_at: Timestamp::from_seconds(0),
            started_at: None,
            finished_at: None,
            scenario_file: FILE.to_owned(),
            fingerprint: None,
            baseline_at: None,
            attempts: 1,
            version: String::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            blob: None,
            key: None,
        };
        let open = View::open(Caller::System("test"), "test");
        for (view, kept) in [(open.clone().with(&Rights::none()), 0), (open, 1)] {
            let visitor = Visitor {
                twin: app.twin(None).unwrap(),
                view,
                tenant: None,
            };
            let fork = fork(&app, &visitor, &run, "").unwrap();
            assert!(
                fork.get(&View::open(Caller::System("test"), "test"), &run.id)
                    .is_none()
            );
            assert_eq!(app.scenarios.forks.kept.lock().len(), kept);
        }
    }
}
