//! Logging in at the provider: the authorization code flow with PKCE, by a browser that keeps its cookies.

use std::collections::BTreeMap;

use access::Role;
use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::signer::{Key, base64url, signed};
use super::{Believing, CLIENT, NOW, SECRET};
use crate::common::Reply;

const RETURN: &str = "/login/provider/return";

/// What is done to the header and the claims of an ID token.
type Change = fn(&mut Value, &mut Value);
/// Where the browser is sent back to, for its state.
type Return = fn(&str) -> String;

/// A browser.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn ask(&mut self, rig: &Believing, method: &str, target: &str, form: Option<&str>) -> Reply {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![
            ("accept", "text/html"),
            ("cookie", &*cookies),
            ("host", "127.0.0.1:8080"),
        ];
        if form.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            headers.push(("sec-fetch-site", "same-origin"));
        }
        let reply = rig.city.ask(method, target, &headers, form).await;
        for set in reply.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (name, rest) = set.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if name.starts_with("__Host-") {
                for flag in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                    assert!(set.contains(flag) && !set.contains("Domain"), "{set}");
                }
            }
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    async fn get(&mut self, rig: &Believing, target: &str) -> Reply {
        self.ask(rig, "GET", target, None).await
    }

    /// Goes out to the provider; answers with what it is asked.
    async fn goes_out(&mut self, rig: &Believing, next: &str) -> BTreeMap<String, String> {
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let out = self.get(rig, &format!("/login/provider?next={next}")).await;
        assert_eq!(out.status, 303, "{}", out.text());
        let to = out.header("location");
        let (endpoint, query) = to.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", rig.provider.url));
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    fn is_in(&self) -> bool {
        self.cookies.contains_key("__Host-mapacha")
    }
}

impl Believing {
    /// The provider will say that this is who logged in.
    fn will_say(&self, asked: &BTreeMap<String, String>, change: impl FnOnce(&mut Value, &mut Value)) {
        let mut head = json!({"alg": "RS256", "kid": "rs"});
        let mut claims = self.claims();
        claims["aud"] = json!(CLIENT);
        claims["nonce"] = json!(asked["nonce"]);
        change(&mut head, &mut claims);
        let token = signed(self.provider.key(Key::Rs), &head, &claims);
        self.provider
            .answers(json!({"access_token": "opaque", "token_type": "Bearer", "id_token": token}));
    }
}

fn back(asked: &BTreeMap<String, String>) -> String {
    format!("{RETURN}?code=the-code&state={}", asked["state"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_at_the_provider() {
    let rig = Believing::new().await;
    rig.person("chief", &[Role::Administrator]);
    let mut browser = Browser::default();
    let page = browser.get(&rig, "/login?next=%2Fkpi").await.text();
    assert!(
        page.contains("City of Test") && page.contains("/login/provider?next=%2Fkpi"),
        "{page}"
    );
    let asked = browser.goes_out(&rig, "/kpi?page=2").await;
    for (name, value) in [
        ("a", "b"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://twin.city.example/login/provider/return"),
        ("scope", "openid profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert!(asked["state"].len() >= 43 && asked["nonce"].len() >= 43 && asked["state"] != asked["nonce"]);
    rig.will_say(&asked, |_, _| {});
    let reply = browser.get(&rig, &back(&asked)).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, "/kpi?page=2"),
        "{}",
        reply.text()
    );
    assert!(browser.is_in() && !browser.cookies.contains_key("__Host-mapacha-provider"));
    // What the token endpoint was sent.
    let got = rig.provider.got();
    assert_eq!(got["grant_type"], "authorization_code");
    assert_eq!(
        (&*got["code"], &got["redirect_uri"]),
        ("the-code", &asked["redirect_uri"])
    );
    assert_eq!(
        base64url(&Sha256::digest(&got["code_verifier"])),
        asked["code_challenge"]
    );
    assert!(!got.contains_key("client_secret"));
    let basic = got["authorization"].strip_prefix("Basic ").unwrap();
    let basic = base64::engine::general_purpose::STANDARD.decode(basic).unwrap();
    let basic = String::from_utf8(basic).unwrap();
    let (user, password) = basic.split_once(':').unwrap();
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    assert_eq!(
        (decoded(user), decoded(password)),
        (CLIENT.to_owned(), SECRET.to_owned())
    );
    // In, and what the groups give.
    let me = browser.get(&rig, "/access/me").await;
    assert_eq!(
        (&me.json()["name"], &me.json()["roles"]),
        (&json!("wanjiku"), &json!(["viewer"]))
    );
    // Who comes by a token and who logs in is the same.
    let by_token = rig.me(&rig.token(|_| {})).await.json();
    assert_eq!(by_token["id"], me.json()["id"]);
    // Out here, and the way to be out there, too.
    let account = browser.get(&rig, "/account").await.text();
    assert!(
        account.contains("Your account is linked") && !account.contains("id=\"old\""),
        "{account}"
    );
    let form_token = account.split("name=\"form_token\" value=\"").nth(1).unwrap();
    let form = format!("form_token={}", form_token.split('"').next().unwrap());
    let out = browser.ask(&rig, "POST", "/logout", Some(&form)).await;
    assert_eq!(
        (out.status, out.header("location")),
        (303, "/login?left=provider")
    );
    assert!(!browser.is_in());
    let left = browser.get(&rig, "/login?left=provider").await.text();
    let there = format!("{}/leave?client_id=mapacha&", rig.provider.url);
    assert!(
        left.replace("&#38;", "&").replace("&amp;", "&").contains(&there),
        "{left}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_that_is_not_right_leads_nowhere() {
    let rig = Believing::new().await;
    rig.person("chief", &[Role::Administrator]);
    let fails = async |what: &str, browser: &mut Browser, target: &str| {
        let reply = browser.get(&rig, target).await;
        assert_eq!(reply.status, 303, "{what}: {}", reply.text());
        assert!(
            reply
                .header("location")
                .starts_with("/login?failed=provider&next="),
            "{what}"
        );
        assert!(
            !browser.is_in() && !browser.cookies.contains_key("__Host-mapacha-provider"),
            "{what}"
        );
    };
    // Before the code is redeemed.
    let good = back(&Browser::default().goes_out(&rig, "/").await);
    fails("no cookie", &mut Browser::default(), &good).await;
    let mut other = Browser::default();
    let asked_other = other.goes_out(&rig, "/").await;
    rig.will_say(&asked_other, |_, _| {});
    fails("another browser's state", &mut other, &good).await;
    let returns: [(&str, Return); 8] = [
        ("no state", |_| format!("{RETURN}?code=the-code")),
        ("empty state", |_| format!("{RETURN}?code=the-code&state=")),
        ("state twice", |state| {
            format!("{RETURN}?code=the-code&state={state}&state={state}")
        }),
        ("no code", |state| format!("{RETURN}?state={state}")),
        ("code twice", |state| {
            format!("{RETURN}?code=a&code=the-code&state={state}")
        }),
        ("an error", |state| {
            format!("{RETURN}?error=access_denied&state={state}")
        }),
        ("an error beside a code", |state| {
            format!("{RETURN}?error=x&code=the-code&state={state}")
        }),
        ("another issuer", |state| {
            format!("{RETURN}?code=the-code&state={state}&iss=https%3A%2F%2Fother.example")
        }),
    ];
    for (what, target) in returns {
        let mut browser = Browser::default();
        let asked = browser.goes_out(&rig, "/").await;
        rig.will_say(&asked, |_, _| {});
        fails(what, &mut browser, &target(&asked["state"])).await;
    }
    let mut late = Browser::default();
    let asked = late.goes_out(&rig, "/").await;
    rig.will_say(&asked, |_, claims| claims["exp"] = json!(NOW + 9000));
    rig.wait_s(600);
    fails("ten minutes later", &mut late, &back(&asked)).await;
    let mut forger = Browser::default();
    let asked = forger.goes_out(&rig, "/").await;
    rig.will_say(&asked, |_, claims| claims["exp"] = json!(NOW + 9000));
    let cookie = forger.cookies.get_mut("__Host-mapacha-provider").unwrap();
    *cookie = cookie.replacen('e', "f", 1);
    fails("a cookie that was changed", &mut forger, &back(&asked)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_token_that_is_not_right_leads_nowhere() {
    let rig = Believing::new().await;
    rig.person("chief", &[Role::Administrator]);
    let wrong: [(&str, Change); 12] = [
        ("another nonce", |_, claims| claims["nonce"] = json!("x")),
        ("no nonce", |_, claims| {
            claims.as_object_mut().unwrap().remove("nonce");
        }),
        ("for others", |_, claims| claims["aud"] = json!("other")),
        ("an access token", |head, _| head["typ"] = json!("at+jwt")),
        ("for others, too", |_, claims| {
            claims["aud"] = json!([CLIENT, "other"]);
        }),
        ("by another party", |_, claims| claims["azp"] = json!("other")),
        ("of another provider", |_, claims| {
            claims["iss"] = json!("https://other.example");
        }),
        ("ended", |_, claims| claims["exp"] = json!(NOW - 61)),
        ("no subject", |_, claims| claims["sub"] = json!("")),
        ("of the future", |_, claims| claims["iat"] = json!(NOW + 61)),
        ("unsigned", |head, _| head["alg"] = json!("none")),
        ("another key", |head, _| head["kid"] = json!("es")),
    ];
    for (what, change) in wrong {
        let mut browser = Browser::default();
        let asked = browser.goes_out(&rig, "/kpi").await;
        rig.will_say(&asked, change);
        let reply = browser.get(&rig, &back(&asked)).await;
        assert_eq!(
            reply.header("location"),
            "/login?failed=provider&next=%2Fkpi",
            "{what}"
        );
        assert!(!browser.is_in(), "{what}");
    }
    // What the token endpoint refuses, or answers otherwise.
    for tokens in [
        Value::Null,
        json!({"access_token": "x"}),
        json!([]),
        json!({"id_token": 7}),
    ] {
        let mut browser = Browser::default();
        let asked = browser.goes_out(&rig, "/kpi").await;
        rig.provider.answers(tokens);
        let reply = browser.get(&rig, &back(&asked)).await;
        assert_eq!(reply.header("location"), "/login?failed=provider&next=%2Fkpi");
    }
    let page = Browser::default()
        .get(&rig, "/login?failed=provider&next=%2Fkpi")
        .await;
    assert!(page.text().contains("came to nothing"));
    // And the right one does.
    let mut browser = Browser::default();
    let asked = browser.goes_out(&rig, "/kpi").await;
    rig.will_say(&asked, |_, claims| {
        claims["aud"] = json!([CLIENT, "other"]);
        claims["azp"] = json!(CLIENT);
    });
    let target = format!("{}&iss={}", back(&asked), rig.provider.url);
    assert_eq!(browser.get(&rig, &target).await.header("location"), "/kpi");
    // Nobody is led elsewhere, and a session does not outlive another login in the same browser.
    let before = browser.cookies["__Host-mapacha"].clone();
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/login/provider",
    ] {
        let asked = browser.goes_out(&rig, next).await;
        rig.will_say(&asked, |_, _| {});
        assert_eq!(
            browser.get(&rig, &back(&asked)).await.header("location"),
            "/",
            "{next}"
        );
    }
    assert!(rig.access().of_session(&before).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_access_is_told_so_and_gets_no_account() {
    let rig = Believing::new().await;
    rig.person("chief", &[Role::Administrator]);
    let mut browser = Browser::default();
    let asked = browser.goes_out(&rig, "/").await;
    rig.will_say(&asked, |_, claims| claims["groups"] = json!(["unknown"]));
    let reply = browser.get(&rig, &back(&asked)).await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("nobody has given you access here") && !browser.is_in());
    assert_eq!(rig.access().people().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_linked_by_its_owner_only() {
    let rig = Believing::new().await;
    let ada = rig.person("ada", &[Role::Planner]);
    rig.person("chief", &[Role::Administrator]);
    let mut browser = Browser::default();
    let form = "name=ada&password=kikuyu+matatu+jua+wimbo&next=/account";
    assert_eq!(browser.ask(&rig, "POST", "/login", Some(form)).await.status, 303);
    let links = async |browser: &mut Browser| -> Reply {
        let account = browser.get(&rig, "/account").await.text();
        let token = account.split("name=\"form_token\" value=\"").nth(1).unwrap();
        let form = format!("then=link&form_token={}", token.split('"').next().unwrap());
        browser.ask(&rig, "POST", "/account/provider", Some(&form)).await
    };
    let asked_by = |reply: &Reply| -> BTreeMap<String, String> {
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page = reply.text().replace("&#38;", "&").replace("&amp;", "&");
        let query = page.split("/authorize?").nth(1).unwrap();
        let query = query.split('"').next().unwrap().to_owned();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    };
    // Begun by ada and ended by another browser: nothing is linked.
    let asked = asked_by(&links(&mut browser).await);
    rig.will_say(&asked, |_, _| {});
    let mut thief = Browser::default();
    let out = browser.cookies["__Host-mapacha-provider"].clone();
    thief.cookies.insert("__Host-mapacha-provider".to_owned(), out);
    let reply = thief.get(&rig, &back(&asked)).await;
    assert_ne!(reply.header("location"), "/account?done=linked");
    assert!(!thief.is_in() && !rig.access().person(&ada.id).unwrap().external);
    // By ada herself.
    let asked = asked_by(&links(&mut browser).await);
    rig.will_say(&asked, |_, _| {});
    assert_eq!(
        browser.get(&rig, &back(&asked)).await.header("location"),
        "/account?done=linked"
    );
    assert!(rig.access().person(&ada.id).unwrap().external);
    let me = rig.me(&rig.token(|_| {})).await.json();
    assert_eq!(
        (me["id"].as_str(), &me["roles"]),
        (Some(&*ada.id), &json!(["viewer", "planner"]))
    );
    // Another account cannot have the same identity.
    rig.person("ben", &[Role::Viewer]);
    let mut other = Browser::default();
    let form = form.replace("ada", "ben");
    other.ask(&rig, "POST", "/login", Some(&form)).await;
    let asked = asked_by(&links(&mut other).await);
    rig.will_say(&asked, |_, _| {});
    assert_eq!(other.get(&rig, &back(&asked)).await.status, 422);
    // And ada ends it.
    let account = browser.get(&rig, "/account").await.text();
    let token = account.split("name=\"form_token\" value=\"").nth(1).unwrap();
    let form = format!("then=unlink&form_token={}", token.split('"').next().unwrap());
    let reply = browser.ask(&rig, "POST", "/account/provider", Some(&form)).await;
    assert_eq!(reply.header("location"), "/account?done=unlinked");
    assert_ne!(rig.me(&rig.token(|_| {})).await.json()["id"], json!(ada.id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_says_of_factors_counts() {
    let rig = Believing::new().await;
    rig.person("chief", &[Role::Administrator]);
    let mut browser = Browser::default();
    let asked = browser.goes_out(&rig, "/").await;
    rig.will_say(&asked, |_, claims| claims["amr"] = json!(["pwd", "mfa"]));
    assert_eq!(browser.get(&rig, &back(&asked)).await.header("location"), "/");
    assert_eq!(browser.get(&rig, "/access/me").await.json()["assurance"], "two");
    // Whoever set one up here is asked for it, where the provider says nothing of a second.
    let id = browser.get(&rig, "/access/me").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let access = rig.access();
    let from = access::Source::default();
    let token = browser.cookies["__Host-mapacha"].clone();
    let begin = |proof| access.begin_second_factor(&id, proof, from);
    assert!(begin(access::Proof::Password("")).is_err() && begin(access::Proof::Session("x")).is_err());
    rig.wait_s(601);
    assert!(
        begin(access::Proof::Session(&token)).is_err(),
        "a login of long ago proves nothing"
    );
    let asked = browser.goes_out(&rig, "/").await;
    rig.will_say(&asked, |_, claims| claims["exp"] = json!(NOW + 9000));
    browser.get(&rig, &back(&asked)).await;
    let token = browser.cookies["__Host-mapacha"].clone();
    let enrolment = begin(access::Proof::Session(&token)).unwrap();
    let code = crate::second_factor::totp(&enrolment.secret, NOW + 601);
    access.confirm_second_factor(&id, &code, None).unwrap();
    let asked = browser.goes_out(&rig, "/kpi").await;
    rig.will_say(&asked, |_, claims| claims["exp"] = json!(NOW + 9000));
    let reply = browser.get(&rig, &back(&asked)).await;
    assert_eq!(reply.header("location"), "/login/code?next=%2Fkpi");
    rig.wait_s(30);
    let code = crate::second_factor::totp(&enrolment.secret, NOW + 631);
    let form = format!("code={code}&next=/kpi");
    assert_eq!(
        browser
            .ask(&rig, "POST", "/login/code", Some(&form))
            .await
            .header("location"),
        "/kpi"
    );
    assert_eq!(browser.get(&rig, "/access/me").await.json()["assurance"], "two");
}
