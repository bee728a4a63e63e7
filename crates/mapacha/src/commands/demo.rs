//! `mapacha demo`: a generated city behind the real doors.

use std::path::Path;
use std::time::{Duration, Instant};

use access::{Access, NewKey, Permissions, Role};
use demo_city::City;
use formats::{ImportOptions, InputFile, Kind, Sink as _, TwinSink};
use ngsi_ld::context::Context;
use ngsi_ld::representation::{WriteOptions, write_entity, write_temporal};
use ngsi_ld::{Entity, Timestamp};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value as Json;
use storage::environment::{Clock as _, SystemClock};
use twin::Twin;

use super::serve::{Door, stop_signal};
use crate::cli;
use crate::config::Effective;
use crate::output::{Failure, Outcome, say};
use crate::world;

/// Each sensor sends so often.
const EVERY: Duration = Duration::from_mins(1);
/// Before the demo opened, the sensors sent once an hour for so many hours: a week.
const HOURS_BEFORE: i64 = 7 * 24;

/// Generates the city, loads it, opens the server and lets the sensors send, until it is told to stop.
pub(crate) fn run(arguments: &cli::Demo, mut effective: Effective) -> Result<Outcome, Failure> {
    if effective.config.tls.is_on() {
        return Err(Failure::usage("tls: the demo's own sensors speak plain http")
            .remedy("leave [tls] out, and listen on a loopback address"));
    }
    let started = Instant::now();
    let temporary = tempfile::Builder::new().prefix("mapacha-demo-").tempdir()?;
    let folder = effective
        .config
        .storage
        .data_dir
        .clone()
        .unwrap_or_else(|| temporary.path().join("data"));
    let city = City::generate(arguments.seed, arguments.population);
    effective
        .config
        .city
        .name
        .get_or_insert_with(|| city.name().to_owned());
    say(&format!(
        "{}: {} inhabitants, generated in {:.1} s",
        city.name(),
        arguments.population,
        started.elapsed().as_secs_f64()
    ));
    let (tenants, audit) = world::open_audited(&folder, &effective.config)?;
    load(&city, &world::twin(&tenants, None)?, temporary.path())?;
    say(&format!("loaded after {:.1} s", started.elapsed().as_secs_f64()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let door = Door::open(&effective.config, &folder, tenants.clone(), audit).await?;
        let url = format!("http://{}", door.address);
        door.announce()?;
        say(&format!(
            "open {url} in a browser. {} sensors are sending. Ctrl-C ends the city.",
            city.sensors().len()
        ));
        let key = door.accounts().map(key_of_sensors).transpose()?;
        let sensors = tokio::spawn(live(city, url, key));
        let served = door.serve(stop_signal()?).await;
        sensors.abort();
        served
    });
    runtime.shutdown_timeout(Duration::from_millis(500));
    tenants.close();
    served.map(|()| Outcome::Done)
}

/// A key for the sensors, in the place of the one of the last time: the door is that of everybody.
fn key_of_sensors(access: &Access) -> Result<String, Failure> {
    const NAME: &str = "demo-sensors";
    for key in access.keys(None).iter().filter(|key| key.name == NAME) {
        access.revoke_key(&key.id)?;
    }
    let new = NewKey {
        name: NAME,
        roles: &[Role::Operator, Role::Planner],
        ..NewKey::default()
    };
    Ok(access.add_key(&new, Permissions::all())?.1)
}

/// Loads what does not move, through the same importers that a city's own files take.
fn load(city: &City, twin: &Twin, folder: &Path) -> Result<(), Failure> {
    let view = world::own_view("import");
    let mut sink = TwinSink::new(twin, &view);
    let files = [
        (Kind::Gtfs, "demo-gtfs.zip", city.gtfs_zip()),
        (Kind::Population, "demo-population.tif", city.population_geotiff()),
    ];
    for (kind, name, content) in files {
        let path = folder.join(name);
        std::fs::write(&path, content)?;
        let options = ImportOptions {
            year: Some(city.year()),
            publisher: Some("demo".into()),
            ..ImportOptions::default()
        };
        let report = formats::import(kind, &[InputFile::new(&path)], &options, &mut sink, &mut |_| {})
            .map_err(|error| Failure::new(error.to_string()))?;
        if report.has_refusals() {
            return Err(Failure::new(format!(
                "the generated {kind} is refused:\n{}",
                report.to_text(5)
            )));
        }
    }
    let mut batch: Vec<Entity> = Vec::with_capacity(1000);
    let mut flush = |batch: &mut Vec<Entity>| -> Result<(), Failure> {
        let fates = sink
            .put(std::mem::take(batch))
            .map_err(|error| Failure::new(error.to_string()))?;
        match fates.into_iter().find_map(|fate| {
            if let formats::Fate::Refused(why) = fate {
                Some(why)
            } else {
                None
            }
        }) {
            Some(why) => Err(Failure::new(format!("a generated entity is refused: {why}"))),
            None => Ok(()),
        }
    };
    for entity in city.entities() {
        batch.push(entity);
        if batch.len() == 1000 {
            flush(&mut batch)?;
        }
    }
    flush(&mut batch)
}

/// The sensors: first what they sent in the week before, then each once a minute, through the public door.
async fn live(city: City, url: String, key: Option<String>) {
    let mut headers = HeaderMap::new();
    if let Some(Ok(value)) = key.map(|key| HeaderValue::try_from(format!("Bearer {key}"))) {
        headers.insert(AUTHORIZATION, value);
    }
    let client = match reqwest::Client::builder()
        .no_proxy()
        .default_headers(headers)
        .timeout(Duration::from_secs(30))
        .build()
    {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "the sensors have no way out");
            return;
        }
    };
    let opened = SystemClock.now();
    let history = format!("{url}/ngsi-ld/v1/temporal/entities");
    let now = format!("{url}/ngsi-ld/v1/entityOperations/upsert?options=update");
    let context = Context::core();
    let sensors = city.sensors();
    // Ready scenarios, as a planner would bring them.
    for (name, file) in city.scenarios() {
        let request = client
            .post(format!("{url}/scenarios"))
            .header("content-type", "application/toml")
            .header("idempotency-key", format!("demo {name}"))
            .body(file);
        delivered(request, "a scenario").await;
    }
    // The first reading of every sensor, so that the map shows the present from the start.
    for group in sensors.chunks(100) {
        let readings = group
            .iter()
            .map(|sensor| written(&sensor.reading(opened), context))
            .collect();
        post(&client, &now, &Json::Array(readings)).await;
    }
    let mut past = sensors.iter();
    let mut turn = 0;
    let tick = EVERY / u32::try_from(sensors.len().max(1)).unwrap_or(u32::MAX);
    let per_tick = usize::try_from(Duration::from_millis(500).as_nanos() / tick.as_nanos().max(1))
        .unwrap_or(1)
        .max(1);
    let mut interval = tokio::time::interval(Duration::from_millis(500));
    loop {
        interval.tick().await;
        // A few sensors' past with every tick, until all of it is told.
        for sensor in past.by_ref().take(25) {
            post(&client, &history, &past_of(sensor, opened, context)).await;
        }
        let at = SystemClock.now();
        let readings = (0..per_tick).map(|step| &sensors[(turn + step) % sensors.len()]);
        post(
            &client,
            &now,
            &Json::Array(
                readings
                    .map(|sensor| written(&sensor.reading(at), context))
                    .collect(),
            ),
        )
        .await;
        turn = (turn + per_tick) % sensors.len();
    }
}

fn written(entity: &Entity, context: &Context) -> Json {
    Json::Object(write_entity(entity, context, &WriteOptions::default()))
}

/// A sensor's week before `opened`, an hour apart.
fn past_of(sensor: &demo_city::Sensor, opened: Timestamp, context: &Context) -> Json {
    const HOUR_US: i64 = 3_600_000_000;
    let last = opened.as_micros().div_euclid(HOUR_US);
    let mut all = sensor.reading(Timestamp::from_micros((last - HOURS_BEFORE) * HOUR_US));
    all.attributes.clear();
    for hour in (last - HOURS_BEFORE)..=last {
        let reading = sensor.reading(Timestamp::from_micros(hour * HOUR_US));
        all.attributes.extend(
            reading
                .attributes
                .into_iter()
                .filter(|attribute| attribute.observed_at.is_some()),
        );
    }
    all.attributes
        .sort_by(|a, b| a.name.cmp(&b.name).then(a.observed_at.cmp(&b.observed_at)));
    Json::Object(write_temporal(
        &all,
        context,
        ngsi_ld::representation::TemporalFormat::Normalized,
        &WriteOptions::default(),
    ))
}

async fn post(client: &reqwest::Client, url: &str, body: &Json) {
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_string());
    delivered(request, "a reading").await;
}

async fn delivered(request: reqwest::RequestBuilder, what: &str) {
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            tracing::warn!(%status, text = text.chars().take(300).collect::<String>(), "{what} was refused");
        }
        Err(error) => tracing::warn!(%error, "{what} was not delivered"),
    }
}
