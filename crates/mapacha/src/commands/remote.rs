//! A running server, used by `--url`.

use std::path::PathBuf;
use std::time::Duration;

use formats::{ImportOptions, Kind, Report};
use reqwest::Method;
use reqwest::blocking::{Body, Client, Response};
use serde_json::Value as Json;

use crate::cli::Key;
use crate::output::{Failure, say};

/// A running server and the tenant that is meant.
pub(crate) struct Remote {
    client: Client,
    url: String,
    tenant: Option<String>,
    key: Key,
}

impl Remote {
    /// Checks the URL; nothing is sent yet.
    pub(crate) fn new(url: &str, tenant: Option<&str>, key: &Key) -> Result<Self, Failure> {
        let parsed = reqwest::Url::parse(url)
            .ok()
            .filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
        let Some(parsed) = parsed else {
            return Err(
                Failure::usage(format!("--url `{url}` is not the address of a server"))
                    .remedy("give it as in http://127.0.0.1:8080 or https://twin.city.example"),
            );
        };
        if key.key.is_some() && parsed.scheme() == "http" && !is_here(&parsed) {
            return Err(Failure::usage(format!(
                "--url `{url}`: over plain http the key could be read on the way"
            ))
            .remedy("use the server's https address, or run the command on its machine"));
        }
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(None)
            .build()
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            tenant: tenant.map(str::to_owned),
            key: key.clone(),
        })
    }

    /// Sends the files to be imported there.
    pub(crate) fn import(
        &self,
        kind: Kind,
        files: &[PathBuf],
        options: &ImportOptions,
    ) -> Result<Report, Failure> {
        let mut reports = Vec::new();
        for file in files {
            let name = file
                .file_name()
                .map_or_else(|| "file".into(), |name| name.to_string_lossy().into_owned());
            let mut query = pairs(options)?;
            query.push(("file".into(), name));
            let body = Body::from(std::fs::File::open(file)?);
            let text = self.send(Method::POST, &format!("/imports/{kind}"), &query, Some(body))?;
            reports.push(serde_json::from_str::<Report>(&text)?);
        }
        Report::merged(reports).ok_or_else(|| Failure::usage("no file was given"))
    }

    /// The assessment, in the server's words.
    pub(crate) fn assess(&self, period: Option<&str>, format: &str, store: bool) -> Result<String, Failure> {
        let mut query = vec![("format".to_owned(), format.to_owned())];
        query.extend(period.map(|period| ("period".to_owned(), period.to_owned())));
        let method = if store { Method::POST } else { Method::GET };
        self.send(method, "/kpi/assessment", &query, None)
    }

    /// Has a scenario file run there, waits, and gives the result in the server's words.
    pub(crate) fn scenario(&self, file: &str, format: &str) -> Result<String, Failure> {
        let body = Some(Body::from(file.to_owned()));
        let run: Json = serde_json::from_str(&self.send(Method::POST, "/scenarios/runs", &[], body)?)?;
        let id = run["id"]
            .as_str()
            .ok_or_else(|| Failure::new("the server's answer names no run"))?
            .to_owned();
        let path = format!("/scenarios/runs/{id}");
        let mut told = String::new();
        loop {
            let run: Json = serde_json::from_str(&self.send(Method::GET, &path, &[], None)?)?;
            match run["status"].as_str().unwrap_or_default() {
                "done" => break,
                "failed" | "cancelled" => {
                    let errors = run["errors"].as_array().into_iter().flatten();
                    let why: Vec<&str> = errors.filter_map(Json::as_str).collect();
                    let why = if why.is_empty() {
                        "it was cancelled".to_owned()
                    } else {
                        why.join("\n  ")
                    };
                    return Err(Failure::new(format!("the run {id} gave nothing: {why}")));
                }
                _ => {}
            }
            let step = run["step"].as_str().unwrap_or_default();
            if step != told {
                step.clone_into(&mut told);
                say(step);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let query = [("format".to_owned(), format.to_owned())];
        self.send(Method::GET, &format!("{path}/result"), &query, None)
    }

    /// A request with a JSON body, if any, answered with JSON, if anything.
    pub(crate) fn json(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, Failure> {
        let body = body.map(|body| (Body::from(body.to_string()), "application/json"));
        let text = told(self.answer(method, path, &[], body)?)?;
        if text.is_empty() {
            return Ok(Json::Null);
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// What is at a path, as bytes.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let answer = self.answer(Method::GET, path, &[], None)?;
        if !answer.status().is_success() {
            return told(answer).map(String::into_bytes);
        }
        let bytes = answer.bytes();
        Ok(bytes
            .map_err(|error| Failure::new(format!("the answer broke off: {error}")))?
            .to_vec())
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(String, String)],
        body: Option<Body>,
    ) -> Result<String, Failure> {
        let body = body.map(|body| (body, "application/octet-stream"));
        told(self.answer(method, path, query, body)?)
    }

    fn answer(
        &self,
        method: Method,
        path: &str,
        query: &[(String, String)],
        body: Option<(Body, &str)>,
    ) -> Result<Response, Failure> {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.url))
            .map_err(|error| Failure::usage(error.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url);
        if let Some(tenant) = &self.tenant {
            request = request.header("NGSILD-Tenant", tenant);
        }
        if let Some(key) = &self.key.key {
            request = request.bearer_auth(key);
        }
        if let Some((body, kind)) = body {
            request = request.header("content-type", kind).body(body);
        }
        request.send().map_err(|error| {
            Failure::new(format!(
                "no server answers at {}: {}",
                self.url,
                root_cause(&error)
            ))
            .remedy("check the address, and that `mapacha serve` runs there")
        })
    }
}

/// The body of a good answer; of a bad one the problem that it tells.
fn told(answer: Response) -> Result<String, Failure> {
    let status = answer.status();
    let text = answer
        .text()
        .map_err(|error| Failure::new(format!("the answer broke off: {error}")))?;
    if status.is_success() {
        return Ok(text);
    }
    let problem: Json = serde_json::from_str(&text).unwrap_or_default();
    let detail = problem["detail"]
        .as_str()
        .or_else(|| problem["title"].as_str())
        .unwrap_or(text.trim());
    let failure = Failure::new(format!("the server answers {status}: {detail}"));
    Err(match problem["remedy"].as_str() {
        Some(remedy) => failure.remedy(remedy),
        None if status == reqwest::StatusCode::UNAUTHORIZED => failure.remedy(
            "give a key with --key or $MAPACHA_KEY; the page /account and `mapacha key create` make one",
        ),
        None => failure,
    })
}

/// Options as the query parameters of `POST /imports/{kind}`.
fn pairs(options: &ImportOptions) -> Result<Vec<(String, String)>, Failure> {
    let Json::Object(members) = serde_json::to_value(options)? else {
        return Ok(Vec::new());
    };
    let mut pairs = Vec::new();
    for (name, value) in members {
        match value {
            Json::Null | Json::Bool(false) => {}
            Json::Array(items) => pairs.extend(items.iter().map(|item| (name.clone(), plain(item)))),
            other => pairs.push((name, plain(&other))),
        }
    }
    Ok(pairs)
}

/// Whether an address is one of this machine.
fn is_here(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or("");
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
