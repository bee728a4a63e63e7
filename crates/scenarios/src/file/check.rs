//! What a scenario file means, as far as that can be checked without a city.

use std::collections::HashSet;

use super::nearest::{did_you_mean, listed};
use super::shape::owner;
use super::{Choose, Finding, Measure, Objective, Scenario, ScenarioFile};
use crate::catalogue::{argument, kind, kinds};
use crate::choose::{MOST_MEASURES, MOST_OBJECTIVES};
use crate::model::{ModelError, date, faults};

/// The version of the format.
pub(super) const SCHEMA: u32 = 1;
/// The most scenarios of a file: each is a city of its own, and all are in memory together.
const MOST_SCENARIOS: usize = 50;
/// The most measures of a file.
const MOST_OF_ALL_MEASURES: usize = 200;
const NAME: &str = "use letters, digits, `-` and `_`, at most 64";

/// Everything that is wrong.
pub(super) fn check(file: &ScenarioFile) -> Vec<Finding> {
    let mut check = Check {
        file,
        findings: Vec::new(),
    };
    check.head();
    check.travel();
    check.bounds();
    check.names("measure", file.measures.iter().map(|it| it.name.as_str()));
    check.names("scenario", file.scenarios.iter().map(|it| it.name.as_str()));
    for (index, measure) in file.measures.iter().enumerate() {
        check.measure(index, measure);
    }
    for (index, scenario) in file.scenarios.iter().enumerate() {
        check.scenario(index, scenario);
    }
    if let Some(choose) = &file.choose {
        check.choose(choose);
    }
    check.findings
}

struct Check<'a> {
    file: &'a ScenarioFile,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn wrong(&mut self, place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding {
            place: place.into(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    fn head(&mut self) {
        let file = self.file;
        if file.schema != SCHEMA {
            let what = format!(
                "this version reads schema {SCHEMA}, and the file says {}",
                file.schema
            );
            self.wrong("schema", what, format!("write `schema = {SCHEMA}`"));
        }
        if file.title.trim().is_empty() {
            self.wrong("title", "it is blank", "say in a line what the file is about");
        }
        if let Some(currency) = &file.currency
            && !(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            let what = format!("`{currency}` is not a code of ISO 4217");
            self.wrong("currency", what, "write three capital letters, as in `KES`");
        }
        if let Some(baseline) = &file.baseline
            && !(baseline.len() == 64
                && baseline
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
        {
            let what = format!("`{}` is not the fingerprint of a city", baseline.escape_debug());
            let remedy = "give the 64 digits of `provenance.inputs` of a result, or leave it out";
            self.wrong("baseline", what, remedy);
        }
        for (index, indicator) in file.indicators.iter().enumerate() {
            self.indicator(&format!("indicators[{index}]"), indicator);
        }
        if i64::try_from(file.seed).is_err() {
            self.wrong(
                "seed",
                format!("{} is too large", file.seed),
                "give a number below 2^63",
            );
        }
    }

    fn bounds(&mut self) {
        for (place, count, most) in [
            ("measure", self.file.measures.len(), MOST_OF_ALL_MEASURES),
            ("scenario", self.file.scenarios.len(), MOST_SCENARIOS),
        ] {
            if count > most {
                let what = format!("there are {count} of them; at most {most} are taken");
                self.wrong(place, what, "divide them among several files");
            }
        }
    }

    fn indicator(&mut self, place: &str, id: &str) {
        let known = crate::indicator::all()
            .iter()
            .map(|indicator| indicator.id.as_str());
        let kpis = indicators::Catalogue::built_in()
            .kpis
            .iter()
            .map(|kpi| kpi.id.as_str());
        let all: Vec<&str> = known.chain(kpis).collect();
        if !all.contains(&id) {
            let remedy = did_you_mean(
                id,
                all.iter().copied(),
                "give an indicator of reach or a KPI of the catalogue",
            );
            self.wrong(place, format!("there is no indicator `{id}`"), remedy);
        }
    }

    /// What the model would refuse.
    fn travel(&mut self) {
        for fault in faults(&self.file.travel) {
            match fault {
                ModelError::Option { key, what, remedy } => self.wrong(format!("travel.{key}"), what, remedy),
                other => self.wrong("travel", other.to_string(), "leave it out"),
            }
        }
    }

    fn date(&mut self, place: &str, text: &str) {
        if date(text).is_none() {
            let what = format!("`{text}` is not a date");
            self.wrong(place, what, "write it as `YYYY-MM-DD`, as in `2027-03-01`");
        }
    }

    fn names<'b>(&mut self, what: &str, names: impl Iterator<Item = &'b str>) {
        let mut seen = HashSet::new();
        for (index, name) in names.enumerate() {
            let place = format!("{}, name", owner(what, index, name));
            let fine = (1..=64).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !fine {
                self.wrong(place, format!("`{}` is not a name", name.escape_debug()), NAME);
            } else if !seen.insert(name) {
                let text = format!("another {what} has the same name");
                self.wrong(place, text, "give each a name of its own");
            }
        }
    }

    fn money(&mut self, place: String, value: f64) {
        if !(value.is_finite() && value >= 0.0) {
            let what = format!("{value} is not an amount of money");
            self.wrong(place, what, "give a number of 0 or more");
        }
    }

    fn measure(&mut self, index: usize, measure: &Measure) {
        let place = owner("measure", index, &measure.name);
        self.money(format!("{place}, cost"), measure.cost);
        self.money(format!("{place}, yearly_cost"), measure.yearly_cost);
        if let Some(start) = &measure.start {
            self.date(&format!("{place}, start"), start);
        }
        if let Some(kind) = kind(&measure.kind) {
            if let Err(findings) = argument::read(kind, &measure.with, &place) {
                self.findings.extend(findings);
            }
        } else {
            let remedy = did_you_mean(
                &measure.kind,
                kinds().iter().map(|kind| kind.name.as_str()),
                "`mapacha scenario kinds` lists them",
            );
            let what = format!("there is no kind of measure `{}`", measure.kind);
            self.wrong(format!("{place}, kind"), what, remedy);
        }
    }

    /// Names of measures: each known, and none twice.
    fn references(&mut self, place: &str, names: &[String]) {
        let known = || self.file.measures.iter().map(|measure| measure.name.as_str());
        let mut seen = HashSet::new();
        let mut findings = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let place = format!("{place}[{index}]");
            let (what, remedy) = if !known().any(|it| it == name) {
                let remedy = did_you_mean(name, known(), "describe it under `[[measure]]`");
                (format!("there is no measure `{name}` in this file"), remedy)
            } else if !seen.insert(name) {
                (
                    format!("`{name}` stands twice"),
                    "name each measure once".to_owned(),
                )
            } else {
                continue;
            };
            findings.push(Finding { place, what, remedy });
        }
        self.findings.extend(findings);
    }

    fn scenario(&mut self, index: usize, scenario: &Scenario) {
        let place = owner("scenario", index, &scenario.name);
        self.references(&format!("{place}, measures"), &scenario.measures);
    }

    fn choose(&mut self, choose: &Choose) {
        self.references("choose.measures", &choose.measures);
        let count = if choose.measures.is_empty() {
            self.file.measures.len()
        } else {
            choose.measures.len()
        };
        if !(1..=MOST_MEASURES).contains(&count) {
            let what = format!("there are {count} measures to choose from");
            let remedy = format!("name 1 to {MOST_MEASURES} of them: every subset is simulated");
            self.wrong("choose.measures", what, remedy);
        }
        if let Some(budget) = choose.budget {
            self.money("choose.budget".to_owned(), budget);
        }
        if !(0.0..=1000.0).contains(&choose.years) {
            let what = format!("{} is not a number of years", choose.years);
            self.wrong("choose.years", what, "give a number from 0 to 1000");
        }
        if !(1..=MOST_OBJECTIVES).contains(&choose.objectives.len()) {
            let what = format!("there are {} objectives", choose.objectives.len());
            let remedy = format!("give 1 to {MOST_OBJECTIVES}; cost is always one more");
            self.wrong("choose.objectives", what, remedy);
        }
        let mut seen = HashSet::new();
        for (index, objective) in choose.objectives.iter().enumerate() {
            let place = format!("choose.objectives[{index}]");
            if !seen.insert(objective) {
                self.wrong(place.clone(), "it stands twice", "give each objective once");
            }
            self.objective(&place, objective);
        }
    }

    fn objective(&mut self, place: &str, objective: &Objective) {
        // People are counted one by one in what is chosen between: KPIs of the whole city are no objectives.
        let reach: Vec<&str> = crate::indicator::all().iter().map(|it| it.id.as_str()).collect();
        if !reach.contains(&objective.indicator.as_str()) {
            let what = format!("there is no indicator of reach `{}`", objective.indicator);
            let remedy = did_you_mean(&objective.indicator, reach.iter().copied(), &listed(&reach));
            self.wrong(format!("{place}.indicator"), what, remedy);
        }
        if objective
            .group
            .as_ref()
            .is_some_and(|group| group.trim().is_empty())
        {
            let remedy = "leave it out, or name a group as in `disability` or `age:65+`";
            self.wrong(format!("{place}.group"), "it is blank", remedy);
        }
    }
}
