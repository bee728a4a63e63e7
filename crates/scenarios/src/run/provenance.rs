//! Where the numbers come from: what was read, hashed, so that the same inputs can be told to be the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use indicators::binding::air;
use ngsi_ld::{Attribute, Entity, Name, OneOrMany, PropertyValue, Uri, Value};
use query::{Selection, View};
use sha2::{Digest, Sha256};
use sim_access::parallel::in_order;
use twin::{Reader, Snapshot};

use super::steps::Steps;
use super::{City, RunError, kpis};
use crate::file::ScenarioFile;
use crate::model::{self, TravelOptions};
use crate::result::{Provenance, figure};

/// How many entities one thread hashes at a time.
const CHUNK: usize = 1024;

fn reads(name: &Name) -> bool {
    kpis::reads(name) || model::reads(name)
}

pub(super) fn of(city: &City<'_>, threads: usize, work: &Steps<'_>) -> Result<Provenance, RunError> {
    work.check()?;
    let inputs = Inputs::read(city.baseline, city.view, threads)?;
    let mut assumptions = vec![
        "A scenario changes what its measures name and nothing else: nobody moves, and nobody travels at another time."
            .to_owned(),
        "What is not known about the ways from a place is all bad or all good, before and after alike; so people of \
         whom it is not known before and after neither gain nor lose."
            .to_owned(),
        "The fingerprint of the inputs is of the present state of what was read; past readings, of which some KPIs are \
         made, are those up to the instant of the snapshot."
            .to_owned(),
    ];
    let years = city
        .file
        .choose
        .as_ref()
        .map_or(super::DEFAULT_YEARS, |choose| choose.years);
    assumptions.push(format!(
        "Costs for each person count what is paid once and {years} years of what is paid every year, without interest."
    ));
    assumptions.push(travel(&city.file.travel));
    assumptions.extend(city.model.notes().iter().cloned());
    Ok(Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        snapshot: city.baseline.at().to_string(),
        inputs: inputs.hash,
        begun_with: None,
        file: file_hash(city.file),
        seed: city.file.seed,
        entities: inputs.entities,
        assumptions,
    })
}

/// How people travel, in words.
fn travel(options: &TravelOptions) -> String {
    let who = match options.wheelchair.as_str() {
        "powered_wheelchair" => "“By wheelchair” is by a powered wheelchair",
        "long_cane" => "“By wheelchair” is on foot with a long cane",
        _ => "“By wheelchair” is by a manual wheelchair",
    };
    format!(
        "People walk or roll at most {} m along the network to a clinic or a school. Journeys by public transport \
         start at {} and take at most {} minutes, door to door. {who}.",
        figure(options.walk_m, "m"),
        options.time,
        figure(options.minutes, "min")
    )
}

/// The hash of a scenario file as it was understood: of its JSON.
pub(crate) fn file_hash(file: &ScenarioFile) -> String {
    hex(&Sha256::digest(serde_json::to_vec(file).unwrap_or_default()))
}

/// What a run reads of a city.
pub(crate) struct Inputs {
    /// SHA-256, in hex.
    pub(crate) hash: String,
    /// How many entities of each type.
    pub(crate) entities: BTreeMap<String, usize>,
}

impl Inputs {
    /// Hashes every entity that models and KPIs can be made of: by id, without the times that the twin gave them, so
    /// that a restored or re-imported city has the same hash.
    pub(crate) fn read(baseline: &Snapshot, view: &View, threads: usize) -> Result<Self, twin::Error> {
        let mut read: BTreeMap<Uri, Arc<Entity>> = BTreeMap::new();
        let mut entities = BTreeMap::new();
        for (name, _) in baseline.types(view).into_iter().filter(|(name, _)| reads(name)) {
            let mut count = 0;
            baseline.scan(view, &Selection::of_type(name.clone()), &mut |entity| {
                count += 1;
                read.insert(entity.id.clone(), Arc::clone(entity));
                true
            })?;
            *entities.entry(name.short().to_owned()).or_default() += count;
        }
        // Whatever carries readings of the air is read too, of any type.
        for sensor in air::sensors(baseline, view)? {
            if !read.contains_key(&sensor.id) {
                let name = sensor.types.first().map_or("", |name| name.short());
                *entities.entry(name.to_owned()).or_default() += 1;
                read.insert(sensor.id.clone(), sensor);
            }
        }
        let read: Vec<Arc<Entity>> = read.into_values().collect();
        let chunks: Vec<&[Arc<Entity>]> = read.chunks(CHUNK).collect();
        let digests = in_order(chunks.len(), threads, Vec::new, |bytes, index| {
            let mut hasher = Sha256::new();
            for entity in chunks[index] {
                bytes.clear();
                canonical(entity, bytes);
                hasher.update(Sha256::digest(&bytes));
            }
            hasher.finalize()
        });
        let mut hasher = Sha256::new();
        for digest in &digests {
            hasher.update(digest);
        }
        Ok(Self {
            hash: hex(&hasher.finalize()),
            entities,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of an entity: every part with its length before it, so that no two entities have the same.
fn canonical(entity: &Entity, bytes: &mut Vec<u8>) {
    put(bytes, entity.id.as_str().as_bytes());
    let mut types: Vec<&str> = entity.types.iter().map(Name::as_str).collect();
    types.sort_unstable();
    list(bytes, &types, |bytes, name| put(bytes, name.as_bytes()));
    list(bytes, &entity.scope, |bytes, scope| put(bytes, scope.as_bytes()));
    attributes(bytes, &entity.attributes);
}

fn attributes(bytes: &mut Vec<u8>, attributes: &[Attribute]) {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by(|a, b| (&a.name, &a.dataset_id).cmp(&(&b.name, &b.dataset_id)));
    list(bytes, &sorted, |bytes, attribute| {
        put(bytes, attribute.name.as_str().as_bytes());
        put(
            bytes,
            attribute.dataset_id.as_ref().map_or("", Uri::as_str).as_bytes(),
        );
        let observed = attribute
            .observed_at
            .map_or(i64::MIN, ngsi_ld::Timestamp::as_micros);
        bytes.extend(observed.to_le_bytes());
        put(
            bytes,
            attribute.unit_code.as_deref().unwrap_or_default().as_bytes(),
        );
        value(bytes, &attribute.value);
        self::attributes(bytes, &attribute.sub_attributes);
    });
}

fn value(bytes: &mut Vec<u8>, value: &Value) {
    put(bytes, value.kind().as_str().as_bytes());
    let uris = |bytes: &mut Vec<u8>, uris: &[Uri]| {
        list(bytes, uris, |bytes, uri| put(bytes, uri.as_str().as_bytes()));
    };
    match value {
        Value::Property(PropertyValue::Text(text)) => put(bytes, text.as_bytes()),
        Value::Property(other) => put(bytes, other.to_json().to_string().as_bytes()),
        Value::Relationship(relationship) => uris(bytes, relationship.targets()),
        Value::ListRelationship(targets) => uris(bytes, targets),
        Value::Geo(geometry) => put(bytes, ngsi_ld::geojson::to_json(geometry).to_string().as_bytes()),
        Value::Language(texts) => put(bytes, serde_json::to_string(texts).unwrap_or_default().as_bytes()),
        Value::Json(json) => put(bytes, json.to_string().as_bytes()),
        Value::Vocab(OneOrMany::One(term)) => put(bytes, term.as_str().as_bytes()),
        Value::Vocab(OneOrMany::Many(terms)) => {
            list(bytes, terms, |bytes, term| put(bytes, term.as_str().as_bytes()));
        }
        Value::List(items) => list(bytes, items, |bytes, item| {
            put(bytes, item.to_string().as_bytes());
        }),
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend((part.len() as u64).to_le_bytes());
    bytes.extend(part);
}

fn list<T>(bytes: &mut Vec<u8>, items: &[T], mut each: impl FnMut(&mut Vec<u8>, &T)) {
    bytes.extend((items.len() as u64).to_le_bytes());
    for item in items {
        each(bytes, item);
    }
}
