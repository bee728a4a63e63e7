//! `mapacha scenario`

mod arguments;
mod summary;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use geo_types::MultiPolygon;
use indicators::binding::boundary;
use query::View;
use scenarios::file::{Finding, ScenarioFile};
use scenarios::job::{self, JobError, JobLimits, Jobs, RunStatus, Submission};
use scenarios::result::{self, RunResult};
use scenarios::run::{self, Checked, RunError, Watch, run as simulate};
use scenarios::siting::{self, SitingOptions};
use twin::{Snapshot, Twin};

pub(crate) use arguments::Scenario;
use arguments::{Check, Format, Places, Run, Site};

use super::remote::Remote;
use crate::config::Effective;
use crate::output::{Failure, Outcome, interactive, print, say};
use crate::world;

/// Does what was asked.
pub(crate) fn run(command: &Scenario, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    match command {
        Scenario::Run(arguments) => run_file(arguments, effective, json),
        Scenario::Check(arguments) => check(arguments, effective, json),
        Scenario::Site(arguments) => site(arguments, effective, json),
        Scenario::Kinds => kinds(json),
        Scenario::Schema => {
            let schema = serde_json::to_string_pretty(&ScenarioFile::schema())?;
            print(&format!("{schema}\n"))?;
            Ok(Outcome::Done)
        }
    }
}

fn run_file(arguments: &Run, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let format = arguments
        .format
        .unwrap_or(if json { Format::Json } else { Format::Text });
    let text = read(&arguments.file)?;
    let file = parse(&arguments.file, &text, json)?;
    let tenant = arguments.place.tenant.as_deref();
    let rendered = if let Some(url) = &arguments.place.url {
        let said = Remote::new(url, tenant, &arguments.place.key)?.scenario(&text, format.word())?;
        match format {
            Format::Text => summary::result(&serde_json::from_str(&said)?),
            _ => said,
        }
    } else {
        with_twin(tenant, effective, |twin| {
            let baseline = twin.snapshot();
            let result = if arguments.unstored {
                warn(&applied(&baseline, &file, json)?);
                simulate(&baseline, &view(), &file, &Steps::new()).map_err(|error| told(error, json))?
            } else {
                // A file that does not fit leaves no run behind, and what is odd is told before the work.
                warn(&applied(&baseline, &file, json)?);
                stored(twin, text.clone())?
            };
            Ok(match format {
                Format::Text => summary::result(&result),
                Format::Json => format!("{}\n", serde_json::to_string_pretty(&result)?),
                Format::Csv => result::csv(&result),
                Format::Html => result::html(&result, &outlines(&baseline, &result)?),
            })
        })?
    };
    put(&rendered, arguments.output.as_deref())?;
    Ok(Outcome::Done)
}

/// The polygons of a result's areas, in its order; none where an area has gone meanwhile.
fn outlines(baseline: &Snapshot, result: &RunResult) -> Result<Vec<MultiPolygon<f64>>, Failure> {
    let boundary = boundary::gather(baseline, &view())?;
    let polygons = result.areas.iter().map(|area| {
        let index = boundary.areas.iter().position(|found| found.id == area.id)?;
        boundary.area_polygons.get(index).cloned()
    });
    Ok(polygons.collect::<Option<Vec<_>>>().unwrap_or_default())
}

/// Runs the file as the server would: the run and what it found become entities.
fn stored(twin: &Twin, file: String) -> Result<RunResult, Failure> {
    let jobs = Jobs::start(twin.clone(), view(), JobLimits::default())?;
    let submission = Submission {
        file,
        ..Submission::default()
    };
    let id = jobs.submit(submission)?.id;
    let steps = Steps::new();
    let done = loop {
        let Some(run) = jobs.wait(&id, Duration::from_millis(100)) else {
            break Err(Failure::new(format!("the run {id} was deleted by somebody else")));
        };
        match run.status {
            RunStatus::Queued => {}
            RunStatus::Running => steps.percent(run.progress, run.step.as_deref().unwrap_or_default()),
            RunStatus::Done => break Ok(()),
            RunStatus::Cancelled => break Err(Failure::new(format!("the run {id} was cancelled"))),
            RunStatus::Failed => {
                break Err(Failure::new(format!(
                    "the run failed:\n  {}",
                    run.errors.join("\n  ")
                )));
            }
        }
    };
    jobs.stop();
    done?;
    job::result(twin, &view(), &id)?.ok_or_else(|| Failure::new(format!("the run {id} has no result")))
}

/// Reads, understands and applies; simulates nothing, writes nothing.
fn check(arguments: &Check, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    if let Some(url) = &arguments.place.url {
        return Err(Failure::usage("--url: a running server runs scenario files and does not check them").remedy(format!(
            "`mapacha scenario run {} --url {url}` says what does not fit before it simulates anything; or check \
             against the data folder with --data-dir, while no server has it open",
            arguments.file.display()
        )));
    }
    let text = read(&arguments.file)?;
    let file = parse(&arguments.file, &text, json)?;
    let checked = with_twin(arguments.place.tenant.as_deref(), effective, |twin| {
        applied(&twin.snapshot(), &file, json)
    })?;
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&checked)?))?;
    } else {
        print(&summary::applied(&checked))?;
    }
    Ok(Outcome::Done)
}

/// Says what is odd about the measures, once each.
fn warn(checked: &[Checked]) {
    let mut told = std::collections::BTreeSet::new();
    for applied in checked.iter().flat_map(|scenario| &scenario.measures) {
        for warning in &applied.warnings {
            if told.insert((&applied.measure, warning)) {
                say(&format!("warning: {}: {warning}", applied.measure));
            }
        }
    }
}

/// What the measures of each scenario change, or everything that stands against them.
fn applied(baseline: &Snapshot, file: &ScenarioFile, json: bool) -> Result<Vec<Checked>, Failure> {
    run::check(baseline, &view(), file).map_err(|error| match error {
        RunError::Findings(findings) => found("the scenario file", &findings, json),
        other => Failure::new(other.to_string()),
    })
}

fn site(arguments: &Site, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    if arguments.place.url.is_some() {
        return Err(
            Failure::usage("--url: a running server is not asked for places; they are found here")
                .remedy("name the data folder with --data-dir, while no server has it open"),
        );
    }
    let options = SitingOptions {
        wanted: arguments.kind.into(),
        count: usize::from(arguments.count),
        cost: arguments.cost,
        seed: arguments.seed,
        ..SitingOptions::default()
    };
    let siting = with_twin(arguments.place.tenant.as_deref(), effective, |twin| {
        siting::site(&twin.snapshot(), &view(), &options, &Steps::new()).map_err(|error| told(error, json))
    })?;
    if let Some(path) = &arguments.scenario {
        write(path, &siting.scenario_file())?;
        say(&format!(
            "the places as a scenario file: {}; try it with `mapacha scenario run`",
            path.display()
        ));
    }
    let text = match arguments
        .format
        .unwrap_or(if json { Places::Json } else { Places::Text })
    {
        Places::Text => siting.table(),
        Places::Json => format!("{}\n", serde_json::to_string_pretty(&siting)?),
        Places::Geojson => format!("{}\n", serde_json::to_string_pretty(&siting.geojson())?),
    };
    put(&text, arguments.output.as_deref())?;
    Ok(Outcome::Done)
}

fn view() -> View {
    world::own_view("simulation")
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self::new(error.to_string())
    }
}

fn kinds(json: bool) -> Result<Outcome, Failure> {
    let kinds = scenarios::catalogue::kinds();
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(kinds)?))?;
    } else {
        print(&summary::kinds(kinds))?;
    }
    Ok(Outcome::Done)
}

/// Opens the twin of the data folder for as long as `work` takes.
fn with_twin<T>(
    tenant: Option<&str>,
    effective: &Effective,
    work: impl FnOnce(&Twin) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let folder = world::data_dir(&effective.config)?;
    if !folder.exists() {
        return Err(
            Failure::new(format!("there is no data folder {}", folder.display())).remedy(
                "import the city first (`mapacha import`), or name its folder with --data-dir; `mapacha scenario run` \
                 also asks a running server, with --url",
            ),
        );
    }
    let tenants = world::open(&folder, &effective.config)?;
    let twin = world::twin(&tenants, tenant)?;
    let done = work(&twin);
    twin.close();
    done
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(format!("`{}` cannot be read: {error}", path.display()))
            .remedy("name a scenario file; `mapacha scenario schema` says what is in one")
    })?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(format!(
            "`{}` is not text in UTF-8 (at byte {})",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
        .remedy("save it as UTF-8")
    })
}

fn parse(path: &Path, text: &str, json: bool) -> Result<ScenarioFile, Failure> {
    ScenarioFile::parse(text).map_err(|findings| found(&path.display().to_string(), &findings, json))
}

/// All findings, one a line; as JSON on stdout where that is asked.
fn found(what: &str, findings: &[Finding], json: bool) -> Failure {
    if json {
        let document = serde_json::json!({ "findings": findings });
        let _ = print(&format!("{document}\n")); // nothing can be said where nothing can be written
    }
    let lines: Vec<String> = findings.iter().map(|finding| format!("\n  {finding}")).collect();
    Failure::told(format!("{what} cannot be run:{}", lines.concat()))
}

fn told(error: RunError, json: bool) -> Failure {
    match error {
        RunError::Findings(findings) => found("the scenario", &findings, json),
        other => Failure::new(other.to_string()),
    }
}

fn put(text: &str, output: Option<&Path>) -> Result<(), Failure> {
    match output {
        None => print(text),
        Some(path) => {
            write(path, text)?;
            say(&format!("written to {}", path.display()));
            Ok(())
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::new(format!("`{}` cannot be written: {error}", path.display()))
            .remedy("choose another place")
    })
}

/// Says how far a run is: a bar on a terminal, one line for each step otherwise.
struct Steps {
    bar: Option<indicatif::ProgressBar>,
    last: Mutex<String>,
}

impl Steps {
    fn new() -> Self {
        Self {
            bar: interactive().then(|| indicatif::ProgressBar::new(0)),
            last: Mutex::new(String::new()),
        }
    }
}

impl Steps {
    fn percent(&self, share: f64, step: &str) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        self.progress((share.clamp(0.0, 1.0) * 100.0) as usize, 100, step);
    }
}

impl Watch for Steps {
    fn progress(&self, done: usize, of: usize, step: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
            bar.set_message(step.to_owned());
            return;
        }
        // A step that counts on is told once.
        let Ok(mut last) = self.last.lock() else { return };
        if *last != step {
            step.clone_into(&mut last);
            say(&format!("{done}/{of} {step}"));
        }
    }

    fn cancelled(&self) -> bool {
        false
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
