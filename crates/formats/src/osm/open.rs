//! Which kind of file it is, by what it holds and not by its name.

use std::fs::File;
use std::io::{BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::element::Source;
use super::pbf::{Pbf, is_pbf};
use super::xml::Xml;
use crate::file::InputFile;
use crate::import::ImportError;

const GIVE: &str = "give an extract of OpenStreetMap: .osm.pbf, .osm or .osm.gz";

/// Opens a file that is PBF, XML, or XML packed with gzip.
pub(super) fn open(file: &InputFile) -> Result<Box<dyn Source>, ImportError> {
    let read = ImportError::read(&file.name);
    let begins = first_bytes(File::open(&file.path).map_err(&read)?).map_err(&read)?;
    let wrong = |why: &str, remedy: &str| Err(ImportError::file(&file.name, why, remedy));
    match begins.as_slice() {
        [] => wrong(
            "the file is empty",
            "download it again; the download left nothing",
        ),
        pbf if is_pbf(pbf) => Ok(Box::new(Pbf::open(file)?)),
        [0x1f, 0x8b, ..] => {
            let packed = BufReader::new(File::open(&file.path).map_err(&read)?);
            // What is damaged is told by the reading itself, with its place.
            let inside = first_bytes(MultiGzDecoder::new(packed)).unwrap_or_default();
            if is_pbf(&inside) {
                return wrong(
                    "it is a PBF file packed once more with gzip",
                    "unpack it and import what comes out: `gunzip FILE`",
                );
            }
            if !inside.is_empty() && !is_xml(&inside) {
                return wrong("what gzip packed there is not OpenStreetMap XML", GIVE);
            }
            Ok(Box::new(Xml::open(file, true)))
        }
        xml if is_xml(xml) => Ok(Box::new(Xml::open(file, false))),
        [b'B', b'Z', b'h', ..] => wrong(
            "it is packed with bzip2",
            "unpack it and import what comes out: `bunzip2 FILE`",
        ),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => wrong(
            "it is packed with xz",
            "unpack it and import what comes out: `unxz FILE`",
        ),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => wrong(
            "it is packed with Zstandard",
            "unpack it and import what comes out: `unzstd FILE`",
        ),
        [b'P', b'K', 3 | 5, _, ..] => wrong(
            "it is a zip archive",
            "unpack it and import the .osm.pbf or .osm that it holds",
        ),
        [0xff, 0xe0, ..] | [0xff, _, 0xe0, ..] => wrong(
            "it is in the o5m format",
            "write it as PBF: `osmium cat -o map.osm.pbf map.o5m`",
        ),
        [b'{' | b'[', ..] => wrong(
            "it is JSON",
            "from Overpass ask for `[out:xml]`; NGSI-LD or GeoJSON is of another kind: see `mapacha import --help`",
        ),
        // A PBF of which the beginning was lost, or nothing of the sort.
        _ => wrong("it is neither PBF nor XML", GIVE),
    }
}

fn first_bytes(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(512).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether the first sign of a text is `<`.
fn is_xml(begins: &[u8]) -> bool {
    let text = begins.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(begins);
    text.trim_ascii_start().starts_with(b"<")
}
