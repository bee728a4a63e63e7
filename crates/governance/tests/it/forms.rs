//! The canonical form of leaves, checkpoints and exports: one way to write each, and no other is read.

use std::borrow::Cow;
use std::io::Cursor;

use ed25519_dalek::SigningKey;
use governance::audit::{Checkpoint, Hash, Leaf, NoteError, Tree, VerifierKey, export};
use ngsi_ld::Timestamp;
use proptest::prelude::*;

use crate::city::keys;

fn leaf() -> Leaf<'static> {
    Leaf {
        seq: 17,
        time: Timestamp::parse("2026-11-23T08:44:19.12Z").unwrap(),
        tenant: "".into(),
        actor: "anonymous".into(),
        on_behalf_of: None,
        purpose: "service-operation".into(),
        allowed: true,
        action: "entity.update".into(),
        target_type: Some("Bus".into()),
        target: Some("abc".into()),
        request: Some("r-1".into()),
        before: None,
        after: Some(Hash([0; 32])),
    }
}

fn written(leaf: &Leaf<'_>) -> String {
    let mut bytes = Vec::new();
    leaf.write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_form_of_version_1() {
    // Every log that was ever written is in it: it cannot be changed, only followed by a version 2.
    let text = r#"{"version":1,"tenant":"","actor":"anonymous","purpose":"service-operation","decision":"allowed","action":"entity.update","target_type":"Bus","request":"r-1","time":"2026-11-23T08:44:19.120000Z","seq":17,"target":"abc","after":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
    assert_eq!(written(&leaf()), text);
    assert_eq!(Leaf::parse(text.as_bytes()).unwrap(), leaf());
    for other in [
        text.replace(':', ": "),
        text.replace("\"version\":1", "\"version\":2"),
        text.replace("allowed", "perhaps"),
        text.replace("\"seq\":17", "\"seq\":17.0"),
        text.replace("\"seq\":17", "\"seq\":-1"),
        text.replace("\"tenant\":\"\",", ""),
        text.replace("\"tenant\":\"\",", "\"tenant\":\"\",\"tenant\":\"\","),
        text.replace("{\"version\":1", "{\"more\":1,\"version\":1"),
        text.replace("08:44:19.120000Z", "08:44:19.12Z"),
        text.replace("08:44:19.120000Z", "09:44:19.120000+01:00"),
        text.replace("anonymous", "anonym\\u006fus"),
        text.replace("anonymous", "anonymous\\n"),
        text.replace("AAA\"", "AAB\""),
        text.replace("abc", "a\u{202e}c"),
        format!("{text} "),
        format!("{text}{text}"),
        String::new(),
        "null".to_owned(),
    ] {
        assert!(Leaf::parse(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn nothing_can_be_injected() {
    let nasty = "a\r\n{\"version\":1}\u{0}\u{1b}[31m\u{85}\u{2028}\u{202e}\"\\\u{7f}é";
    let mut leaf = leaf();
    leaf.actor = nasty.into();
    leaf.request = Some("x".repeat(300).into());
    let text = written(&leaf);
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(!text.contains(['\u{202e}', '\u{2028}']));
    let read = Leaf::parse(text.as_bytes()).unwrap();
    assert!(read.actor.contains("\"\\") && read.actor.ends_with('é'));
    assert_eq!(read.request.unwrap().chars().count(), 256);
}

fn word() -> impl Strategy<Value = Cow<'static, str>> {
    "\\PC{0,20}|[\\x00-\\x7f]{0,10}".prop_map(Cow::Owned)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        seq in any::<u64>(), micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000,
        words in proptest::collection::vec(word(), 9), some in any::<u8>(), hash in any::<[u8; 32]>(),
    ) {
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap();
        let there = |bit: u8, word: Cow<'static, str>| (some >> bit & 1 == 1).then_some(word);
        let leaf = Leaf {
            seq,
            time: Timestamp::from_micros(micros),
            tenant: next(),
            actor: next(),
            on_behalf_of: there(0, next()),
            purpose: next(),
            allowed: some & 0x80 == 0,
            action: next(),
            target_type: there(1, next()),
            target: there(2, next()),
            request: there(3, next()),
            before: (some & 0x10 == 0).then_some(Hash(hash)),
            after: (some & 0x20 == 0).then_some(Hash(hash)),
        };
        let text = written(&leaf);
        prop_assert!(!text.chars().any(char::is_control));
        let read = Leaf::parse(text.as_bytes()).unwrap();
        // Written again it is the same, whatever was left out of the texts.
        prop_assert_eq!(written(&read), text);
        prop_assert_eq!((read.seq, read.time, read.before, read.after), (leaf.seq, leaf.time, leaf.before, leaf.after));
    }

    #[test]
    fn no_bytes_are_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _ = Leaf::parse(&bytes);
        let _ = (Checkpoint::parse(&text), VerifierKey::parse(&text));
        let _ = export::check(&mut Cursor::new(bytes), None);
    }
}

/// `PeterNeumann`, the example of the specification of signed notes (golang.org/x/mod/sumdb/note).
#[test]
fn the_published_key_of_signed_notes() {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = VerifierKey::parse(text).unwrap();
    assert_eq!((key.name(), key.to_string().as_str()), ("PeterNeumann", text));
    for bad in [
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann",
        "",
    ] {
        assert_eq!(VerifierKey::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_checkpoint_is_by_its_key_or_none() {
    let key = SigningKey::from_bytes(&[3; 32]);
    let origin = "city.example/audit";
    let verifier = VerifierKey::new(origin, key.verifying_key());
    let signed = Checkpoint::sign(origin, 42, Hash::of(b"root"), &key);
    assert_eq!(Checkpoint::open(&signed.note, &verifier).unwrap(), signed);
    assert_eq!(signed.note.lines().count(), 5);
    // A witness signs beside it.
    let witnessed = format!("{}\u{2014} witness AAAAAAAA\n", signed.note);
    assert_eq!(Checkpoint::open(&witnessed, &verifier).unwrap().size, 42);
    let other = VerifierKey::new("other/audit", key.verifying_key());
    assert!(matches!(
        Checkpoint::open(&signed.note, &other),
        Err(NoteError::OtherOrigin { .. })
    ));
    let stranger = VerifierKey::new(origin, SigningKey::from_bytes(&[4; 32]).verifying_key());
    assert!(matches!(
        Checkpoint::open(&signed.note, &stranger),
        Err(NoteError::Unsigned(_))
    ));
    let bytes = signed.note.as_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let opened = String::from_utf8(changed).is_ok_and(|note| Checkpoint::open(&note, &verifier).is_ok());
        assert!(!opened, "bit {bit}");
    }
}

#[test]
fn an_export_proves_itself_and_shows_any_change() {
    let mut leaves = Vec::new();
    let mut tree = Tree::default();
    for seq in 0..3 {
        let mut bytes = Vec::new();
        Leaf { seq, ..leaf() }.write(&mut bytes);
        tree.append(Hash::of_leaf(&bytes), &mut |_, _, _| {});
        leaves.push(bytes);
    }
    let keys = keys();
    let verifier = keys.verifier("");
    let key = SigningKey::from_bytes(&[7; 32]);
    let checkpoint = Checkpoint::sign(verifier.name(), 3, tree.root(), &key);
    let mut file = Vec::new();
    export::write_head(&mut file, "", &verifier, &checkpoint).unwrap();
    for leaf in &leaves {
        export::write_leaf(&mut file, leaf).unwrap();
    }
    let findings = |file: &[u8], key| export::check(&mut Cursor::new(file), key).unwrap().findings;
    let report = export::check(&mut Cursor::new(&file), Some(&verifier)).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(
        (report.leaves, report.signed, report.root),
        (3, 3, Some(tree.root()))
    );
    let other = VerifierKey::new(verifier.name(), SigningKey::from_bytes(&[1; 32]).verifying_key());
    assert!(findings(&file, Some(&other))[0].contains("not by the key"));
    for byte in 0..file.len() {
        let mut changed = file.clone();
        changed[byte] ^= 1 << (byte % 8);
        // The last line may end with or without a line feed, nothing else may differ.
        let said = findings(&changed, Some(&verifier));
        assert!(!said.is_empty(), "byte {byte}");
    }
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    for gone in 0..lines.len() {
        let rest: Vec<u8> = lines
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != gone)
            .flat_map(|(_, line)| line.to_vec())
            .collect();
        assert!(!findings(&rest, None).is_empty(), "without line {gone}");
    }
}
