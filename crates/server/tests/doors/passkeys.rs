//! Passkeys over HTTP: both ceremonies as a browser takes part in them, and what others send there.

#[path = "../../../access/tests/it/authenticator.rs"]
#[allow(dead_code, reason = "what the tables of attacks need is not all needed here")]
mod authenticator;

use access::Role;
use serde_json::{Value, json};
use server::PublicUrl;

use crate::admitted::{PASSWORD, access_of, key_with, logged_in};
use crate::common::{City, Reply};
use authenticator::{Authenticator, ORIGIN, UP, base64url, unbase64url};

const ADD: &str = "/access/passkeys";
const BEGIN: &str = "/access/passkeys/options";
const LOGIN: &str = "/access/passkeys/login";
const ASK: &str = "/access/passkeys/login/options";

fn city() -> City {
    City::guarded_with(
        |_| {},
        |config, _| config.public_url = Some(PublicUrl::parse(ORIGIN).unwrap()),
    )
}

/// As a page of this server sends it.
async fn send(city: &City, path: &str, cookie: &str, body: &Value) -> Reply {
    let headers = [
        ("cookie", cookie),
        ("origin", ORIGIN),
        ("sec-fetch-site", "same-origin"),
        ("accept", "application/json"),
    ];
    city.ask("POST", path, &headers, Some(&body.to_string())).await
}

fn reason(reply: &Reply) -> (u16, String) {
    let reason = reply.json()["reason"].as_str().unwrap_or("").to_owned();
    (reply.status, reason)
}

/// What a browser makes of the options.
fn made(authenticator: &mut Authenticator, options: &Value) -> Value {
    authenticator.user = unbase64url(options["user"]["id"].as_str().unwrap());
    let sent = authenticator
        .creating(options["challenge"].as_str().unwrap())
        .sent();
    json!({"id": base64url(&sent.id), "rawId": base64url(&sent.id), "type": "public-key", "clientExtensionResults": {},
        "response": {"clientDataJSON": base64url(&sent.client), "attestationObject": base64url(&sent.data), "transports": ["internal"]}})
}

fn shown(authenticator: &Authenticator, options: &Value, flags: Option<u8>) -> Value {
    let mut showing = authenticator.showing(options["challenge"].as_str().unwrap());
    showing.flags = flags.unwrap_or(showing.flags);
    let sent = showing.sent();
    json!({"id": base64url(&sent.id), "rawId": base64url(&sent.id), "type": "public-key", "clientExtensionResults": {},
        "response": {"clientDataJSON": base64url(&sent.client), "authenticatorData": base64url(&sent.data),
            "signature": base64url(&sent.signature), "userHandle": base64url(&sent.user.unwrap())}})
}

/// The value of a cookie that an answer sets.
fn set(reply: &Reply, name: &str) -> Option<String> {
    let all = reply.header_all("set-cookie");
    let rest = all.split(&format!("{name}=")).nth(1)?;
    let value = rest.split(';').next()?;
    (!value.is_empty()).then(|| format!("{name}={value}"))
}

async fn add(city: &City, cookie: &str, form: &str, authenticator: &mut Authenticator) -> Reply {
    let proof = json!({"form_token": form, "password": PASSWORD});
    let options = send(city, BEGIN, cookie, &proof).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let credential = made(authenticator, &options.json());
    let new = json!({"form_token": form, "name": "phone", "credential": credential});
    send(city, ADD, cookie, &new).await
}

/// A login of its own: what it was answered.
async fn log_in(city: &City, authenticator: &Authenticator, flags: Option<u8>, next: &str) -> Reply {
    let options = send(city, ASK, "", &json!({})).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let cookie = set(&options, "__Host-mapacha-passkey").unwrap();
    let shown = json!({"credential": shown(authenticator, &options.json(), flags), "next": next});
    send(city, LOGIN, &cookie, &shown).await
}

#[tokio::test]
async fn a_passkey_is_added_logs_in_and_is_removed() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    let mut authenticator = Authenticator::new(-7);
    let added = add(&city, &cookie, &form, &mut authenticator).await;
    assert_eq!(added.status, 201, "{}", added.text());
    assert_eq!(
        (&added.json()["name"], &added.json()["used_at"]),
        (&json!("phone"), &Value::Null)
    );
    let id = added.json()["id"].as_str().unwrap().to_owned();

    let reply = log_in(&city, &authenticator, None, "/kpi?period=2025").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.json(),
        json!({"next": "/kpi?period=2025", "second_factor": false})
    );
    let cookies = reply.header_all("set-cookie");
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookies.matches(part).count() >= 3, "{cookies}");
    }
    let session = set(&reply, "__Host-mapacha").unwrap();
    assert_ne!(session, cookie);
    let me = city.ask("GET", "/access/me", &[("cookie", &session)], None).await;
    assert_eq!(
        (&me.json()["name"], &me.json()["assurance"]),
        (&json!("ada"), &json!("two"))
    );

    // The page of the account has it; a plain form removes it.
    let page = [("cookie", &*cookie), ("accept", "text/html")];
    let account = city
        .ask("GET", &format!("/account?passkey={id}"), &page, None)
        .await;
    assert!(account.text().contains("phone") && account.text().contains("passkey-password"));
    let form_of = |then: &str, more: &str| format!("form_token={form}&passkey={id}&then={then}{more}");
    let as_form = [
        ("cookie", &*cookie),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
    ];
    let named = city
        .ask(
            "POST",
            "/account/passkeys",
            &as_form,
            Some(&form_of("rename", "&name=old+phone")),
        )
        .await;
    assert_eq!(
        (named.status, named.header("location")),
        (303, "/account?done=passkey-named")
    );
    let long = "x".repeat(65);
    let unnamed = city
        .ask(
            "POST",
            "/account/passkeys",
            &as_form,
            Some(&form_of("rename", &format!("&name={long}"))),
        )
        .await;
    assert_eq!(unnamed.status, 422);
    assert!(unnamed.text().contains(&long), "nothing typed is lost");
    for (password, status) in [
        ("&password=wrong", 422),
        ("", 422),
        (&*format!("&password={}", PASSWORD.replace(' ', "+")), 303),
    ] {
        let removed = city
            .ask(
                "POST",
                "/account/passkeys",
                &as_form,
                Some(&form_of("remove", password)),
            )
            .await;
        assert_eq!(removed.status, status, "{password}: {}", removed.text());
    }
    assert_eq!(
        reason(&log_in(&city, &authenticator, None, "/").await),
        (422, "refused".to_owned())
    );
    let me = city.ask("GET", "/access/me", &[("cookie", &session)], None).await;
    assert_eq!(me.status, 401, "what it opened is shut");
}

#[tokio::test]
async fn administrators_see_and_remove_those_of_others() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    let mut authenticator = Authenticator::new(-8);
    add(&city, &cookie, &form, &mut authenticator).await;
    let key = key_with(&city, &[Role::Administrator]);
    let by_key = [("authorization", &*key)];
    let list = city.ask("GET", "/access/users/ada/passkeys", &by_key, None).await;
    let id = list.json()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list.json().as_array().unwrap().len(), 1);
    assert!(
        !list.text().contains(&base64url(&authenticator.id)),
        "what it is known by stays here"
    );
    let user = city.ask("GET", "/access/users/ada", &by_key, None).await;
    assert_eq!(user.json()["passkeys"], 1);
    let (admin, token) = logged_in(&city, "chief", &[Role::Administrator]);
    let person = access_of(&city).person("ada").unwrap().id;
    let page = [("cookie", &*admin), ("accept", "text/html")];
    let page = city.ask("GET", &format!("/users/{person}"), &page, None).await;
    assert!(
        page.text().contains(&format!("value=\"{id}\"")),
        "{}",
        page.text()
    );
    let remove = format!("/access/users/ada/passkeys/{id}");
    assert_eq!(city.ask("DELETE", &remove, &by_key, None).await.status, 204);
    assert_eq!(city.ask("DELETE", &remove, &by_key, None).await.status, 404);
    assert_eq!(
        city.ask("GET", "/access/users/nobody/passkeys", &by_key, None)
            .await
            .status,
        404
    );
    // And by the page.
    add(&city, &cookie, &form, &mut Authenticator::new(-8)).await;
    let id = access_of(&city).passkeys(&person).unwrap()[0].id.clone();
    let as_form = [
        ("cookie", &*admin),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
    ];
    let body = format!("form_token={token}&then=passkey&passkey={id}");
    let removed = city
        .ask("POST", &format!("/users/{person}"), &as_form, Some(&body))
        .await;
    assert_eq!(removed.status, 303, "{}", removed.text());
    assert!(access_of(&city).passkeys(&person).unwrap().is_empty());
}

#[tokio::test]
async fn a_login_that_was_merely_touched_leads_to_the_second_factor() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    let mut authenticator = Authenticator::new(-8);
    add(&city, &cookie, &form, &mut authenticator).await;
    let access = access_of(&city);
    let ada = access.person("ada").unwrap().id;
    let here = access::Source::default();
    let enrolment = access.begin_second_factor(&ada, PASSWORD, here).unwrap();
    let seconds = 1_777_636_800; // 2026-05-01T12:00:00Z
    let code = crate::second_factor::totp(&enrolment.secret, seconds);
    let token = cookie.strip_prefix("__Host-mapacha=").unwrap();
    access.confirm_second_factor(&ada, &code, Some(token)).unwrap();
    let reply = log_in(&city, &authenticator, Some(UP), "/kpi").await;
    assert_eq!(
        reply.json(),
        json!({"next": "/login/code?next=%2Fkpi", "second_factor": true})
    );
    assert!(set(&reply, "__Host-mapacha-login").is_some() && set(&reply, "__Host-mapacha").is_none());
    // Nowhere else.
    for bad in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
    ] {
        let reply = log_in(&city, &authenticator, None, bad).await;
        assert_eq!(reply.json()["next"], "/", "{bad}");
    }
}

#[tokio::test]
async fn other_sites_other_sessions_and_programs_get_nothing() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    let (other, other_form) = logged_in(&city, "ben", &[Role::Editor]);
    let proof = json!({"form_token": form, "password": PASSWORD}).to_string();
    // Another origin, as browsers say it; and none at all.
    for from in [
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ][..],
        &[
            ("origin", "https://a.twin.city.example"),
            ("sec-fetch-site", "same-site"),
        ],
        &[("origin", "null")],
        &[],
    ] {
        for path in [BEGIN, ADD] {
            let headers: Vec<_> = [("cookie", &*cookie)]
                .into_iter()
                .chain(from.iter().copied())
                .collect();
            let reply = city.ask("POST", path, &headers, Some(&proof)).await;
            assert_eq!(reply.status, 403, "{path} {from:?}: {}", reply.text());
        }
    }
    for path in [ASK, LOGIN] {
        let from = [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ];
        assert_eq!(
            city.ask("POST", path, &from, Some("{}")).await.status,
            403,
            "{path}"
        );
    }
    // A form of another site could send these.
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let headers = [
            ("content-type", kind),
            ("cookie", &*cookie),
            ("origin", ORIGIN),
            ("sec-fetch-site", "same-origin"),
        ];
        let reply = city.ask("POST", BEGIN, &headers, Some(&proof)).await;
        assert!([403, 415].contains(&reply.status), "{kind}: {}", reply.status);
        let reply = city.ask("POST", ASK, &[("content-type", kind)], Some("{}")).await;
        assert_eq!(reply.status, 415, "{kind}");
    }
    // The form of another session, none, a wrong password, none.
    for (body, told) in [
        (
            json!({"form_token": other_form, "password": PASSWORD}),
            (403, "late"),
        ),
        (json!({"form_token": "", "password": PASSWORD}), (403, "late")),
        (json!({"form_token": form, "password": "wrong"}), (422, "refused")),
        (json!({"form_token": form}), (409, "stale")),
    ] {
        let (status, word) = told;
        let reply = send(&city, BEGIN, &cookie, &body).await;
        assert_eq!(reason(&reply), (status, word.to_owned()), "{body}");
    }
    // A key has no passkeys.
    let key = key_with(&city, &[Role::Administrator]);
    let reply = city
        .ask("POST", BEGIN, &[("authorization", &*key)], Some(&proof))
        .await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    // What one session began, another does not end.
    let options = send(
        &city,
        BEGIN,
        &cookie,
        &json!({"form_token": form, "password": PASSWORD}),
    )
    .await;
    let credential = made(&mut Authenticator::new(-8), &options.json());
    let stolen = json!({"form_token": other_form, "name": "x", "credential": credential});
    assert_eq!(
        reason(&send(&city, ADD, &other, &stolen).await),
        (422, "late".to_owned())
    );
}

#[tokio::test]
async fn a_challenge_is_of_the_browser_that_asked_and_of_one_use() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    let mut authenticator = Authenticator::new(-7);
    add(&city, &cookie, &form, &mut authenticator).await;
    let options = send(&city, ASK, "", &json!({"name": "ada"})).await;
    let own = set(&options, "__Host-mapacha-passkey").unwrap();
    let body = json!({"credential": shown(&authenticator, &options.json(), None)});
    // Elsewhere: no cookie, a made-up one, that of another login.
    let other = send(&city, ASK, "", &json!({})).await;
    let other = set(&other, "__Host-mapacha-passkey").unwrap();
    for cookie in ["", "__Host-mapacha-passkey=00"] {
        assert_eq!(
            reason(&send(&city, LOGIN, cookie, &body).await),
            (422, "late".to_owned()),
            "{cookie}"
        );
    }
    let reply = send(&city, LOGIN, &other, &body).await;
    assert_eq!(reason(&reply), (422, "other".to_owned()), "{}", reply.text());
    assert_eq!(send(&city, LOGIN, &own, &body).await.status, 200);
    assert_eq!(
        reason(&send(&city, LOGIN, &own, &body).await),
        (422, "late".to_owned())
    );
    // Too late.
    let options = send(&city, ASK, "", &json!({})).await;
    let own = set(&options, "__Host-mapacha-passkey").unwrap();
    let body = json!({"credential": shown(&authenticator, &options.json(), None)});
    city.clock.advance(300_000_000);
    assert_eq!(
        reason(&send(&city, LOGIN, &own, &body).await),
        (422, "late".to_owned())
    );
}

#[tokio::test]
async fn names_are_answered_alike() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    add(&city, &cookie, &form, &mut Authenticator::new(-7)).await;
    logged_in(&city, "ben", &[Role::Editor]);
    let mut answers = Vec::new();
    for body in [
        json!({}),
        json!({"name": "ada"}),
        json!({"name": "ben"}),
        json!({"name": "nobody"}),
        json!({"name": null}),
    ] {
        let reply = send(&city, ASK, "", &body).await;
        let mut answer = reply.json();
        assert_eq!(answer["challenge"].as_str().unwrap().len(), 43);
        answer["challenge"] = Value::Null;
        let stranger = Authenticator::new(-8);
        let cookie = set(&reply, "__Host-mapacha-passkey").unwrap();
        let shown = json!({"credential": shown(&stranger, &reply.json(), None)});
        let refused = send(&city, LOGIN, &cookie, &shown).await;
        answers.push((answer, reason(&refused), refused.text()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn where_there_is_no_name_there_are_no_passkeys_and_pages_say_so() {
    for (public, host, has) in [
        (None, "localhost:8080", true),
        (None, "127.0.0.1:8080", false),
        (None, "[::1]:8080", false),
        (Some("https://192.0.2.1"), "192.0.2.1", false),
        (Some("http://twin.city.example"), "twin.city.example", false),
        (Some("https://twin.city.example"), "twin.city.example", true),
    ] {
        let city = City::guarded_with(
            |_| {},
            |config, _| config.public_url = public.map(|url| PublicUrl::parse(url).unwrap()),
        );
        logged_in(&city, "ada", &[Role::Editor]);
        let reply = city.ask("POST", ASK, &[("host", host)], Some("{}")).await;
        assert_eq!(
            reply.status,
            if has { 200 } else { 409 },
            "{public:?} {host}: {}",
            reply.text()
        );
        let page = city
            .ask("GET", "/login", &[("host", host), ("accept", "text/html")], None)
            .await;
        assert!(page.text().contains("/assets/passkey-"), "the script is there");
        assert_eq!(
            page.text().contains("data-origin=\"\""),
            !has,
            "{public:?} {host}"
        );
        if has {
            assert_eq!(reply.json()["userVerification"], "required");
            assert_eq!(reply.json()["allowCredentials"], json!([]));
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_of_a_browser_is_refused_with_its_reason() {
    let city = city();
    let (cookie, form) = logged_in(&city, "ada", &[Role::Editor]);
    let response = json!({"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"});
    for (path, body, status) in [
        (LOGIN, json!({}), 422),
        (
            LOGIN,
            json!({"credential": {"id": "AA", "type": "password", "response": response}}),
            400,
        ),
        (
            LOGIN,
            json!({"credential": {"id": "A", "type": "public-key", "response": response}}),
            400,
        ),
        (
            LOGIN,
            json!({"credential": {"id": "AA==", "type": "public-key", "response": response}}),
            400,
        ),
        (
            LOGIN,
            json!({"credential": {"id": "A+", "type": "public-key", "response": response}}),
            400,
        ),
        (
            LOGIN,
            json!({"credential": {"id": "AA", "type": "public-key", "response": {}}}),
            422,
        ),
        (
            LOGIN,
            json!({"credential": {"id": "AA", "type": "public-key", "response": response}}),
            422,
        ),
        (ASK, json!({"name": 7}), 422),
        (ASK, json!({"user": "ada"}), 422),
        (ASK, json!("ada"), 422),
        (BEGIN, json!({}), 422),
        (ADD, json!({"form_token": form, "name": "x"}), 422),
        (
            ADD,
            json!({"form_token": form, "name": "", "credential": {"id": "AA", "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}}),
            422,
        ),
    ] {
        let reply = send(&city, path, &cookie, &body).await;
        assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
        assert!(!reply.json()["detail"].as_str().unwrap().is_empty());
    }
}
