//! `mapacha simulate access`

use std::path::Path;

use query::View;
use scenarios::access::{
    self, Answer, Limit, Metric, Mode, Position, Profile, QuestionError, isochrone, matrix, reach, route,
    survey,
};
use scenarios::model::TravelOptions;
use twin::Reader;

use super::arguments::{By, City, Common, Far, Format, Question};
use super::files;
use crate::config::Effective;
use crate::output::{Failure, Outcome, print, say};
use crate::world;

/// Asks, prints, and says by the exit code whether there is a solution.
pub(super) fn run(question: &Question, effective: &Effective) -> Result<Outcome, Failure> {
    let common = question.common();
    let profile = profile(&common.profile)?;
    let view = world::own_view("simulation");
    let answer = with_city(&common.city, effective, &view, |reader, warnings| {
        let options = travel(question, &profile);
        let city = access::City::read(reader, &view, &options)?;
        let city = if common.format == Some(Format::Geojson) {
            city
        } else {
            city.without_map()
        };
        let mut answer = ask(question, &city, &profile)?;
        answer.warnings.splice(0..0, warnings);
        Ok(answer)
    })?;
    put(&answer, common)?;
    Ok(if answer.solved {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn ask(question: &Question, city: &access::City<'_>, profile: &Profile) -> Result<Answer, Failure> {
    let profile = profile.clone();
    let answer = match question {
        Question::Isochrone(asked) => {
            let limit = limit(&asked.far).ok_or_else(|| {
                Failure::usage("an isochrone needs --minutes or --metres").remedy("as in --minutes 15")
            })?;
            let question = isochrone::Question {
                from: place("--from", &asked.from)?,
                limit,
                profile,
                mode: mode(asked.going.by),
                outline: None,
            };
            isochrone::ask(city, &question)
        }
        Question::Reach(asked) => match &asked.category {
            None if limit(&asked.far).is_some() => {
                return Err(Failure::usage("a distance needs a category")
                    .remedy("add --category, as in --category clinic; or leave --metres and --minutes out"));
            }
            None => reach::all(city),
            Some(category) => {
                let question = reach::Question {
                    category: category.clone(),
                    limit: limit(&asked.far),
                    profile,
                };
                reach::ask(city, &question)
            }
        },
        Question::Route(asked) => {
            let question = route::Question {
                from: place("--from", &asked.from)?,
                to: place("--to", &asked.to)?,
                limit: limit(&asked.far),
                profile,
            };
            route::ask(city, &question)
        }
        Question::Matrix(asked) => {
            let question = matrix::Question {
                origins: match &asked.origins {
                    Some(file) => points(file)?,
                    None => city.areas()?,
                },
                destinations: match &asked.destinations {
                    Some(file) => points(file)?,
                    None => city.places(&asked.to_category)?,
                },
                profile,
                mode: mode(asked.going.by),
                metric: if asked.count_minutes {
                    Metric::Time
                } else {
                    Metric::Distance
                },
                limit: limit(&asked.far),
                threads: match asked.threads {
                    0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
                    threads => threads,
                },
            };
            matrix::ask(city, &question)
        }
        Question::Survey(asked) => {
            let question = survey::Question {
                profile,
                category: asked.category.clone(),
                limit: limit(&asked.far).unwrap_or_else(|| reach::usual_limit(&asked.category)),
                most: (asked.most > 0).then_some(asked.most),
            };
            survey::ask(city, &question)
        }
        Question::Edges(_) => access::edges::ask(city, &profile),
    };
    Ok(answer?)
}

/// Opens the city: a twin in memory out of the files, or the one in the data folder.
fn with_city<T>(
    city: &City,
    effective: &Effective,
    view: &View,
    ask: impl FnOnce(&dyn Reader, Vec<String>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if city.url.is_some() {
        return Err(Failure::usage(
            "--url: a running server is not asked; a simulation runs in this process",
        )
        .remedy("name the files (--osm, --gtfs …), or stop the server and name its folder with --data-dir"));
    }
    if files::any(city) {
        if city.data_dir.is_some() {
            return Err(
                Failure::usage("files and --data-dir: ask one or the other").remedy(
                    "to add files to a city, import them first: mapacha import osm FILE --data-dir DIR",
                ),
            );
        }
        let (twin, warnings) = files::city(city, view)?;
        let answer = ask(&twin.snapshot(), warnings);
        twin.close();
        return answer;
    }
    let folder = world::data_dir(&effective.config)?;
    if !folder.exists() {
        return Err(
            Failure::usage(format!("there is no city: {} does not exist", folder.display()))
                .remedy("name files, as in --osm city.osm.pbf, or a data folder that exists with --data-dir"),
        );
    }
    let tenants = world::open(&folder)?;
    let twin = match &city.tenant {
        // A question makes no tenant.
        Some(name) => tenants
            .get(Some(name))
            .ok_or_else(|| Failure::new(format!("there is no tenant `{name}`")).remedy("check the name"))?,
        None => world::twin(&tenants, None)?,
    };
    let answer = ask(&twin.snapshot(), Vec::new());
    twin.close();
    answer
}

fn travel(question: &Question, profile: &Profile) -> TravelOptions {
    let mut options = TravelOptions::default();
    let when = match question {
        Question::Isochrone(asked) => Some((&asked.going.time, &asked.going.date)),
        Question::Matrix(asked) => Some((&asked.going.time, &asked.going.date)),
        Question::Reach(asked) => Some((&asked.going.time, &asked.going.date)),
        _ => None,
    };
    if let Some((time, date)) = when {
        options.time.clone_from(time);
        options.date.clone_from(date);
    }
    if profile.name.ends_with("wheelchair") || profile.name == "long-cane" {
        options.wheelchair = profile.name.replace('-', "_");
    }
    options
}

fn limit(far: &Far) -> Option<Limit> {
    far.metres.map(Limit::Metres).or(far.minutes.map(Limit::Minutes))
}

const fn mode(by: By) -> Mode {
    match by {
        By::Walk => Mode::Walk,
        By::Transit => Mode::Transit,
    }
}

fn place(option: &str, text: &str) -> Result<Position, Failure> {
    access::point(text).map_err(|error| Failure::usage(format!("{option}: {error}")))
}

fn points(file: &Path) -> Result<Vec<access::Place>, Failure> {
    let wrong = |why: String| Failure::new(format!("`{}`: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| {
        wrong(format!("cannot be read: {error}")).remedy("give a CSV with the columns id, lon, lat")
    })?;
    access::points_of_csv(&text).map_err(wrong)
}

/// A profile by its name, or out of a file.
fn profile(name: &str) -> Result<Profile, Failure> {
    if let Some(profile) = access::profile(name) {
        return Ok(profile);
    }
    let names = Profile::built_in().map(|profile| profile.name).join(", ");
    if !Path::new(name).exists() {
        return Err(Failure::usage(format!("--profile: there is no profile `{name}`"))
            .remedy(format!("use one of {names}, or name a JSON file with one")));
    }
    let text = std::fs::read_to_string(name)?;
    let profile: Profile = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("--profile: `{name}`: {error}")).remedy("see the docs for its keys")
    })?;
    profile
        .check()
        .map_err(|error| Failure::usage(format!("--profile: {error}")))?;
    Ok(profile)
}

impl From<QuestionError> for Failure {
    fn from(error: QuestionError) -> Self {
        if error.is_usage() {
            Self::usage(error.to_string())
        } else {
            Self::new(error.to_string())
        }
    }
}

fn put(answer: &Answer, common: &Common) -> Result<(), Failure> {
    let text = match common.format.unwrap_or(Format::Json) {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&answer.to_json())?),
        // A map may be large: one feature a line would not be JSON, so it is all one.
        Format::Geojson => format!("{}\n", serde_json::to_string(&answer.to_geojson())?),
        Format::Csv => answer.to_csv(),
    };
    // With CSV there is no other place for them.
    if common.format == Some(Format::Csv) {
        for warning in &answer.warnings {
            say(&format!("warning: {warning}"));
        }
    }
    match &common.output {
        None => print(&text),
        Some(path) => {
            std::fs::write(path, &text).map_err(|error| {
                Failure::new(format!("`{}` cannot be written: {error}", path.display()))
                    .remedy("choose another place")
            })?;
            say(&format!("written to {}", path.display()));
            Ok(())
        }
    }
}
