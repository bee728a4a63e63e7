//! What rules of retention run on: the twins of all tenants, and the classes of the moment.

use access::PolicyViews;
use access::policies::{Classes, DEFAULT_CLASSES};
use governance::desk::{By, Desk, Error, Ground, RunState, Which};
use ngsi_ld::{Entity, Name};
use query::view::Classification;
use twin::Tenants;

use crate::App;

/// Does something with it; `views`: what the city's policies say, where they hold. `stop` is asked before each write.
///
/// # Errors
/// As what is done; [`Error::Store`] where no classes can be read.
pub fn on_ground<T>(
    tenants: &Tenants,
    views: Option<&PolicyViews>,
    stop: &dyn Fn() -> bool,
    work: impl FnOnce(&Ground<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let rules = views.map(|views| views.policies().rules());
    let started;
    let classification: &Classification = if let Some(rules) = &rules {
        rules.classes().classification()
    } else {
        // What a city starts with; it is read by a test of its crate.
        started = Classes::parse("classification", DEFAULT_CLASSES)
            .map_err(|error| Error::Store(error.to_string()))?;
        started.classification()
    };
    let class_of = |entity: &Entity, attribute: &Name| {
        let class = classification.class_of(entity, attribute);
        let name = classification.classes().get(usize::from(class.0));
        name.map(ToString::to_string).unwrap_or_default()
    };
    work(&Ground {
        tenants: tenants.names(),
        twin_of: &|name| tenants.get(name),
        class_of: &class_of,
        stop,
    })
}

impl App {
    /// Does something with the twins and classes of this installation, until the program is told to stop.
    pub(crate) fn on_ground<T>(
        &self,
        work: impl FnOnce(&Ground<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        on_ground(
            &self.tenants,
            self.config.views.as_ref(),
            &|| self.is_stopping(),
            work,
        )
    }

    /// Runs the rules of retention where it is time; for a thread that may wait long.
    pub(crate) fn retain_if_due(&self, at_start: bool) {
        let Some(desk) = &self.config.desk else { return };
        let due = (at_start && desk.has_rules()) || (desk.retention_is_due() && desk.rules_are_settled());
        if self.is_stopping() || !due {
            return;
        }
        let ran = self.on_ground(|ground| desk.retain(&By::retention(), Which::All, ground));
        match ran {
            Ok(run) if run.state == RunState::Failed => {
                tracing::error!(
                    run = run.id,
                    why = run.why,
                    "retention failed; it will be tried again"
                );
            }
            Ok(run) => tracing::info!(run = run.id, state = run.state.name(), "retention ran"),
            Err(Error::Conflict(_)) => {} // somebody has it run just now
            Err(error) => tracing::error!(%error, "retention could not run; it will be tried again"),
        }
    }
}

impl super::AtDesk {
    /// What rules would do now.
    pub(crate) fn preview(&self, which: Which<'_>) -> Result<Vec<governance::desk::Outcome>, Error> {
        self.app.on_ground(|ground| self.desk.preview(which, ground))
    }

    /// Has rules run now.
    pub(crate) fn retain(&self, which: Which<'_>) -> Result<std::sync::Arc<governance::desk::Run>, Error> {
        self.app
            .on_ground(|ground| self.desk.retain(&self.by, which, ground))
    }
}

/// The desk's own work, where there is one.
pub(crate) fn keep_what_is_held(desk: Option<&Desk>, tenants: &Tenants) {
    if let Some(desk) = desk {
        tenants.ask_holds(&desk.keeper());
    }
}
