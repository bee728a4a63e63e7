//! A leaf: one thing that was done, in its canonical form.
//!
//! The form, version 1, is one JSON object without white space, with these members in this order; those in brackets
//! are left out where there is nothing to say:
//!
//! `version` (1) · `tenant` ("" for the default one) · `actor` · [`on_behalf_of`] · `purpose` · `decision` (`allowed`
//! or `refused`) · `action` · [`target_type`] · [`request`] · `time` (UTC, six decimals) · `seq` (the leaf's number,
//! from 0) · [`target`] · [`before`] · [`after`]
//!
//! `actor` is `anonymous`, `system:` and the name of a part of this program, or the pseudonym of somebody; `target` is
//! the pseudonym of an entity's id or of another thing's name. `before` and `after` are SHA-256 hashes (base64 for
//! URLs) of what stood there and of what was written, see `state`. Texts hold no control characters, none that change
//! the direction of writing, and at most 256 characters; in them only `"` and `\` are escaped. So one leaf has one
//! form, and [`Leaf::parse`] takes no other.

use std::borrow::Cow;

use ngsi_ld::Timestamp;
use serde::Deserialize;

use super::Hash;
use super::text::digits;

/// The version of the form.
const VERSION: u8 = 1;
/// The most characters of a text.
const LONGEST: usize = 256;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// Its number in the log, from 0.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// In whose data; the default tenant has no name.
    pub tenant: Cow<'a, str>,
    /// Who did it.
    pub actor: Cow<'a, str>,
    /// For whom, where that is somebody else.
    pub on_behalf_of: Option<Cow<'a, str>>,
    /// What for.
    pub purpose: Cow<'a, str>,
    /// Whether it was allowed.
    pub allowed: bool,
    /// What was done, as in `entity.update`.
    pub action: Cow<'a, str>,
    /// To what sort of thing.
    pub target_type: Option<Cow<'a, str>>,
    /// The pseudonym of the thing.
    pub target: Option<Cow<'a, str>>,
    /// The request it came with.
    pub request: Option<Cow<'a, str>>,
    /// The hash of what was there before.
    pub before: Option<Hash>,
    /// The hash of what was written.
    pub after: Option<Hash>,
}

/// Why bytes are no leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no leaf of version {VERSION}: {0}")]
pub struct MalformedLeaf(String);

/// What serde reads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    version: u8,
    tenant: String,
    actor: String,
    on_behalf_of: Option<String>,
    purpose: String,
    decision: String,
    action: String,
    target_type: Option<String>,
    request: Option<String>,
    time: String,
    seq: u64,
    target: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl Leaf<'_> {
    /// Writes its canonical form.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.write_with(&time_text(self.time), out);
    }

    /// The same, with its time as [`time_text`] writes it.
    pub(crate) fn write_with(&self, time: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"version\":");
        digits(VERSION.into(), out);
        for (name, value) in [
            ("tenant", Some(&*self.tenant)),
            ("actor", Some(&*self.actor)),
            ("on_behalf_of", self.on_behalf_of.as_deref()),
            ("purpose", Some(&*self.purpose)),
            ("decision", Some(if self.allowed { "allowed" } else { "refused" })),
            ("action", Some(&*self.action)),
            ("target_type", self.target_type.as_deref()),
            ("request", self.request.as_deref()),
            ("time", Some(time)),
        ] {
            member(name, value, out);
        }
        out.extend_from_slice(b",\"seq\":");
        digits(self.seq, out);
        member("target", self.target.as_deref(), out);
        for (name, hash) in [("before", self.before), ("after", self.after)] {
            if let Some(hash) = hash {
                begin(name, out);
                hash.write_url_text(out);
                out.push(b'"');
            }
        }
        out.push(b'}');
    }
}

impl Leaf<'static> {
    /// Reads the canonical form, and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedLeaf> {
        let read: Read = serde_json::from_slice(bytes).map_err(|error| MalformedLeaf(error.to_string()))?;
        let wrong = |what: &str| MalformedLeaf(what.to_owned());
        if read.version != VERSION {
            return Err(MalformedLeaf(format!("its version is {}", read.version)));
        }
        let hash = |text: Option<String>, name: &str| match text {
            None => Ok(None),
            Some(text) => Hash::from_url_text(&text)
                .map(Some)
                .ok_or_else(|| MalformedLeaf(format!("`{name}` is no hash"))),
        };
        let leaf = Self {
            seq: read.seq,
            time: Timestamp::parse(&read.time)
                .ok()
                .ok_or_else(|| wrong("`time` is no instant"))?,
            tenant: read.tenant.into(),
            actor: read.actor.into(),
            on_behalf_of: read.on_behalf_of.map(Into::into),
            purpose: read.purpose.into(),
            allowed: match read.decision.as_str() {
                "allowed" => true,
                "refused" => false,
                _ => return Err(wrong("`decision` is neither `allowed` nor `refused`")),
            },
            action: read.action.into(),
            target_type: read.target_type.map(Into::into),
            target: read.target.map(Into::into),
            request: read.request.map(Into::into),
            before: hash(read.before, "before")?,
            after: hash(read.after, "after")?,
        };
        let mut canonical = Vec::with_capacity(bytes.len());
        leaf.write(&mut canonical);
        if canonical == bytes {
            Ok(leaf)
        } else {
            Err(wrong("it is not in the canonical form"))
        }
    }
}

fn member(name: &str, value: Option<&str>, out: &mut Vec<u8>) {
    let Some(value) = value else { return };
    begin(name, out);
    text(value, out);
    out.push(b'"');
}

fn begin(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
}

/// An instant as leaves have it.
pub(crate) fn time_text(time: Timestamp) -> String {
    format!("{:.6}", time.to_jiff())
}

/// Whether a text may hold it.
fn is_plain(c: char) -> bool {
    !(c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
}

/// Writes a text: what it may not hold becomes U+FFFD, what is too long ends with an ellipsis.
fn text(value: &str, out: &mut Vec<u8>) {
    // Without a way out of the loop, so that the processor looks at many bytes at a time.
    let is_odd = |byte: &u8| !matches!(byte, b' '..=b'~') || *byte == b'"' || *byte == b'\\';
    if value.len() <= LONGEST && value.bytes().filter(is_odd).count() == 0 {
        out.extend_from_slice(value.as_bytes());
        return;
    }
    let is_long = value.chars().nth(LONGEST).is_some();
    let kept = value.chars().take(if is_long { LONGEST - 1 } else { LONGEST });
    for c in kept.chain(is_long.then_some('…')) {
        let c = if is_plain(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        };
        if matches!(c, '"' | '\\') {
            out.push(b'\\');
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
