//! Tokens that nobody may get in with (RFC 8725), and the ones beside them that are right.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::signer::{Key, Pair, base64url, signed, signed_text};
use super::{AUDIENCE, Believing, CLIENT, NOW, header};

/// What is done to the claims.
type Change = fn(&mut Value);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_tokens_are_taken() {
    let rig = Believing::new().await;
    for key in Key::ALL {
        let token = signed(rig.provider.key(key), &header(key), &rig.claims());
        let me = rig.me(&token).await;
        assert_eq!(me.status, 200, "{key:?}: {}", me.text());
        let me = me.json();
        assert_eq!(
            (&me["name"], &me["kind"], &me["roles"]),
            (&json!("wanjiku"), &json!("person"), &json!(["viewer"]))
        );
    }
    let right: [(&str, Change); 8] = [
        ("aud is a list", |claims| {
            claims["aud"] = json!(["https://other.example", AUDIENCE]);
        }),
        ("just ended", |claims| claims["exp"] = json!(NOW - 59)),
        ("begins in a minute", |claims| claims["nbf"] = json!(NOW + 60)),
        ("made by a clock ahead", |claims| claims["iat"] = json!(NOW + 60)),
        ("a fraction", |claims| {
            claims["exp"] = json!(f64::from(1_777_636_800_i32 + 30) + 0.5);
        }),
        ("no groups that count", |claims| {
            claims["more"] = json!({"groups": "chiefs"});
        }),
        ("a long name", |claims| {
            claims["preferred_username"] = json!("w".repeat(1000));
        }),
        ("a name that is none", |claims| {
            claims["preferred_username"] = json!("<script>\u{0}");
        }),
    ];
    for (what, change) in right {
        let me = rig.me(&rig.token(change)).await;
        assert_eq!(me.status, 200, "{what}: {}", me.text());
    }
    // The full name of the media type, in any case; an id is not needed where there is no choice.
    for head in [
        json!({"alg": "ES256", "kid": "es", "typ": "application/AT+JWT"}),
        json!({"alg": "EdDSA", "typ": "at+jwt"}),
        json!({"alg": "Ed25519", "kid": "ed", "typ": "at+jwt"}),
    ] {
        let key = if head["alg"] == "ES256" { Key::Es } else { Key::Ed };
        let token = signed(rig.provider.key(key), &head, &rig.claims());
        assert_eq!(rig.me(&token).await.status, 200, "{head}");
    }
    assert_eq!(rig.provider.asked(), 1, "the keys are kept");
}

fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = format!(
        "{}.{}",
        base64url(header.to_string().as_bytes()),
        base64url(claims.to_string().as_bytes())
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", base64url(&mac.finalize().into_bytes()))
}

/// Another signature, or header, or payload, of a right token.
fn with_part(token: &str, part: usize, other: &str) -> String {
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[part] = other;
    parts.join(".")
}

/// Every attack with its name.
fn attacks(rig: &Believing) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, token: String| all.push((name.to_owned(), token));
    let (es, rs) = (rig.provider.key(Key::Es), rig.provider.key(Key::Rs));
    let claims = rig.claims();
    let right = rig.token(|_| {});
    let thief = Pair::new(Key::Es);
    let head = header(Key::Es);

    // The algorithm.
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let none = json!({"alg": alg, "kid": "es", "typ": "at+jwt"});
        let token = signed(es, &none, &claims);
        add(&format!("alg `{alg}`, signed"), token.clone());
        add(&format!("alg `{alg}`"), with_part(&token, 2, ""));
    }
    let hs = json!({"alg": "HS256", "kid": "es", "typ": "at+jwt"});
    let jwk = es.jwk("es").to_string();
    for (what, secret) in [
        ("the point", es.public()),
        ("the JWK", jwk.into_bytes()),
        ("the RSA key", rs.public()),
        ("nothing", Vec::new()),
    ] {
        add(
            &format!("HS256 with {what} as the secret"),
            hs256(&secret, &hs, &claims),
        );
        let as_es = json!({"alg": "ES256", "kid": "es", "typ": "at+jwt"});
        add(
            &format!("a MAC with {what}, said to be ES256"),
            hs256(&secret, &as_es, &claims),
        );
    }
    for alg in [
        "es256", "ES384", "ES512", "ES256K", "RS1", "RS512", "HS512", "A128KW", "dir",
    ] {
        let other = json!({"alg": alg, "kid": "es", "typ": "at+jwt"});
        add(&format!("alg `{alg}`"), signed(es, &other, &claims));
    }
    for (alg, kid, pair) in [
        ("RS256", "es", es),
        ("ES256", "rs", rs),
        ("PS256", "rs", rs),
        ("RS256", "ps", rs),
    ] {
        let other = json!({"alg": alg, "kid": kid, "typ": "at+jwt"});
        add(&format!("{alg} with key {kid}"), signed(pair, &other, &claims));
    }
    add(
        "no alg",
        signed(es, &json!({"kid": "es", "typ": "at+jwt"}), &claims),
    );
    add(
        "alg is a list",
        signed(
            es,
            &json!({"alg": ["ES256"], "kid": "es", "typ": "at+jwt"}),
            &claims,
        ),
    );

    // The key.
    for kid in [
        json!("unknown"),
        json!("../../../../dev/null"),
        json!("es' OR '1'='1"),
        json!("es\u{0}"),
        json!("ES"),
        json!(""),
        json!(7),
        json!(["es"]),
        json!({"es": 1}),
        json!(null),
    ] {
        let other = json!({"alg": "ES256", "kid": kid, "typ": "at+jwt"});
        add(&format!("kid {kid}"), signed(es, &other, &claims));
        add(&format!("kid {kid} of a thief"), signed(&thief, &other, &claims));
    }
    let stolen = json!({"alg": "RS256", "typ": "at+jwt"});
    add("no kid where there is a choice", signed(rs, &stolen, &claims));
    add("another's key", signed(&thief, &head, &claims));
    for (name, value) in [
        ("jwk", thief.jwk("es")),
        ("jku", json!(format!("{}/thief", rig.provider.url))),
        ("x5u", json!(format!("{}/thief", rig.provider.url))),
        ("x5c", json!([base64url(&thief.public())])),
    ] {
        for kid in ["es", "thief"] {
            let mut with = head.clone();
            with["kid"] = json!(kid);
            with[name] = value.clone();
            add(
                &format!("header {name}, kid {kid}"),
                signed(&thief, &with, &claims),
            );
        }
    }

    // The form.
    let mut admin = claims.clone();
    admin["groups"] = json!(["chiefs"]);
    add(
        "altered payload",
        with_part(&right, 1, &base64url(admin.to_string().as_bytes())),
    );
    let other_head = json!({"alg": "ES256", "kid": "es", "typ": "at+jwt", "x": 1}).to_string();
    add(
        "altered header",
        with_part(&right, 0, &base64url(other_head.as_bytes())),
    );
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    for (what, signature) in [
        ("(0, 0)", vec![0; 64]),
        ("(1, 0)", [&[0; 31][..], &[1], &[0; 32]].concat()),
        ("(0, 1)", [&[0; 63][..], &[1]].concat()),
        ("(n, n)", [order, order].concat()),
        ("0xff", vec![0xff; 64]),
        ("short", vec![1; 63]),
        ("long", vec![1; 65]),
        ("empty", Vec::new()),
        ("(0, 0) in DER", vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
    ] {
        add(
            &format!("signature {what}"),
            with_part(&right, 2, &base64url(&signature)),
        );
    }
    let by_rsa = signed(rs, &header(Key::Rs), &claims);
    for (what, signature) in [
        ("0", vec![0; 256]),
        ("1", [&[0; 255][..], &[1]].concat()),
        ("short", vec![1; 128]),
    ] {
        add(
            &format!("RSA signature {what}"),
            with_part(&by_rsa, 2, &base64url(&signature)),
        );
    }
    let ed = signed(rig.provider.key(Key::Ed), &header(Key::Ed), &claims);
    add("Ed25519 signature 0", with_part(&ed, 2, &base64url(&[0; 64])));
    let whole = claims.to_string();
    let twice = |name: &str, value: &Value| format!("{{\"{name}\":{value},{}", &whole[1..]);
    for (name, value) in [
        ("sub", json!("other")),
        ("aud", json!(AUDIENCE)),
        ("groups", json!(["chiefs"])),
        ("exp", json!(NOW + 9_000)),
    ] {
        add(
            &format!("{name} twice"),
            signed_text(es, &head.to_string(), &twice(name, &value)),
        );
    }
    let escaped = format!("{{\"\\u0073ub\":\"other\",{}", &whole[1..]);
    add(
        "sub twice, once escaped",
        signed_text(es, &head.to_string(), &escaped),
    );
    let head_twice = "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"es\",\"typ\":\"at+jwt\"}";
    add("alg twice", signed_text(es, head_twice, &whole));
    for (what, payload) in [
        ("a list", "[]".to_owned()),
        ("a text", "\"x\"".to_owned()),
        ("nothing", String::new()),
        ("cut", whole[..whole.len() - 1].to_owned()),
        ("two objects", format!("{whole}{whole}")),
        ("a NUL behind", format!("{whole}\u{0}")),
    ] {
        add(
            &format!("the payload is {what}"),
            signed_text(es, &head.to_string(), &payload),
        );
    }
    add(
        "oversized",
        rig.token(|claims| claims["filler"] = json!("x".repeat(16 << 10))),
    );
    let mut crit = head.clone();
    crit["crit"] = json!(["b64"]);
    crit["b64"] = json!(false);
    add("crit", signed(es, &crit, &claims));
    crit["crit"] = json!([]);
    add("empty crit", signed(es, &crit, &claims));
    for more in [".", ".x", "..", "="] {
        add(&format!("`{more}` behind"), format!("{right}{more}"));
    }
    add("a dot before", format!(".{right}"));
    add("padded", format!("{right}=="));
    add("two parts", right.rsplit_once('.').unwrap().0.to_owned());
    add("five parts, as if encrypted", format!("{right}.a.b"));
    add("only dots", "..".to_owned());
    add("text", "nonsense".to_owned());
    add("a key that is none", "mapacha_00112233aabbccdd_00".to_owned());

    // The kind.
    for kind in [
        "JWT",
        "jwt",
        "id+jwt",
        "logout+jwt",
        "dpop+jwt",
        "at+jwt ",
        "secevent+jwt",
        "",
        "application/",
    ] {
        let other = json!({"alg": "ES256", "kid": "es", "typ": kind});
        add(&format!("typ `{kind}`"), signed(es, &other, &claims));
    }
    add(
        "no typ",
        signed(es, &json!({"alg": "ES256", "kid": "es"}), &claims),
    );
    add(
        "typ is a list",
        signed(
            es,
            &json!({"alg": "ES256", "kid": "es", "typ": ["at+jwt"]}),
            &claims,
        ),
    );

    // What it says.
    let url = &rig.provider.url;
    for (name, values) in [
        (
            "iss",
            vec![
                json!("https://other.example"),
                json!(format!("{url}/")),
                json!(format!("{url}\u{0}")),
                json!(url.to_uppercase()),
                json!([url]),
                json!(""),
            ],
        ),
        (
            "aud",
            vec![
                json!("https://other.example"),
                json!(CLIENT),
                json!(format!("{AUDIENCE}/")),
                json!(["https://other.example"]),
                json!([AUDIENCE, 7]),
                json!([[AUDIENCE]]),
                json!([]),
                json!({AUDIENCE: 1}),
                json!(""),
            ],
        ),
        (
            "exp",
            vec![
                json!(NOW - 60),
                json!(0),
                json!(-1),
                json!((NOW + 300).to_string()),
                json!([NOW + 300]),
                json!(true),
            ],
        ),
        ("nbf", vec![json!(NOW + 61), json!("0"), json!(-1), json!(null)]),
        (
            "iat",
            vec![json!(NOW + 61), json!("0"), json!(null), json!(1e300)],
        ),
        (
            "sub",
            vec![
                json!(""),
                json!(7),
                json!(["x"]),
                json!("7a9e-subject-of-wanjiku\u{0}"),
                json!("a\nb"),
                json!("s".repeat(256)),
            ],
        ),
    ] {
        for value in values {
            let shown: String = value.to_string().chars().take(60).collect();
            add(
                &format!("{name} {shown}"),
                rig.token(|claims| claims[name] = value),
            );
        }
        if name != "nbf" {
            add(
                &format!("no {name}"),
                rig.token(|claims| {
                    claims.as_object_mut().unwrap().remove(name);
                }),
            );
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_ones_are_refused_and_none_is_told_why() {
    let rig = Believing::new().await;
    let attacks = attacks(&rig);
    assert!(attacks.len() > 130, "{}", attacks.len());
    let first = rig.me("x").await;
    for (name, token) in &attacks {
        let reply = rig.me(token).await;
        assert_eq!(reply.status, 401, "{name}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json", "{name}");
        assert_eq!(
            reply.header("www-authenticate"),
            "Bearer realm=\"mapacha\", error=\"invalid_token\"",
            "{name}"
        );
        assert_eq!(reply.text(), first.text(), "{name}");
    }
    // None of them made an account, or changed what is taken.
    assert!(rig.access().people().is_empty());
    assert_eq!(rig.me(&rig.token(|_| {})).await.status, 200);
    assert!(
        rig.provider.asked() <= 2,
        "unknown keys make the provider be asked once in a while: {}",
        rig.provider.asked()
    );
    // Two headers could be read in two ways.
    let right = format!("Bearer {}", rig.token(|_| {}));
    for second in ["Bearer x", &*right] {
        let both = [("authorization", &*right), ("authorization", second)];
        assert_eq!(rig.city.ask("GET", "/access/me", &both, None).await.status, 401);
    }
}
