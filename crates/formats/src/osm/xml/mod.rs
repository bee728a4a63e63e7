//! OpenStreetMap XML, plain or packed with gzip, read as a stream.

mod guard;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;
use guard::{Bounded, Guard};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::element::{
    Element, MAX_MEMBERS, MAX_TAGS, MAX_WAY_NODES, Member, MemberKind, Position, Source, Spot, Stands, Tags,
    Visit, Wanted,
};
use crate::file::InputFile;
use crate::import::ImportError;
use crate::unpacked;

const AGAIN: &str = "download it again, compare its size with the one given there, and import it again";
const GIVE: &str = "give an extract of OpenStreetMap: .osm.pbf, .osm or .osm.gz";

/// An XML file.
pub(super) struct Xml {
    name: String,
    path: PathBuf,
    gzip: bool,
    /// The newest day on which an element was changed, or the day that the file itself names.
    newest: Option<String>,
    named: Option<String>,
}

/// What an element is made of until its end tag comes.
enum Kind {
    Node(Spot),
    Way,
    Relation,
}

struct Open {
    kind: Kind,
    id: i64,
    line: u64,
    nodes: Vec<i64>,
    members: Vec<(MemberKind, i64, String)>,
    tags: Vec<(String, String)>,
    /// Why it cannot be read.
    bad: Option<String>,
    /// An editor's file marks what it will delete.
    deleted: bool,
}

impl Xml {
    pub(super) fn open(file: &InputFile, gzip: bool) -> Self {
        Self {
            name: file.name.clone(),
            path: file.path.clone(),
            gzip,
            newest: None,
            named: None,
        }
    }

    fn wrong(&self, line: u64, why: impl std::fmt::Display, remedy: &str) -> ImportError {
        ImportError::file(&self.name, format!("line {line}: {why}"), remedy)
    }

    fn broken(&self, line: u64, error: &quick_xml::Error) -> ImportError {
        let quick_xml::Error::Io(io) = error else {
            return self.wrong(line, format!("it is not whole XML ({error})"), AGAIN);
        };
        match io.kind() {
            io::ErrorKind::UnexpectedEof if self.gzip => {
                let why = format!("it is cut off: the packed bytes end while line {line} is read");
                ImportError::file(&self.name, why, AGAIN)
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                self.wrong(line, format!("its bytes are damaged ({io})"), AGAIN)
            }
            io::ErrorKind::FileTooLarge => self.wrong(line, io, GIVE),
            kind => ImportError::Read {
                file: self.name.clone(),
                source: io::Error::new(kind, io.to_string()),
            },
        }
    }

    fn scan_from(
        &mut self,
        input: &mut dyn BufRead,
        wanted: Wanted,
        visit: &mut Visit<'_>,
    ) -> Result<(), ImportError> {
        let mut reader = Reader::from_reader(Guard::new(input));
        let mut buffer = Vec::new();
        // The names of the elements that are open, as far as they matter.
        let mut depth = 0_u32;
        let mut root = false;
        let mut open: Option<Open> = None;
        loop {
            buffer.clear();
            reader.get_mut().begin();
            let line = reader.get_ref().line();
            let event = match reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(error) => return Err(self.broken(line, &error)),
            };
            match event {
                Event::Start(tag) => {
                    match depth {
                        0 => {
                            self.root(&tag, line)?;
                            root = true;
                        }
                        1 => open = self.begin(&tag, line, wanted)?,
                        2 => self.inner(&tag, line, open.as_mut())?,
                        _ => {}
                    }
                    depth = depth.saturating_add(1);
                }
                Event::Empty(tag) => match depth {
                    0 => {
                        self.root(&tag, line)?;
                        root = true;
                    }
                    1 => {
                        if let Some(element) = self.begin(&tag, line, wanted)? {
                            give(element, wanted, visit)?;
                        }
                    }
                    2 => self.inner(&tag, line, open.as_mut())?,
                    _ => {}
                },
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    if depth == 1
                        && let Some(element) = open.take()
                    {
                        give(element, wanted, visit)?;
                    }
                }
                Event::Eof if !root => {
                    return Err(ImportError::file(&self.name, "it holds no XML element", GIVE));
                }
                Event::Eof if depth > 0 => {
                    let why = format!("it is cut off: it ends on line {line}, before </osm>");
                    return Err(ImportError::file(&self.name, why, AGAIN));
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// The outermost element: whether this is such a file at all.
    fn root(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), ImportError> {
        let name = tag.name();
        match name.0 {
            "osm" => {}
            "osmChange" => {
                return Err(ImportError::file(
                    &self.name,
                    "it is a list of changes (osmChange), not a map",
                    "apply it to the map it belongs to: `osmium apply-changes -o new.osm.pbf old.osm.pbf changes.osc`",
                ));
            }
            "html" | "HTML" => {
                return Err(ImportError::file(
                    &self.name,
                    "it is a web page: the download failed and left its message",
                    "open it in a browser to read the message, and download the extract again",
                ));
            }
            other => {
                let why = format!("it is XML of another kind (<{}>)", short(other));
                return Err(ImportError::file(&self.name, why, GIVE));
            }
        }
        for (key, value) in self.attributes(tag, line)? {
            match key.as_str() {
                "version" if value != "0.6" => {
                    let why = format!(
                        "it is written for version {} of OpenStreetMap's API",
                        short(&value)
                    );
                    return Err(ImportError::file(&self.name, why, "give a file of version 0.6"));
                }
                "osmosis_replication_timestamp" | "timestamp" => self.named = Some(value),
                _ => {}
            }
        }
        Ok(())
    }

    fn attributes(&self, tag: &BytesStart<'_>, line: u64) -> Result<Vec<(String, String)>, ImportError> {
        let mut found = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.broken(line, &quick_xml::Error::from(error)))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.broken(line, &error))?;
            found.push((attribute.key.0.to_owned(), value.into_owned()));
        }
        Ok(found)
    }

    /// A child of the root begins.
    fn begin(
        &mut self,
        tag: &BytesStart<'_>,
        line: u64,
        wanted: Wanted,
    ) -> Result<Option<Open>, ImportError> {
        let name = tag.name();
        let what = match name.0 {
            "node" if wanted.nodes => "node",
            "way" if wanted.ways => "way",
            "relation" if wanted.relations => "relation",
            // A server that gives up writes why, and ends the file as if it were whole.
            "remark" => {
                return Err(self.wrong(
                    line,
                    "the server that made it left a remark: it gave up before the end",
                    "read the <remark>, ask for a smaller area or a longer timeout, and import the new file",
                ));
            }
            "meta" => {
                for (key, value) in self.attributes(tag, line)? {
                    if key == "osm_base" {
                        self.named = Some(value);
                    }
                }
                return Ok(None);
            }
            "create" | "modify" | "delete" => {
                return Err(self.wrong(
                    line,
                    "it holds changes, not a map",
                    "apply them to the map they belong to: `osmium apply-changes`",
                ));
            }
            _ => return Ok(None),
        };
        let (mut id, mut lon, mut lat) = (None, None, None);
        let (mut visible, mut deleted) = (true, false);
        for (key, value) in self.attributes(tag, line)? {
            match key.as_str() {
                "id" => id = Some(value),
                "lon" => lon = Some(value),
                "lat" => lat = Some(value),
                "visible" => visible = value != "false",
                "action" => deleted = value == "delete",
                "timestamp" if self.newest.as_ref().is_none_or(|newest| *newest < value) => {
                    self.newest = Some(value);
                }
                _ => {}
            }
        }
        if !visible && !deleted {
            return Err(self.wrong(
                line,
                format!("this {what} was deleted: the file holds the history of its elements, not how they are"),
                "take the state of one day: `osmium time-filter -o day.osm.pbf history.osm 2026-01-01T00:00:00Z`",
            ));
        }
        let mut bad = None;
        let number = id.as_deref().and_then(|id| id.trim().parse().ok());
        if number.is_none() {
            bad = Some(match &id {
                Some(id) => format!("its id `{}` is not a whole number", short(id)),
                None => "it has no id".to_owned(),
            });
        }
        let kind = match what {
            "node" => Kind::Node(match (lon, lat) {
                (Some(lon), Some(lat)) => {
                    if let (Ok(lon), Ok(lat)) = (lon.trim().parse(), lat.trim().parse()) {
                        Position::from_degrees(lon, lat).map_or(Spot::Outside(lon, lat), Spot::At)
                    } else {
                        bad.get_or_insert(format!(
                            "`{}`, `{}` is not a longitude and a latitude",
                            short(&lon),
                            short(&lat)
                        ));
                        Spot::Missing
                    }
                }
                _ => Spot::Missing,
            }),
            "way" => Kind::Way,
            _ => Kind::Relation,
        };
        Ok(Some(Open {
            kind,
            id: number.unwrap_or(0),
            line,
            nodes: Vec::new(),
            members: Vec::new(),
            tags: Vec::new(),
            bad,
            deleted,
        }))
    }

    /// A part of an element.
    fn inner(&self, tag: &BytesStart<'_>, line: u64, open: Option<&mut Open>) -> Result<(), ImportError> {
        let Some(open) = open else { return Ok(()) };
        let name = tag.name();
        if !matches!(name.0, "tag" | "nd" | "member") {
            return Ok(());
        }
        let attributes = self.attributes(tag, line)?;
        let get = |name: &str| {
            attributes
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<i64>().ok());
        let mut bad = |why: String| {
            open.bad.get_or_insert(why);
        };
        match (name.0, &open.kind) {
            ("tag", _) => match (get("k"), get("v")) {
                (Some(key), Some(value)) if open.tags.len() < MAX_TAGS => {
                    open.tags.push((key.to_owned(), value.to_owned()));
                }
                (Some(_), Some(_)) => bad(format!("it has more than {MAX_TAGS} tags")),
                _ => bad(format!("its tag on line {line} has no key or no value")),
            },
            ("nd", Kind::Way) => match number(get("ref")) {
                Some(node) if open.nodes.len() < MAX_WAY_NODES => open.nodes.push(node),
                Some(_) => bad(format!("it has more than {MAX_WAY_NODES} nodes")),
                None => bad(format!("its <nd> on line {line} names no node")),
            },
            ("member", Kind::Relation) => {
                let kind = match get("type") {
                    Some("node") => Some(MemberKind::Node),
                    Some("way") => Some(MemberKind::Way),
                    Some("relation") => Some(MemberKind::Relation),
                    _ => None,
                };
                match (kind, number(get("ref"))) {
                    (Some(kind), Some(id)) if open.members.len() < MAX_MEMBERS => {
                        let role = get("role").unwrap_or_default().to_owned();
                        open.members.push((kind, id, role));
                    }
                    (Some(_), Some(_)) => bad(format!("it has more than {MAX_MEMBERS} members")),
                    _ => bad(format!("its <member> on line {line} names no member")),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Gives an element that is whole.
fn give(open: Open, wanted: Wanted, visit: &mut Visit<'_>) -> Result<(), ImportError> {
    if open.deleted {
        return Ok(());
    }
    let stands = Stands::Line(open.line);
    if let Some(why) = open.bad {
        if wanted != Wanted::ALL {
            return Ok(());
        }
        let name = match open.kind {
            Kind::Node(_) => "node",
            Kind::Way => "way",
            Kind::Relation => "relation",
        };
        let what = format!("{name} {}", open.id);
        return visit(Element::Bad { what, why }, stands);
    }
    let tags = Tags(
        open.tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect(),
    );
    let element = match open.kind {
        Kind::Node(spot) => Element::Node {
            id: open.id,
            spot,
            tags,
        },
        Kind::Way => Element::Way {
            id: open.id,
            nodes: open.nodes,
            tags,
        },
        Kind::Relation => Element::Relation {
            id: open.id,
            members: open
                .members
                .iter()
                .map(|(kind, id, role)| Member {
                    kind: *kind,
                    id: *id,
                    role,
                })
                .collect(),
            tags,
        },
    };
    visit(element, stands)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Source for Xml {
    fn scan(&mut self, wanted: Wanted, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let file = File::open(&self.path).map_err(ImportError::read(&self.name))?;
        let packed = file.metadata().map_err(ImportError::read(&self.name))?.len();
        let file = BufReader::with_capacity(64 << 10, file);
        if self.gzip {
            let unpacked = Bounded::new(MultiGzDecoder::new(file), unpacked::most(packed));
            let mut input = BufReader::with_capacity(64 << 10, unpacked);
            self.scan_from(&mut input, wanted, visit)
        } else {
            let mut input = file;
            self.scan_from(&mut input, wanted, visit)
        }
    }

    fn as_of(&self) -> Option<&str> {
        self.named.as_deref().or(self.newest.as_deref())
    }
}
