//! `mapacha verify`

use std::io::BufReader;
use std::path::Path;

use governance::audit::VerifierKey;
use governance::audit::export;
use governance::audit::verify::Report;
use serde_json::{Value as Json, json};

use crate::cli::Verify;
use crate::config::Effective;
use crate::output::{Failure, Outcome, print};
use crate::world::{self, Verified};

/// Checks a data folder, or an exported audit log. Exit code 3: something is wrong.
pub(crate) fn run(arguments: &Verify, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let key = arguments.key.as_deref().map(key).transpose()?;
    let verified = if let Some(file) = &arguments.file {
        of_file(file, key.as_ref())?
    } else {
        let folder = world::data_dir(&effective.config)?;
        if !folder.is_dir() {
            return Err(
                Failure::new(format!("there is no data folder {}", folder.display()))
                    .remedy("name it with --data-dir"),
            );
        }
        world::verify(&folder, key.as_ref()).map_err(in_use)?
    };
    let findings = verified.findings();
    if json {
        let document = json!({
            "stores": verified.stores,
            "rows": verified.rows,
            "logs": verified.logs.iter().map(of_log).collect::<Vec<_>>(),
            "damages": verified.damages,
            "findings": findings,
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&document)?))?;
    } else {
        for finding in &findings {
            print(&format!("WRONG  {finding}\n"))?;
        }
        for log in verified.logs.iter().filter(|log| log.findings.is_empty()) {
            print(&format!("ok     {}\n", sound(log)))?;
        }
        if verified.stores > 0 && verified.damages.is_empty() {
            let (rows, stores) = (verified.rows, verified.stores);
            print(&format!(
                "ok     {rows} rows of {stores} store(s) are as they were written\n"
            ))?;
        }
        if arguments.key.is_none() && !verified.logs.is_empty() && findings.is_empty() {
            print(
                "note   the key that signed is the one found there; give the one you know with --key to be sure that \
                 nobody made up the whole\n",
            )?;
        }
    }
    Ok(if findings.is_empty() {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn key(text: &str) -> Result<VerifierKey, Failure> {
    VerifierKey::parse(text).ok_or_else(|| {
        Failure::usage(format!("--key `{text}` is not the key of an audit log"))
            .remedy("give it as /audit/key has it: name+id+key")
    })
}

fn of_file(file: &Path, key: Option<&VerifierKey>) -> Result<Verified, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(format!("`{}` cannot be read: {error}", file.display()))
            .remedy("give a file that `mapacha audit export` wrote")
    };
    let mut input = BufReader::new(std::fs::File::open(file).map_err(unreadable)?);
    let report = export::check(&mut input, key).map_err(unreadable)?;
    Ok(Verified {
        logs: vec![report],
        ..Verified::default()
    })
}

fn in_use(failure: Failure) -> Failure {
    if failure.message.contains("in use by another process") {
        return failure.remedy(
            "stop the server, or check its audit log while it runs: `mapacha audit export --url …`, then `mapacha verify FILE`",
        );
    }
    failure
}

fn sound(log: &Report) -> String {
    let (leaves, signed) = (log.leaves, log.signed);
    let root = log.root.map(|root| root.to_base64()).unwrap_or_default();
    let since = match leaves - signed.min(leaves) {
        0 => String::new(),
        since => format!(", {since} written since"),
    };
    format!(
        "audit log of the {}: the tree of the first {signed} entries has the root that was signed, {root}{since}",
        world::whose(&log.tenant)
    )
}

fn of_log(log: &Report) -> Json {
    json!({
        "tenant": log.tenant,
        "entries": log.leaves,
        "signed": log.signed,
        "root": log.root.map(|root| root.to_base64()),
        "findings": log.findings,
    })
}
