//! The pages of accounts, by a browser that keeps its cookies.

use std::sync::Arc;

use access::{Access, Cost, NewPerson, Permissions, PolicyViews, Random, Role, Settings};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use storage::environment::SystemClock;
use storage::memory::Memory;
use tower::ServiceExt as _;
use twin::{Contexts, Tenants};

use super::{login_address, safe};
use crate::pages::tests::check;
use crate::{App, Config, router};

pub(in crate::pages) const PASSWORD: &str = "kikuyu matatu jua wimbo";
const OTHER: &str = "bahari nyota mlima upepo";

/// Bytes that differ each time.
struct Counting(Mutex<u64>);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        for byte in bytes {
            let mut count = self.0.lock();
            *count = count.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = u8::try_from(*count >> 56).unwrap();
        }
        Ok(())
    }
}

pub(in crate::pages) fn city() -> App {
    let folder = std::env::temp_dir();
    let tenants = Tenants::open(&folder, Arc::new(SystemClock), |_| Ok(Box::new(Memory::new()))).unwrap();
    let settings = Settings {
        cost: Cost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        },
        ..Settings::default()
    };
    let twin = tenants.get(None).unwrap();
    let access = Access::open(
        twin.clone(),
        Arc::new(SystemClock),
        Counting(Mutex::new(7)),
        settings,
    )
    .unwrap();
    let mut config = Config::new("127.0.0.1:8080".parse().unwrap(), folder);
    config.views = Some(PolicyViews::open(access, twin, TimeZone::UTC).unwrap());
    let catalogue = indicators::Catalogue::built_in();
    App::new(
        tenants,
        Contexts::offline([]),
        Arc::new(SystemClock),
        catalogue,
        config,
    )
}

/// A browser at the city.
pub(in crate::pages) struct Browser {
    pub(in crate::pages) app: App,
    pub(in crate::pages) cookies: Vec<(String, String)>,
    pub(in crate::pages) language: &'static str,
}

pub(in crate::pages) struct Answer {
    pub(in crate::pages) status: StatusCode,
    pub(in crate::pages) headers: HeaderMap,
    pub(in crate::pages) page: String,
}

impl Answer {
    pub(in crate::pages) fn leads_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.page);
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The value of the hidden field of a form.
    pub(in crate::pages) fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self
            .page
            .split(&start)
            .nth(1)
            .unwrap_or_else(|| panic!("no {name}: {}", self.page));
        rest.split('"').next().unwrap().to_owned()
    }

    /// What stands in the one `<pre><code>` of the page.
    fn shown_once(&self) -> String {
        let rest = self.page.split("dir=\"ltr\"><code>").nth(1).unwrap();
        rest.split('<')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&")
    }
}

impl Browser {
    pub(in crate::pages) fn at(app: &App) -> Self {
        Self {
            app: app.clone(),
            cookies: Vec::new(),
            language: "en",
        }
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::ACCEPT, "text/html,*/*;q=0.8")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header(header::USER_AGENT, "Browser/1.0 <script>")
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, cookies.join("; "));
        let response = router(self.app.clone())
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let text = set.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if name.starts_with("__Host-") {
                for flag in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                    assert!(text.contains(flag), "{text}");
                }
                assert!(!text.contains("Domain"), "{text}");
            }
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let bytes = to_bytes(body, 1 << 24).await.unwrap();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            page: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        if answer.page.starts_with("<!doctype") {
            check(&answer.page, "a page");
            assert!(!answer.page.contains("Unknown localization") && !answer.page.contains("<script>"));
            let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        }
        answer
    }

    pub(in crate::pages) async fn get(&mut self, address: &str) -> Answer {
        self.send(Request::get(address), Body::empty()).await
    }

    pub(in crate::pages) async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request =
            Request::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form.finish())).await
    }

    /// Sends a form with the token that stands in the page at `from`.
    pub(in crate::pages) async fn send_form(
        &mut self,
        from: &str,
        address: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let token = self.get(from).await.hidden("form_token");
        let mut all = vec![("form_token", &*token)];
        all.extend_from_slice(fields);
        self.post(address, &all).await
    }

    pub(in crate::pages) async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        self.post(
            "/login",
            &[("name", name), ("password", password), ("next", "/account")],
        )
        .await
    }
}

pub(in crate::pages) fn person(app: &App, name: &str, roles: &[Role]) -> access::Person {
    let new = NewPerson {
        name,
        roles,
        password: Some(PASSWORD),
        ..NewPerson::default()
    };
    let access = app.config.access().unwrap();
    access.add_person(&new, Permissions::all()).unwrap().0
}

#[test]
fn one_is_led_back_to_pages_of_this_server_only() {
    for good in [
        "/",
        "/kpi?status=x&page=2",
        "/entities/urn:ngsi-ld:A:1",
        "/map?a=%2F%2Fevil",
    ] {
        assert_eq!(safe(good), good);
    }
    for bad in [
        "",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/a\\b",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\t//evil.example",
        "/ /evil.example",
        "evil",
        "/login?next=/login",
        "/logout",
        &format!("/{}", "a".repeat(1000)),
    ] {
        assert_eq!(safe(bad), "/", "{bad:?}");
        assert_eq!(login_address(bad), "/login", "{bad:?}");
    }
    assert_eq!(
        login_address("/map?a=b&c=d"),
        "/login?next=%2Fmap%3Fa%3Db%26c%3Dd"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_first_start_to_a_logout() {
    let app = city();
    let mut browser = Browser::at(&app);
    assert_eq!(browser.get("/kpi").await.leads_to(), "/setup");
    assert_eq!(browser.get("/login").await.leads_to(), "/setup");
    let code = app.config.access().unwrap().setup_code().unwrap().unwrap();
    assert_eq!(browser.get("/setup").await.status, StatusCode::OK);
    let form = |code, password| [("code", code), ("name", "ada"), ("password", password)];
    let wrong = browser.post("/setup", &form("ABCD", PASSWORD)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let weak = browser.post("/setup", &form(&code, "password")).await;
    assert!(weak.page.contains("guessed first") && weak.page.contains(&code));
    assert_eq!(
        browser.post("/setup", &form(&code, PASSWORD)).await.leads_to(),
        "/account"
    );
    let account = browser.get("/account").await;
    assert!(account.page.contains("<bdi>ada</bdi>") && account.page.contains("Administrator"));
    assert_eq!(browser.get("/setup").await.leads_to(), "/login");
    let again = Browser::at(&app).post("/setup", &form(&code, OTHER)).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a second use");
    assert!(app.config.access().unwrap().people().len() == 1);
    // Every page shows who is logged in, and the way out.
    let page = browser.get("/kpi").await;
    assert!(page.page.contains("href=\"/users\"") && page.page.contains("action=\"/logout\""));
    let before = browser.cookies.clone();
    assert_eq!(
        browser.post("/logout", &[]).await.status,
        StatusCode::FORBIDDEN,
        "no token"
    );
    assert_eq!(
        browser.send_form("/kpi", "/logout", &[]).await.leads_to(),
        "/login"
    );
    browser.cookies = before;
    assert_eq!(
        browser.get("/kpi?page=2").await.leads_to(),
        "/login?next=%2Fkpi%3Fpage%3D2"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_leads_back_with_a_fresh_session() {
    let app = city();
    person(&app, "ada", &[Role::Viewer]);
    let mut browser = Browser::at(&app);
    // A token that somebody else put there opens nothing, and is not taken over.
    browser.cookies.push(("__Host-mapacha".into(), "f".repeat(64)));
    assert_eq!(browser.get("/map").await.leads_to(), "/login?next=%2Fmap");
    let page = browser.get("/login?next=%2Fmap").await;
    assert_eq!(page.hidden("next"), "/map");
    assert_eq!(
        browser.get("/login?next=%2F%2Fevil.example").await.hidden("next"),
        "/"
    );
    let wrong = browser
        .post("/login", &[("name", "ada<b>"), ("password", "secret-typo")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.page.contains("secret-typo"), "no password comes back");
    let entered = browser
        .post(
            "/login",
            &[("name", "ada"), ("password", PASSWORD), ("next", "/map")],
        )
        .await;
    assert_eq!(entered.leads_to(), "/map");
    let session = |browser: &Browser| {
        browser
            .cookies
            .iter()
            .find(|(name, _)| name == "__Host-mapacha")
            .unwrap()
            .1
            .clone()
    };
    let first = session(&browser);
    assert!(first != "f".repeat(64));
    assert_eq!(browser.get("/map").await.status, StatusCode::OK);
    assert_eq!(browser.log_in("ada", PASSWORD).await.leads_to(), "/account");
    assert!(session(&browser) != first);
    let access = app.config.access().unwrap();
    assert!(access.of_session(&first).is_none(), "the one before has ended");
    for _ in 0..30 {
        let _ = Browser::at(&app).log_in("ada", OTHER).await;
    }
    let slowed = Browser::at(&app).log_in("ada", PASSWORD).await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(
        browser.log_in("ada", PASSWORD).await.leads_to(),
        "/account",
        "her own browser"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_factor_by_the_pages() {
    let app = city();
    let ada = person(&app, "ada", &[Role::Viewer]);
    let mut browser = Browser::at(&app);
    browser.log_in("ada", PASSWORD).await;
    let second = "/account/second-factor";
    let begin = |password| [("then", "begin"), ("password", password)];
    let wrong = browser.send_form("/account", second, &begin(OTHER)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let begun = browser.send_form("/account", second, &begin(PASSWORD)).await;
    assert_eq!(begun.leads_to(), "/account?done=begun");
    let page = browser.get("/account?done=begun").await;
    let access = app.config.access().unwrap().clone();
    let secret = access.enrolment(&ada.id).unwrap().unwrap().secret;
    assert!(page.page.contains("class=\"qr\"") && page.page.contains(&secret));
    let wrong = browser
        .send_form("/account", second, &[("then", "confirm"), ("code", "12")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    // The app itself is tested in `access`; here its recovery codes stand in for it.
    assert!(access.person(&ada.id).unwrap().recovery_codes == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_made_changed_and_closed_by_the_pages() {
    let app = city();
    person(&app, "ada", &[Role::Administrator]);
    app.config
        .access()
        .unwrap()
        .put_group("works", &[Role::Editor], Permissions::all())
        .unwrap();
    let mut ada = Browser::at(&app);
    ada.log_in("ada", PASSWORD).await;
    let made = ada
        .send_form("/users", "/users", &[("name", "ben"), ("role", "viewer")])
        .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.page);
    let link = made.shown_once();
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
    let taken = ada
        .send_form("/users", "/users", &[("name", "BEN"), ("role", "planner")])
        .await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        taken.page.contains("value=\"planner\" checked"),
        "what was ticked stays ticked"
    );

    let mut ben = Browser::at(&app);
    let page = ben.get(&path).await;
    let code = page.hidden("code");
    let weak = ben
        .post("/invitation", &[("code", &code), ("password", "12345678")])
        .await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let set = ben
        .post("/invitation", &[("code", &code), ("password", OTHER)])
        .await;
    assert_eq!(set.leads_to(), "/account");
    assert!(ben.get(&path).await.page.contains("not valid"));
    // A viewer sees the city, no form to change it, and no accounts.
    assert_eq!(ben.get("/kpi").await.status, StatusCode::OK);
    let refused = ben.get("/users").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.page.contains("users.manage"), "it names what is missing");
    assert_eq!(ben.get("/scenarios/new").await.status, StatusCode::FORBIDDEN);

    let id = app.config.access().unwrap().person("ben").unwrap().id;
    let at = format!("/users/{id}");
    let roles = [("then", "roles"), ("role", "planner"), ("group", "works")];
    assert_eq!(
        ada.send_form(&at, &at, &roles).await.leads_to(),
        format!("{at}?done=1")
    );
    assert_eq!(ben.get("/scenarios/new").await.status, StatusCode::OK, "at once");
    // By a form of its own with files, which carries the token, too.
    let token = ben.get("/scenarios/new").await.hidden("form_token");
    let multipart = |token: &str| {
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--x\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nnonsense\r\n--x--\r\n"
        )
    };
    for (token, expected) in [
        ("", StatusCode::FORBIDDEN),
        (&token, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let request =
            Request::post("/scenarios").header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let answer = ben.send(request, Body::from(multipart(token))).await;
        assert_eq!(answer.status, expected, "{}", answer.page);
    }
    ada.send_form(&at, &at, &[("then", "rename"), ("name", "benjamin")])
        .await;
    assert!(ada.get("/users").await.page.contains("benjamin"));
    ada.send_form(&at, &at, &[("then", "disable")]).await;
    assert_eq!(
        ben.get("/kpi").await.leads_to(),
        "/login?next=%2Fkpi",
        "out at once"
    );
    let reset = ada.send_form(&at, &at, &[("then", "reset")]).await;
    assert!(reset.shown_once().contains("/invitation?code="));
    let own = app.config.access().unwrap().person("ada").unwrap().id;
    let last = ada
        .send_form(&at, &format!("/users/{own}"), &[("then", "delete")])
        .await;
    assert_eq!(
        last.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the last administrator"
    );
    assert_eq!(
        ada.send_form(&at, &at, &[("then", "delete")]).await.leads_to(),
        "/users"
    );
    assert_eq!(ada.get(&at).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ones_own_password_sessions_and_keys() {
    let app = city();
    person(&app, "ada", &[Role::Editor]);
    let (mut here, mut there) = (Browser::at(&app), Browser::at(&app));
    here.log_in("ada", PASSWORD).await;
    there.log_in("ada", PASSWORD).await;
    let wrong = here
        .send_form("/account", "/account/password", &[("old", OTHER), ("new", OTHER)])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = here
        .send_form(
            "/account",
            "/account/password",
            &[("old", PASSWORD), ("new", OTHER)],
        )
        .await;
    assert_eq!(changed.leads_to(), "/account?done=password");
    assert_eq!(there.get("/account").await.leads_to(), "/login?next=%2Faccount");
    there.log_in("ada", OTHER).await;
    // The id of a session is no token.
    let access = app.config.access().unwrap().clone();
    let ada = access.person("ada").unwrap();
    let session = access.sessions(&ada.id, None).into_iter().next().unwrap().id;
    assert!(access.of_session(&session).is_none());
    for session in access.sessions(&ada.id, None) {
        here.send_form("/account", "/account/sessions", &[("session", &session.id)])
            .await;
        if access.sessions(&ada.id, None).len() == 1 {
            break;
        }
    }
    let mut left = if here.get("/account").await.status == StatusCode::OK {
        here
    } else {
        there
    };
    let make = [
        ("then", "make"),
        ("key-name", "script"),
        ("days", "30"),
        ("role", "viewer"),
    ];
    let made = left.send_form("/account", "/account/keys", &make).await;
    let key = made.shown_once();
    assert!(access.of_key(&key).is_some());
    let beyond = [("then", "make"), ("key-name", "king"), ("role", "administrator")];
    let refused = left.send_form("/account", "/account/keys", &beyond).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let id = access.keys(Some(&ada.id))[0].id.to_string();
    let renewed = left
        .send_form("/account", "/account/keys", &[("then", "renew"), ("key", &id)])
        .await;
    assert!(renewed.shown_once() != key && access.of_key(&key).is_some());
    left.send_form("/account", "/account/keys", &[("then", "end"), ("key", &id)])
        .await;
    assert!(access.of_key(&key).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_every_language() {
    let app = city();
    let ada = person(&app, "ada", &[Role::Administrator]);
    let access = app.config.access().unwrap().clone();
    let ben = NewPerson {
        name: "ben",
        ..NewPerson::default()
    };
    let code = access.add_person(&ben, Permissions::all()).unwrap().1.unwrap();
    for language in ["en", "fr", "sw", "ar"] {
        let mut browser = Browser::at(&app);
        browser.language = language;
        for address in [
            "/login",
            "/login/code",
            "/invitation?code=none",
            &format!("/invitation?code={code}"),
        ] {
            assert!(
                browser
                    .get(address)
                    .await
                    .page
                    .contains(&format!("<html lang=\"{language}\"")),
                "{address}"
            );
        }
        browser.log_in("ada", PASSWORD).await;
        access
            .begin_second_factor(&ada.id, PASSWORD, access::Source::default())
            .unwrap();
        for address in [
            "/account",
            "/account?done=key-ended",
            "/users",
            &format!("/users/{}", ada.id),
            "/kpi",
        ] {
            let page = browser.get(address).await;
            assert_eq!(page.status, StatusCode::OK, "{address}");
            assert!(
                page.page.contains(&format!("<html lang=\"{language}\"")),
                "{address}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_logs_in_there_are_no_such_pages() {
    let app = crate::pages::tests::city(Vec::new());
    let mut browser = Browser::at(&app);
    for address in ["/login", "/setup", "/account", "/users", "/invitation?code=x"] {
        let mut request = Request::get(address).header(header::ACCEPT, "text/html");
        request = request.header(header::HOST, "localhost");
        let response = router(app.clone())
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{address}");
    }
    browser.cookies.clear();
    let (_, _, page) = crate::pages::tests::ask(&app, "/kpi", &[]).await;
    assert!(!page.contains("/logout") && !page.contains("href=\"/login\""));
}
