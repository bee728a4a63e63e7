//! A log in one file that proves itself: JSON lines, the first with the checkpoint, each other one a leaf as it is.
//!
//! ```text
//! {"format":"mapacha-audit-log","version":1,"tenant":"","key":"<name>+<id>+<key>","checkpoint":"<signed note>"}
//! {"version":1,"tenant":"","actor":"anonymous",…}
//! ```
//!
//! The leaves are as many as the checkpoint speaks of. Whoever knows the key from elsewhere, say from an older export
//! or the city's web page, knows that nobody made up the whole.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::Hash;
use super::leaf::Leaf;
use super::note::{Checkpoint, VerifierKey};
use super::tree::Tree;
use super::verify::Report;

const FORMAT: &str = "mapacha-audit-log";
const VERSION: u8 = 1;
/// The longest line that is read, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u8,
    tenant: String,
    key: String,
    checkpoint: String,
}

/// Writes the first line.
pub fn write_head(
    out: &mut impl Write,
    tenant: &str,
    key: &VerifierKey,
    checkpoint: &Checkpoint,
) -> io::Result<()> {
    let head = Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        tenant: tenant.to_owned(),
        key: key.to_string(),
        checkpoint: checkpoint.note.clone(),
    };
    serde_json::to_writer(&mut *out, &head)?;
    out.write_all(b"\n")
}

/// Writes a leaf.
pub fn write_leaf(out: &mut impl Write, leaf: &[u8]) -> io::Result<()> {
    out.write_all(leaf)?;
    out.write_all(b"\n")
}

/// Checks a file. `key`: who signs it; without that, the file's own word for it is taken.
///
/// # Errors
/// Only where it cannot be read; what is wrong in it is in the report.
pub fn check(input: &mut impl BufRead, key: Option<&VerifierKey>) -> io::Result<Report> {
    let mut report = Report::default();
    let mut line = Vec::new();
    read_line(input, &mut line)?;
    let Some((head, checkpoint)) = open(&line, key, &mut report) else {
        return Ok(report);
    };
    report.tenant = head.tenant;
    report.signed = checkpoint.size;
    let mut tree = Tree::default();
    while read_line(input, &mut line)? {
        let number = tree.size();
        let said = |what: String| format!("line {}, leaf {number}: {what}", number + 2);
        match Leaf::parse(&line) {
            Ok(leaf) if leaf.seq != number => {
                report
                    .findings
                    .push(said(format!("it says that it is number {}", leaf.seq)));
            }
            Ok(leaf) if leaf.tenant != report.tenant => {
                report
                    .findings
                    .push(said(format!("it is of the tenant `{}`", leaf.tenant)));
            }
            Ok(_) => {}
            Err(why) => report.findings.push(said(why.to_string())),
        }
        if report.findings.len() >= 100 {
            report.findings.push("and more".to_owned());
            break;
        }
        tree.append(Hash::of_leaf(&line), &mut |_, _, _| {});
    }
    report.leaves = tree.size();
    let root = tree.root();
    report.root = Some(root);
    if tree.size() != checkpoint.size {
        report.findings.push(format!(
            "{} leaves were signed, and {} are in the file",
            checkpoint.size,
            tree.size()
        ));
    } else if root != checkpoint.root {
        report.findings.push(format!(
            "the root of the leaves is {root}, and {} was signed: a leaf was changed, or another put in its place",
            checkpoint.root
        ));
    }
    Ok(report)
}

fn open(line: &[u8], key: Option<&VerifierKey>, report: &mut Report) -> Option<(Head, Checkpoint)> {
    let mut find = |what: String| report.findings.push(format!("line 1: {what}"));
    let head: Head = match serde_json::from_slice(line) {
        Ok(head) => head,
        Err(error) => {
            find(format!("it is not the head of an exported log: {error}"));
            return None;
        }
    };
    if head.format != FORMAT || head.version != VERSION {
        find(format!(
            "`{}` {} is not a form that this program knows",
            head.format, head.version
        ));
        return None;
    }
    let Some(own) = VerifierKey::parse(&head.key) else {
        find("its `key` is not the key of a log".to_owned());
        return None;
    };
    if key.is_some_and(|key| *key != own) {
        find(format!("it is signed by {own}, not by the key that was given"));
        return None;
    }
    match Checkpoint::open(&head.checkpoint, &own) {
        Ok(checkpoint) => Some((head, checkpoint)),
        Err(why) => {
            find(format!("its checkpoint: {why}"));
            None
        }
    }
}

/// Reads a line without its end; whether there was one.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = io::Read::take(&mut *input, LONGEST).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a line is longer than any of a log",
        ));
    }
    Ok(read > 0)
}
