//! Writes without end and says on stdout what was acknowledged: the program that the crash test kills.
//!
//! `writer <folder> <first>`: commit number `n` sets the attributes `a` and `b` of entity `n % 50` to `n`, adds
//! one row to a system table, and every tenth is written in bulk. A line `n` follows when it is durable.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the tests")]

use std::io::Write;
use std::path::Path;

use ngsi_ld::{Attribute, Name, Timestamp, Uri};
use storage::Options;
use storage::{Change, Embedded, EntityKey, Environment, Head, Storage};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let first: i64 = arguments.next().unwrap().parse().unwrap();
    let options = Options {
        fold_changes: 300,
        slice_entities: 7,
        checkpoint_bytes: 100_000,
        ..Options::default()
    };
    let mut engine =
        Embedded::open_with(Path::new(&folder), "mapacha", Environment::real(1), options).unwrap();
    let mut out = std::io::stdout().lock();
    for n in first.. {
        let key = EntityKey(1 + (n % 50).cast_unsigned());
        let at = Timestamp::from_seconds(1_700_000_000 + n);
        let head = Head {
            id: Uri::ngsi_ld("Sensor", &key.0.to_string()),
            types: vec![Name::default_term("Sensor")],
            scope: Vec::new(),
            created_at: at,
            modified_at: at,
            expires_at: None,
            temporal_only: false,
        };
        let number = |term| {
            Change::Attribute(
                key,
                Attribute::property(Name::default_term(term), n).observed_at(at),
            )
        };
        let row = Change::System(
            "commits",
            n.to_be_bytes().into(),
            Some(n.to_be_bytes().as_slice().into()),
        );
        let changes = [Change::Head(key, head), number("a"), number("b"), row];
        if n % 10 == 0 {
            engine.bulk(&changes)
        } else {
            engine.commit(&changes)
        }
        .unwrap();
        writeln!(out, "{n}").unwrap();
        out.flush().unwrap();
        engine.maintain().unwrap();
    }
}
