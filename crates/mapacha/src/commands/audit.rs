//! `mapacha audit`

use std::io::{BufWriter, Write};
use std::path::Path;

use governance::audit::{Audit, Checkpoint, TILE, VerifierKey, export};
use serde_json::json;

use super::remote::Remote;
use crate::cli::{self, AuditExport};
use crate::config::Effective;
use crate::output::{Failure, Outcome, print};
use crate::world;

/// Takes the log away.
pub(crate) fn run(command: &cli::Audit, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let cli::Audit::Export(arguments) = command;
    let checkpoint = match &arguments.place.url {
        Some(url) => from_server(url, arguments)?,
        None => from_folder(&world::data_dir(&effective.config)?, arguments)?,
    };
    let file = arguments.output.display().to_string();
    if json {
        let document = json!({"file": file, "entries": checkpoint.size, "root": checkpoint.root.to_base64()});
        print(&format!("{}\n", serde_json::to_string_pretty(&document)?))?;
    } else {
        let (size, root) = (checkpoint.size, checkpoint.root);
        print(&format!(
            "{file}: {size} entries, root {root}; `mapacha verify {file}` proves them\n"
        ))?;
    }
    Ok(Outcome::Done)
}

fn nothing() -> Failure {
    Failure::new("nothing is recorded there").remedy("check the tenant, and that audit.enabled is true")
}

fn from_folder(folder: &Path, arguments: &AuditExport) -> Result<Checkpoint, Failure> {
    if !folder.is_dir() {
        return Err(
            Failure::new(format!("there is no data folder {}", folder.display()))
                .remedy("name it with --data-dir"),
        );
    }
    let audit = Audit::new();
    let tenants = world::open_with(folder, Some(&audit))?;
    let tenant = arguments.place.tenant.as_deref();
    let twin = tenants.get(tenant).ok_or_else(nothing)?;
    let log = audit.log(tenant).ok_or_else(nothing)?;
    // What a crash kept from being signed is signed by closing.
    twin.close();
    let checkpoint = log.checkpoint().ok_or_else(nothing)?;
    let mut out = create(&arguments.output)?;
    export::write_head(&mut out, log.tenant(), log.verifier(), &checkpoint)?;
    let mut next = 0;
    while next < checkpoint.size {
        let entries = log
            .entries(next, checkpoint.size)
            .map_err(|error| Failure::new(error.to_string()))?;
        next += entries.len() as u64;
        for entry in entries {
            export::write_leaf(&mut out, &entry)?;
        }
    }
    out.flush()?;
    Ok((*checkpoint).clone())
}

fn from_server(url: &str, arguments: &AuditExport) -> Result<Checkpoint, Failure> {
    let tenant = arguments.place.tenant.as_deref();
    let remote = Remote::new(url, tenant, &arguments.place.key)?;
    let text = |path: &str| -> Result<String, Failure> {
        String::from_utf8(remote.get(path)?)
            .ok()
            .ok_or_else(|| Failure::new(format!("the server's answer to {path} is not text")))
    };
    let key = VerifierKey::parse(&text("/audit/key")?)
        .ok_or_else(|| Failure::new("the server's answer to /audit/key is no key"))?;
    let checkpoint = Checkpoint::open(&text("/audit/checkpoint")?, &key)
        .map_err(|why| Failure::new(format!("the server's checkpoint: {why}")))?;
    let mut out = create(&arguments.output)?;
    export::write_head(&mut out, tenant.unwrap_or_default(), &key, &checkpoint)?;
    for number in 0..checkpoint.size.div_ceil(TILE) {
        let width = TILE.min(checkpoint.size - number * TILE);
        let path = format!("/audit/tile/entries/{}", tile_name(number, width));
        let bundle = remote.get(&path)?;
        let mut rest = bundle.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, after) = after
                .split_at_checked(length)
                .ok_or_else(|| Failure::new(format!("the server's answer to {path} ends within an entry")))?;
            export::write_leaf(&mut out, entry)?;
            rest = after;
        }
    }
    out.flush()?;
    Ok(checkpoint)
}

fn create(path: &Path) -> Result<BufWriter<std::fs::File>, Failure> {
    let file = std::fs::File::create(path)
        .map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", path.display())))?;
    Ok(BufWriter::new(file))
}

/// The name of a tile (C2SP `tlog-tiles`): `067`, `x001/x234/067`, `067.p/8`.
fn tile_name(number: u64, width: u64) -> String {
    let mut name = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        name = format!("x{:03}/{name}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE {
        format!("{name}.p/{width}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_named_as_the_specification_has_it() {
        for (number, width, name) in [
            (0, 256, "000"),
            (67, 8, "067.p/8"),
            (1000, 256, "x001/000"),
            (1_234_067, 256, "x001/x234/067"),
        ] {
            assert_eq!(tile_name(number, width), name);
        }
    }
}
