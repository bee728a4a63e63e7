//! Writes the table of assets: the hand-written ones in `static/`, and the islands in `web/dist` where those
//! were built. Never runs npm: `make` does, or `cd web && npm ci --ignore-scripts && npm run build`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

/// What tells where each island's files are; written by `web/vite.config.ts`.
const ISLANDS: &str = "islands.txt";
const COMMAND: &str = "cd web && npm ci --ignore-scripts && npm run build";

fn main() -> Result<(), String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let hand_written = here.join("static");
    let dist = here.join("../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=static");
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-env-changed=MAPACHA_REQUIRE_UI");

    let mut table = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    let mut names = String::from("pub(crate) static NAMES: &[(&str, &str)] = &[\n");
    for path in files(&hand_written)? {
        let body = read(&path)?;
        let file = file_name(&path)?;
        let (stem, extension) = file.rsplit_once('.').ok_or(format!("{file} has no extension"))?;
        let name = format!("{stem}-{:016x}.{extension}", fnv1a(&body));
        let gzip = compressible(extension)
            .then(|| squeeze(&out, &name, &body))
            .transpose()?;
        let body = copy(&out, &name, &path)?;
        row(&mut table, &name, extension, &body, gzip.as_deref(), None)?;
        writeln!(names, "    ({file:?}, {name:?}),").map_err(|e| e.to_string())?;
    }

    let mut islands = String::from("pub(crate) static ISLANDS: &[(&str, &str, &str)] = &[\n");
    if let Ok(list) = fs::read_to_string(dist.join(ISLANDS)) {
        for line in list.lines() {
            let mut words = line.split_whitespace();
            let (Some(island), Some(role), Some(file)) = (words.next(), words.next(), words.next()) else {
                return Err(format!(
                    "{}: `{line}` is not `island role file`",
                    dist.join(ISLANDS).display()
                ));
            };
            writeln!(islands, "    ({island:?}, {role:?}, {file:?}),").map_err(|e| e.to_string())?;
        }
        for path in files(&dist.join("assets"))? {
            let name = file_name(&path)?;
            let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_owned();
            if matches!(extension.as_str(), "br" | "gz" | "map") {
                continue;
            }
            let beside = |e: &str| {
                let packed = format!("{name}.{e}");
                let from = path.with_file_name(&packed);
                from.exists().then(|| copy(&out, &packed, &from)).transpose()
            };
            let gzip = match beside("gz")? {
                None if compressible(&extension) => Some(squeeze(&out, &name, &read(&path)?)?),
                packed => packed,
            };
            let body = copy(&out, &name, &path)?;
            row(
                &mut table,
                &name,
                &extension,
                &body,
                gzip.as_deref(),
                beside("br")?.as_deref(),
            )?;
        }
    } else if env::var_os("MAPACHA_REQUIRE_UI").is_some_and(|v| v == "1") {
        return Err(format!(
            "web/dist holds no islands and MAPACHA_REQUIRE_UI=1 asks for them. Run: {COMMAND}"
        ));
    } else {
        println!(
            "cargo:warning=web/dist holds no islands: the pages will do without the interactive map. To build it: {COMMAND}"
        );
    }
    for part in [&mut table, &mut names, &mut islands] {
        part.push_str("];\n");
    }
    fs::write(out.join("assets.rs"), table + &names + &islands).map_err(|e| e.to_string())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn file_name(path: &Path) -> Result<String, String> {
    path.file_name()
        .and_then(|n| n.to_str())
        .map(str::to_owned)
        .ok_or(format!("{}: not UTF-8", path.display()))
}

fn compressible(extension: &str) -> bool {
    matches!(
        extension,
        "css" | "js" | "mjs" | "svg" | "json" | "txt" | "html" | "webmanifest"
    )
}

/// Copies a file to where the compiler looks, so that a new build of the islands cannot pull it away meanwhile.
fn copy(out: &Path, name: &str, from: &Path) -> Result<String, String> {
    fs::write(out.join(name), read(from)?).map_err(|e| format!("{name}: {e}"))?;
    Ok(name.to_owned())
}

fn squeeze(out: &Path, name: &str, body: &[u8]) -> Result<String, String> {
    let packed = format!("{name}.gz");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).map_err(|e| e.to_string())?;
    fs::write(out.join(&packed), encoder.finish().map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    Ok(packed)
}

fn row(
    table: &mut String,
    name: &str,
    extension: &str,
    body: &str,
    gzip: Option<&str>,
    brotli: Option<&str>,
) -> Result<(), String> {
    let media_type = match extension {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        other => return Err(format!("{body}: no media type is known for .{other}")),
    };
    let include = |file: &str| {
        format!(
            "include_bytes!(concat!(env!(\"OUT_DIR\"), {:?}))",
            format!("/{file}")
        )
    };
    let some = |file: Option<&str>| file.map_or("None".into(), |file| format!("Some({})", include(file)));
    writeln!(
        table,
        "    Asset {{ name: {name:?}, media_type: {media_type:?}, body: {}, gzip: {}, brotli: {} }},",
        include(body),
        some(gzip),
        some(brotli)
    )
    .map_err(|e| e.to_string())
}

/// FNV-1a, 64 bits: enough to tell one version of a file from the next.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
