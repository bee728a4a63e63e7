//! What an import did, for machines (serde) and for people ([`Report::to_text`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// At most so many refusals are held in memory and in the report; a file of refusals has all of them.
pub const REFUSALS_KEPT: usize = 100_000;

/// What an import did.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Report {
    /// The kind of the files.
    pub kind: Kind,
    /// The files, as their owner calls them.
    pub files: Vec<String>,
    /// Rows, features, entities or cells that were read.
    pub read: u64,
    /// Entities, instances of history and rasters that are new.
    pub made: u64,
    /// Entities that were there and changed.
    pub updated: u64,
    /// Entities and instances that were there and are as they were.
    pub known: u64,
    /// Rows that were refused; `refused` lists them.
    pub refused_count: u64,
    /// The rows that were refused (at most [`REFUSALS_KEPT`] of them).
    pub refused: Vec<Refusal>,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
    /// Entities by type, without namespace; readings by `Type.attribute`.
    pub by_type: BTreeMap<String, Counts>,
    /// How much was read of what: `stops.txt` → 4284, `populated cells` → 64666.
    pub rows: BTreeMap<String, u64>,
    /// The data sets that the files became.
    pub datasets: Vec<DatasetSummary>,
}

/// How many entities of a type.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Counts {
    /// New.
    pub made: u64,
    /// Changed.
    pub updated: u64,
    /// As they were.
    pub known: u64,
}

/// A row that was refused.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Refusal {
    /// The file, and the member of it where it is an archive: `feed.zip/stops.txt`.
    pub file: String,
    /// The line, from 1; of a GeoJSON file the line on which the feature begins.
    pub line: Option<u64>,
    /// The column, property or key.
    pub column: Option<String>,
    /// What was refused: `stop 0001RLW`.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// A data set, as its entity in the twin says it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct DatasetSummary {
    /// The id of its `Dataset` entity.
    pub id: String,
    /// The file.
    pub file: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// The year the data are of, as far as the file or the user says.
    pub vintage: Option<String>,
}

impl Report {
    pub(crate) fn new(kind: Kind, files: Vec<String>) -> Self {
        Self {
            kind,
            files,
            read: 0,
            made: 0,
            updated: 0,
            known: 0,
            refused_count: 0,
            refused: Vec::new(),
            warnings: Vec::new(),
            by_type: BTreeMap::new(),
            rows: BTreeMap::new(),
            datasets: Vec::new(),
        }
    }

    /// Several reports of one kind as one, in this order; `None` of none.
    pub fn merged(reports: impl IntoIterator<Item = Self>) -> Option<Self> {
        reports.into_iter().reduce(|mut whole, next| {
            whole.files.extend(next.files);
            whole.read += next.read;
            whole.made += next.made;
            whole.updated += next.updated;
            whole.known += next.known;
            whole.refused_count += next.refused_count;
            whole.refused.extend(next.refused);
            whole.refused.truncate(REFUSALS_KEPT);
            whole.warnings.extend(next.warnings);
            for (name, counts) in next.by_type {
                let sum = whole.by_type.entry(name).or_default();
                sum.made += counts.made;
                sum.updated += counts.updated;
                sum.known += counts.known;
            }
            for (name, count) in next.rows {
                *whole.rows.entry(name).or_default() += count;
            }
            whole.datasets.extend(next.datasets);
            whole
        })
    }

    /// Whether the exit code is 3: at least one row was refused.
    pub fn has_refusals(&self) -> bool {
        self.refused_count > 0
    }

    /// A few aligned lines for people. Refusals are grouped by their reason; `shown` of them are named.
    pub fn to_text(&self, shown: usize) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{}: {}", self.kind, self.files.join(", "));
        let _ = writeln!(
            text,
            "  read {}, made {}, updated {}, already known {}, refused {}",
            grouped(self.read),
            grouped(self.made),
            grouped(self.updated),
            grouped(self.known),
            grouped(self.refused_count)
        );
        let width = self
            .by_type
            .keys()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, counts) in &self.by_type {
            let _ = writeln!(
                text,
                "  {name:<width$}  {:>10} new  {:>10} changed  {:>10} known",
                grouped(counts.made),
                grouped(counts.updated),
                grouped(counts.known)
            );
        }
        let width = self
            .rows
            .keys()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, count) in &self.rows {
            let _ = writeln!(text, "  {name:<width$}  {:>10} read", grouped(*count));
        }
        for dataset in &self.datasets {
            let vintage = dataset.vintage.as_deref().unwrap_or("year unknown");
            let _ = writeln!(text, "  data set {} ({vintage})", dataset.id);
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "  warning: {warning}");
        }
        self.refusals_to_text(shown, &mut text);
        text
    }

    fn refusals_to_text(&self, shown: usize, text: &mut String) {
        if self.refused.is_empty() {
            return;
        }
        let mut groups: Vec<(&str, Vec<&Refusal>)> = Vec::new();
        for refusal in self.refused.iter().take(shown) {
            match groups.iter_mut().find(|(remedy, _)| *remedy == refusal.remedy) {
                Some((_, group)) => group.push(refusal),
                None => groups.push((&refusal.remedy, vec![refusal])),
            }
        }
        for (remedy, group) in groups {
            for refusal in group {
                let _ = writeln!(text, "  refused: {refusal}");
            }
            let _ = writeln!(text, "    -> {remedy}");
        }
        let more = self
            .refused_count
            .saturating_sub(self.refused.len().min(shown) as u64);
        if more > 0 {
            let _ = writeln!(text, "  and {} more refused", grouped(more));
        }
    }

    /// Writes every refusal that the report holds, one JSON object a line.
    pub fn write_refusals(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        for refusal in &self.refused {
            serde_json::to_writer(&mut *out, refusal)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Refusal {
    /// `feed.zip/stops.txt, line 7, column stop_lat: stop X: why`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}: {}", self.what, self.why)
    }
}

/// `36483` → `36 483`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
