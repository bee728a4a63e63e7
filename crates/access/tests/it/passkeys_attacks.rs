//! A table of what is not taken of a new passkey, each for its own reason (`WebAuthn` Level 3, 7.1).

use access::{Error, NoPasskey, Opened, PasskeyRequest, Role};

use crate::authenticator::{
    AT, Authenticator, BS, Creating, ED, Key, UP, UV, bytes, head, map, number, p256, rsa, text,
};
use crate::support::{GOOD, Rig, source};

pub(crate) fn begin(rig: &Rig, opened: &Opened) -> PasskeyRequest {
    let from = source("192.0.2.1");
    rig.access
        .begin_passkey(&opened.person, &opened.token, GOOD, &Rig::site(), from)
        .unwrap()
}

/// What becomes of an answer that is made wrong so.
pub(crate) fn tried(
    rig: &Rig,
    opened: &Opened,
    made: impl FnOnce(&mut Creating),
) -> Result<access::PasskeyInfo, Error> {
    let request = begin(rig, opened);
    let authenticator = Authenticator::new(-7);
    let mut creating = authenticator.creating(&request.challenge);
    made(&mut creating);
    let sent = creating.sent();
    let new = sent.new_passkey("phone", &[]);
    rig.access.add_passkey(&opened.person, &opened.token, &new)
}

pub(crate) fn why(result: Result<access::PasskeyInfo, Error>) -> Option<NoPasskey> {
    match result {
        Ok(_) => None,
        Err(Error::Passkey(why)) => Some(why),
        Err(other) => panic!("{other}"),
    }
}

/// Every one is refused, and for its own reason.
#[test]
fn a_table_of_attacks() {
    type Made = fn(&mut Creating);
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let opened = rig.enter("ada");
    let table: &[(&str, Made, NoPasskey)] = &[
        (
            "of a login",
            |it| it.client.kind = "webauthn.get".into(),
            NoPasskey::Type,
        ),
        (
            "of a payment",
            |it| it.client.kind = "payment.get".into(),
            NoPasskey::Type,
        ),
        (
            "in other letters",
            |it| it.client.kind = "WebAuthn.create".into(),
            NoPasskey::Type,
        ),
        (
            "another challenge",
            |it| it.client.challenge = "A".repeat(43),
            NoPasskey::Challenge,
        ),
        (
            "no challenge",
            |it| it.client.challenge.clear(),
            NoPasskey::Challenge,
        ),
        (
            "the challenge padded",
            |it| it.client.challenge.push('='),
            NoPasskey::Challenge,
        ),
        (
            "cut off",
            |it| {
                it.client.challenge.pop();
            },
            NoPasskey::Challenge,
        ),
        (
            "another site",
            |it| it.client.origin = "https://evil.example".into(),
            NoPasskey::Origin,
        ),
        (
            "a subdomain",
            |it| it.client.origin = "https://a.twin.city.example".into(),
            NoPasskey::Origin,
        ),
        (
            "the domain above",
            |it| it.client.origin = "https://city.example".into(),
            NoPasskey::Origin,
        ),
        (
            "without TLS",
            |it| it.client.origin = "http://twin.city.example".into(),
            NoPasskey::Origin,
        ),
        (
            "another port",
            |it| it.client.origin = "https://twin.city.example:444".into(),
            NoPasskey::Origin,
        ),
        (
            "a slash",
            |it| it.client.origin = "https://twin.city.example/".into(),
            NoPasskey::Origin,
        ),
        (
            "in capitals",
            |it| it.client.origin = "https://TWIN.city.example".into(),
            NoPasskey::Origin,
        ),
        (
            "it begins so",
            |it| it.client.origin = "https://twin.city.example.evil.example".into(),
            NoPasskey::Origin,
        ),
        (
            "no origin",
            |it| it.client.origin = "null".into(),
            NoPasskey::Origin,
        ),
        (
            "an app",
            |it| it.client.origin = "android:apk-key-hash:AAAA".into(),
            NoPasskey::Origin,
        ),
        (
            "in a frame",
            |it| it.client.more = ",\"crossOrigin\":true".into(),
            NoPasskey::CrossOrigin,
        ),
        (
            "in a frame of",
            |it| it.client.more = ",\"topOrigin\":\"https://evil.example\"".into(),
            NoPasskey::CrossOrigin,
        ),
        (
            "in a frame of, denied",
            |it| it.client.more = ",\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\"".into(),
            NoPasskey::CrossOrigin,
        ),
        (
            "crossOrigin is no truth",
            |it| it.client.more = ",\"crossOrigin\":\"false\"".into(),
            NoPasskey::ClientData,
        ),
        (
            "crossOrigin is null",
            |it| it.client.more = ",\"crossOrigin\":null".into(),
            NoPasskey::ClientData,
        ),
        (
            "two types",
            |it| it.client.more = ",\"type\":\"webauthn.create\"".into(),
            NoPasskey::ClientData,
        ),
        (
            "two origins",
            |it| it.client.more = ",\"origin\":\"https://evil.example\"".into(),
            NoPasskey::ClientData,
        ),
        (
            "something behind it",
            |it| it.client.more = ",\"x\":1}".into(),
            NoPasskey::ClientData,
        ),
        (
            "too long",
            |it| it.client.more = format!(",\"x\":\"{}\"", "x".repeat(4096)),
            NoPasskey::ClientData,
        ),
        (
            "for another site",
            |it| it.rp = "evil.example".into(),
            NoPasskey::RpId,
        ),
        (
            "for the domain above",
            |it| it.rp = "city.example".into(),
            NoPasskey::RpId,
        ),
        (
            "for a subdomain",
            |it| it.rp = "a.twin.city.example".into(),
            NoPasskey::RpId,
        ),
        (
            "for an origin",
            |it| it.rp = "https://twin.city.example".into(),
            NoPasskey::RpId,
        ),
        ("nobody there", |it| it.flags = UV | AT, NoPasskey::Absent),
        ("nobody known", |it| it.flags = UP | AT, NoPasskey::Unverified),
        (
            "copied and cannot be",
            |it| it.flags = UP | UV | AT | BS,
            NoPasskey::Backup,
        ),
        (
            "no passkey in it",
            |it| it.flags = UP | UV,
            NoPasskey::AuthenticatorData,
        ),
        (
            "extensions that are not there",
            |it| it.flags = UP | UV | AT | ED,
            NoPasskey::AuthenticatorData,
        ),
        (
            "extensions that are no map",
            |it| {
                it.flags |= ED;
                it.tail = number(1);
            },
            NoPasskey::AuthenticatorData,
        ),
        (
            "extensions not announced",
            |it| it.tail = map(&[]),
            NoPasskey::AuthenticatorData,
        ),
        (
            "something behind extensions",
            |it| {
                it.flags |= ED;
                it.tail = vec![0xa0, 0];
            },
            NoPasskey::AuthenticatorData,
        ),
        (
            "something behind the key",
            |it| it.tail = vec![0],
            NoPasskey::AuthenticatorData,
        ),
        ("a short id", |it| it.id.truncate(12), NoPasskey::Id),
        ("no id", |it| it.id.clear(), NoPasskey::Id),
        ("a long id", |it| it.id = vec![7; 1024], NoPasskey::Id),
        (
            "the key cut off",
            |it| {
                it.cose.pop();
            },
            NoPasskey::AuthenticatorData,
        ),
        ("no key", |it| it.cose.clear(), NoPasskey::AuthenticatorData),
        (
            "a key of indefinite length",
            |it| {
                it.cose[0] = 0xbf;
                it.cose.push(0xff);
            },
            NoPasskey::AuthenticatorData,
        ),
        ("a key that is a number", |it| it.cose = number(1), NoPasskey::Key),
        ("a key of nothing", |it| it.cose = map(&[]), NoPasskey::Key),
        (
            "beside the curve",
            |it| {
                let last = it.cose.len() - 1;
                it.cose[last] ^= 1;
            },
            NoPasskey::Key,
        ),
        (
            "no point",
            |it| it.cose = p256(&[0; 32], &[0; 32]),
            NoPasskey::Key,
        ),
        (
            "beyond the field",
            |it| it.cose = p256(&[0xff; 32], &[0xff; 32]),
            NoPasskey::Key,
        ),
        (
            "a short coordinate",
            |it| it.cose = p256(&[1; 31], &[1; 32]),
            NoPasskey::Key,
        ),
        (
            "a compressed point",
            |it| {
                let x = it.cose[10..42].to_vec();
                it.cose = map(&[
                    (number(1), number(2)),
                    (number(3), number(-7)),
                    (number(-1), number(1)),
                    (number(-2), bytes(&x)),
                    (number(-3), vec![0xf5]),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "another curve",
            |it| {
                let cose = it.cose.clone();
                it.cose = map(&[
                    (number(1), number(2)),
                    (number(3), number(-7)),
                    (number(-1), number(8)),
                    (number(-2), bytes(&cose[10..42])),
                    (number(-3), bytes(&cose[45..77])),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "of another kind than its algorithm",
            |it| {
                let cose = it.cose.clone();
                it.cose = map(&[
                    (number(1), number(2)),
                    (number(3), number(-8)),
                    (number(-1), number(1)),
                    (number(-2), bytes(&cose[10..42])),
                    (number(-3), bytes(&cose[45..77])),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "an algorithm that was not offered",
            |it| {
                let cose = it.cose.clone();
                it.cose = map(&[
                    (number(1), number(2)),
                    (number(3), number(-35)),
                    (number(-1), number(1)),
                    (number(-2), bytes(&cose[10..42])),
                    (number(-3), bytes(&cose[45..77])),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "a key that says more",
            |it| {
                let cose = it.cose.clone();
                it.cose = map(&[
                    (number(1), number(2)),
                    (number(3), number(-7)),
                    (number(-1), number(1)),
                    (number(-2), bytes(&cose[10..42])),
                    (number(-3), bytes(&cose[45..77])),
                    (number(4), number(2)),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "Ed25519 too short",
            |it| {
                it.cose = map(&[
                    (number(1), number(1)),
                    (number(3), number(-8)),
                    (number(-1), number(6)),
                    (number(-2), bytes(&[1; 31])),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "X25519",
            |it| {
                it.cose = map(&[
                    (number(1), number(1)),
                    (number(3), number(-8)),
                    (number(-1), number(4)),
                    (number(-2), bytes(&[1; 32])),
                ]);
            },
            NoPasskey::Key,
        ),
        (
            "RSA of 1024 bits",
            |it| it.cose = rsa(&[0xff; 128], &[1, 0, 1]),
            NoPasskey::Key,
        ),
        (
            "RSA of 2047 bits",
            |it| it.cose = rsa(&[0x7f; 256], &[1, 0, 1]),
            NoPasskey::Key,
        ),
        (
            "RSA of 8200 bits",
            |it| it.cose = rsa(&[0xff; 1025], &[1, 0, 1]),
            NoPasskey::Key,
        ),
        (
            "RSA with a zero before",
            |it| it.cose = rsa(&[&[0][..], &[0xff; 256]].concat(), &[1, 0, 1]),
            NoPasskey::Key,
        ),
        (
            "RSA, even",
            |it| it.cose = rsa(&[0xfe; 256], &[1, 0, 1]),
            NoPasskey::Key,
        ),
        (
            "RSA, e = 1",
            |it| it.cose = rsa(&[0xff; 256], &[1]),
            NoPasskey::Key,
        ),
        (
            "RSA, e = 2",
            |it| it.cose = rsa(&[0xff; 256], &[2]),
            NoPasskey::Key,
        ),
        ("RSA, no e", |it| it.cose = rsa(&[0xff; 256], &[]), NoPasskey::Key),
        (
            "RSA, a large e",
            |it| it.cose = rsa(&[0xff; 256], &[1, 0, 0, 0, 1]),
            NoPasskey::Key,
        ),
        (
            "no statement that says something",
            |it| it.statement = map(&[(text("x"), number(1))]),
            NoPasskey::Vouched,
        ),
        (
            "no statement",
            |it| it.statement = number(0),
            NoPasskey::Attestation,
        ),
        (
            "a maker vouches",
            |it| {
                let chain = [head(4, 1), bytes(&[0x30, 0])].concat();
                it.format = "packed".into();
                it.statement = map(&[
                    (text("alg"), number(-7)),
                    (text("sig"), bytes(&[0; 70])),
                    (text("x5c"), chain),
                ]);
            },
            NoPasskey::Vouched,
        ),
        (
            "an old key's maker vouches",
            |it| it.format = "fido-u2f".into(),
            NoPasskey::Vouched,
        ),
        (
            "a chip vouches",
            |it| it.format = "tpm".into(),
            NoPasskey::Vouched,
        ),
        (
            "an unknown format",
            |it| it.format = "x".into(),
            NoPasskey::Vouched,
        ),
        (
            "vouches for itself without a signature",
            |it| {
                it.format = "packed".into();
                it.statement = map(&[(text("alg"), number(-7)), (text("ver"), number(1))]);
            },
            NoPasskey::Attestation,
        ),
        (
            "vouches for itself by another algorithm",
            |it| it.vouch(&Key::of(-8), -8),
            NoPasskey::Algorithm,
        ),
        (
            "another key vouches",
            |it| it.vouch(&Key::of(-7), -7),
            NoPasskey::Signature,
        ),
    ];
    for (name, made, reason) in table {
        assert_eq!(why(tried(&rig, &opened, made)), Some(*reason), "{name}");
    }
    assert!(rig.access.passkeys(&opened.person).unwrap().is_empty());
    // The same, made right: what the table changes is why it is refused.
    assert_eq!(why(tried(&rig, &opened, |_| ())), None);
    println!("{} attacks", table.len());
}

/// Whatever is cut off, added, or said in another way to an answer that is right: nothing is taken, and nothing fails.
#[test]
fn no_part_of_an_answer_is_taken() {
    type Made = fn(&Creating) -> Vec<u8>;
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let opened = rig.enter("ada");
    let authenticator = Authenticator::new(-7);
    let length = authenticator.creating("").object().len();
    for cut in 0..length {
        let request = begin(&rig, &opened);
        let mut sent = authenticator.creating(&request.challenge).sent();
        sent.data.truncate(cut);
        let new = sent.new_passkey("phone", &[]);
        let result = rig.access.add_passkey(&opened.person, &opened.token, &new);
        assert_eq!(why(result), Some(NoPasskey::Attestation), "{cut}");
    }
    let table: &[(&str, Made)] = &[
        ("something behind it", |it| [it.object(), vec![0]].concat()),
        ("a member more", |it| {
            map(&[
                (text("fmt"), text("none")),
                (text("attStmt"), map(&[])),
                (text("authData"), bytes(&it.data())),
                (text("ep"), vec![0xf4]),
            ])
        }),
        ("a member twice", |it| {
            map(&[
                (text("fmt"), text("none")),
                (text("fmt"), text("none")),
                (text("attStmt"), map(&[])),
                (text("authData"), bytes(&it.data())),
            ])
        }),
        ("a list", |it| [head(4, 1), bytes(&it.data())].concat()),
        ("as a text", |it| {
            map(&[
                (bytes(b"fmt"), text("none")),
                (text("attStmt"), map(&[])),
                (text("authData"), bytes(&it.data())),
            ])
        }),
        ("of indefinite length", |it| {
            let mut object = it.object();
            object[0] = 0xbf;
            object.push(0xff);
            object
        }),
        ("in an envelope", |it| [vec![0xd8, 0x18], it.object()].concat()),
        ("too long", |it| {
            map(&[
                (text("fmt"), text("none")),
                (text("attStmt"), map(&[])),
                (text("authData"), bytes(&[it.data(), vec![0; 17_000]].concat())),
            ])
        }),
        ("deep", |_| [vec![0x81; 10_000], vec![0x80]].concat()),
        ("wide", |_| {
            [
                vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                vec![0; 100],
            ]
            .concat()
        }),
        ("nothing", |_| Vec::new()),
    ];
    for (name, made) in table {
        let request = begin(&rig, &opened);
        let creating = authenticator.creating(&request.challenge);
        let mut sent = creating.sent();
        sent.data = made(&creating);
        let new = sent.new_passkey("phone", &[]);
        let result = rig.access.add_passkey(&opened.person, &opened.token, &new);
        assert_eq!(why(result), Some(NoPasskey::Attestation), "{name}");
    }
}
