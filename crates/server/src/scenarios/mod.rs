//! Scenarios over HTTP: the files, their runs, what came of them, and the city as it would be.
//!
//! Runs are carried out by the threads of [`scenarios::job::Jobs`], one set for each tenant, made when a tenant
//! first needs them; handlers only ask and read. A scenario file is an entity of type `Scenario`, a run one of type
//! `ScenarioRun`: whoever speaks NGSI-LD finds them there too.

mod examples;
pub(crate) mod files;
mod forks;
mod kinds;
mod map;
mod paging;
mod problems;
pub(crate) mod results;
pub(crate) mod runs;
pub(crate) mod stored;

use std::collections::HashMap;

use parking_lot::Mutex;
use query::{Caller, View};
use scenarios::job::{JobError, Jobs, RunStatus};
use twin::Twin;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub(crate) use problems::{of_job, with_findings};

/// The routes, with their documentation.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(files::list, files::create))
        .routes(routes!(kinds::schema))
        .routes(routes!(kinds::kinds))
        .routes(routes!(kinds::indicators))
        .routes(routes!(runs::list, runs::submit))
        .routes(routes!(runs::retrieve, runs::delete))
        .routes(routes!(runs::cancel))
        .routes(routes!(results::result))
        .routes(routes!(forks::entities))
        .routes(routes!(map::differences))
        .routes(routes!(files::retrieve, files::replace, files::delete))
        .routes(routes!(runs::submit_stored))
}

/// What the scenarios of all tenants share in this process.
#[derive(Default)]
pub struct Scenarios {
    jobs: Mutex<HashMap<Option<String>, Jobs>>,
    /// Held while a scenario file is looked at and then written, so that two who change one do not both win.
    writes: Mutex<()>,
    forks: forks::Forks,
    /// The model of the city for the page about reach.
    pub(crate) models: crate::pages::reach::Models,
}

impl Scenarios {
    /// The runs of a tenant. The first who asks starts its threads.
    ///
    /// # Errors
    /// The twin could not be read.
    pub fn jobs(&self, app: &App, tenant: Option<&str>, twin: &Twin) -> Result<Jobs, JobError> {
        let mut all = self.jobs.lock();
        let key = tenant.map(str::to_owned);
        if let Some(jobs) = all.get(&key) {
            return Ok(jobs.clone());
        }
        let jobs = Jobs::start(twin.clone(), own_view(), app.config.scenario_runs)?;
        all.insert(key, jobs.clone());
        Ok(jobs)
    }

    /// Goes on with the runs that the end of the last process cut off, of every tenant that has some.
    pub fn resume(&self, app: &App) {
        for name in std::iter::once(None).chain(app.tenants.names().into_iter().map(Some)) {
            let Some(twin) = app.twin(name.as_deref()) else {
                continue;
            };
            let open = |status| matches!(status, RunStatus::Queued | RunStatus::Running);
            let waiting =
                scenarios::job::list(&twin, &own_view()).map(|runs| runs.iter().any(|run| open(run.status)));
            let resumed = match waiting {
                Ok(false) => continue,
                Ok(true) => self.jobs(app, name.as_deref(), &twin).map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = resumed {
                tracing::error!(%error, tenant = name.as_deref(), "runs of scenarios could not be resumed");
            }
        }
    }

    /// Ends the threads of all runs; what works goes on at the next start.
    pub fn stop(&self) {
        let all: Vec<Jobs> = self.jobs.lock().drain().map(|(_, jobs)| jobs).collect();
        for jobs in all {
            jobs.stop();
        }
    }
}

/// Runs are read and written by the program itself.
fn own_view() -> View {
    View::open(Caller::System("scenarios"), "simulation")
}
