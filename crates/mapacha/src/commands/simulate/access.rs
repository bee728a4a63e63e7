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
    let tenants = world::open(&folder, &effective.config)?;
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
    // Only those of the program stand for persons with disabilities; one of a file goes by itself.
    if access::profile(&profile.name).is_some() && profile.name != Profile::walking().name {
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
    read_profile(&text, name)
}

/// A profile as JSON. One that has no name is called by its file, not by the default of all keys, `walking`.
fn read_profile(text: &str, file: &str) -> Result<Profile, Failure> {
    let wrong = |error: serde_json::Error| {
        Failure::usage(format!("--profile: `{file}`: {error}")).remedy("see the docs for its keys")
    };
    let json: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
    if !json.is_object() {
        return Err(
            Failure::usage(format!("--profile: `{file}`: a profile is a JSON object"))
                .remedy("see the docs for its keys"),
        );
    }
    let nameless = json.get("name").is_none();
    let mut profile: Profile = serde_json::from_value(json).map_err(wrong)?;
    if nameless {
        let stem = Path::new(file).file_stem().unwrap_or_default();
        profile.name = stem.to_string_lossy().into_owned();
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    /// As on the command line.
    #[derive(clap::Parser)]
    struct Asked {
        #[command(subcommand)]
        question: Question,
    }

    #[test]
    fn a_profile_of_a_file_is_called_by_itself() {
        let read = |text: &str| read_profile(text, "folder/pram.json").map_err(|error| format!("{error:?}"));
        assert_eq!(read("{}").unwrap().name, "pram");
        assert_eq!(read(r#"{"max_kerb_m": 0.05}"#).unwrap().name, "pram");
        assert_eq!(read(r#"{"name": "mine"}"#).unwrap().name, "mine");
        assert!(read("[]").is_err() && read(r#"{"speed_m_s": -1}"#).is_err());
    }

    #[test]
    fn only_profiles_of_the_program_stand_for_persons_with_disabilities() {
        let asked = Asked::parse_from(["access", "reach"]);
        let stands = |name: &str| {
            let profile = Profile {
                name: name.to_owned(),
                ..Profile::manual_wheelchair()
            };
            travel(&asked.question, &profile).wheelchair
        };
        assert_eq!(stands("powered-wheelchair"), "powered_wheelchair");
        assert_eq!(stands("long-cane"), "long_cane");
        for name in ["sports-wheelchair", "my wheelchair", "walking", "x"] {
            assert_eq!(stands(name), TravelOptions::default().wheelchair, "{name}");
        }
    }
}
