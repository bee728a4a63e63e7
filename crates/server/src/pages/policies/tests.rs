//! The pages of the policies, by a browser that keeps its cookies.

use access::Role;
use axum::http::StatusCode;
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::{Caller, View};
use twin::Operation;

use crate::App;
use crate::pages::accounts::tests::{Browser, PASSWORD, city, person};
use crate::pages::tests::NASTY;

const DOCUMENT: &str = "/policies/documents/secrets.cedar";
const SECRETS: &str = "@id(\"city.secrets\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", resource)\n\
     when { resource.types.contains(\"Secret\") };\n";

/// With a secret, somebody who sees it and somebody who does not.
async fn at_work(role: Role) -> (App, Browser) {
    let app = city();
    let secret = Entity::new(Uri::ngsi_ld("Secret", "1"), Name::default_term("Secret"))
        .with(Attribute::property(Name::default_term("colour"), "red"));
    let twin = app.twin(None).unwrap();
    let view = View::open(Caller::System("test"), "test");
    for outcome in twin.execute_blocking(&view, vec![Operation::Create(secret)]) {
        outcome.unwrap();
    }
    person(&app, "ola", &[role]);
    person(&app, "ben", &[Role::Viewer]);
    let mut browser = Browser::at(&app);
    assert_eq!(browser.log_in("ola", PASSWORD).await.leads_to(), "/account");
    (app, browser)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_compared_kept_and_taken_away() {
    let (app, mut browser) = at_work(Role::Officer).await;
    let policies = || app.config.views.as_ref().unwrap().policies().documents();
    for language in ["en", "fr", "sw", "ar"] {
        browser.language = language;
        let list = browser.get("/policies").await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.page);
        for name in ["roles", "classification", "purposes"] {
            assert!(
                list.page.contains(&format!("/policies/documents/{name}\"")),
                "{name}"
            );
        }
    }
    browser.language = "en";
    let begun = browser
        .send_form("/policies", "/policies", &[("name", "secrets.cedar")])
        .await;
    assert_eq!(begun.leads_to(), DOCUMENT);
    for bad in ["", "a/b", "builtin", NASTY] {
        let refused = browser
            .send_form("/policies", "/policies", &[("name", bad)])
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    let form = browser.get(DOCUMENT).await;
    let etag = form.hidden("etag");
    let fields = |then, text, etag| [("then", then), ("text", text), ("etag", etag)];
    let compared = browser
        .send_form(DOCUMENT, DOCUMENT, &fields("compare", SECRETS, &*etag))
        .await;
    assert_eq!(compared.status, StatusCode::OK);
    for told in [
        "gains",
        "<bdi>ben</bdi>",
        "Secret",
        "colour",
        "special",
        "city.secrets",
        "3 of 3",
    ] {
        assert!(compared.page.contains(told), "{told}: {}", compared.page);
    }
    assert!(
        compared.page.contains("permit (principal in Role"),
        "what was typed is there"
    );
    assert!(policies().policies().is_empty(), "nothing is changed");
    for (text, part) in [
        ("permit (principal, action, resource);", "@id"),
        (
            "@id(\"x\") permit (principal, action, resource) when { resource.colour == 1 };",
            "colour",
        ),
        (NASTY, "secrets.cedar"),
    ] {
        for then in ["compare", "save"] {
            let refused = browser
                .send_form(DOCUMENT, DOCUMENT, &fields(then, text, &*etag))
                .await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{then} {text}");
            assert!(refused.page.contains(part), "{}", refused.page);
        }
    }
    let by_mail = SECRETS.replace('\n', "\r\n");
    let kept = browser
        .send_form(DOCUMENT, DOCUMENT, &fields("save", &by_mail, &*etag))
        .await;
    assert_eq!(kept.leads_to(), format!("{DOCUMENT}?done=1"));
    assert_eq!(policies().policies()["secrets.cedar"], SECRETS);
    // Whoever began before that is told.
    let late = browser
        .send_form(DOCUMENT, DOCUMENT, &fields("save", "", &*etag))
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(policies().policies()["secrets.cedar"], SECRETS);
    let lost = browser
        .send_form(DOCUMENT, DOCUMENT, &fields("compare", "", &*etag))
        .await;
    assert!(
        lost.page.contains("loses") && lost.page.contains("<bdi>ben</bdi>"),
        "{}",
        lost.page
    );
    let etag = browser.get(DOCUMENT).await.hidden("etag");
    let gone = browser
        .send_form(DOCUMENT, DOCUMENT, &fields("delete", "", &*etag))
        .await;
    assert_eq!(gone.leads_to(), "/policies");
    assert!(policies().policies().is_empty());
    // The form has to be one of this session.
    let foreign = browser.post(DOCUMENT, &fields("save", SECRETS, &*etag)).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert!(policies().policies().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_is_said_in_words_that_lead_to_the_policy() {
    let (_app, mut browser) = at_work(Role::Officer).await;
    let address = |who: &str, entity: &str| {
        format!("/policies/why?who={who}&entity={entity}&action=Read&purpose=service-operation")
    };
    for language in ["en", "fr", "sw", "ar"] {
        browser.language = language;
        let asked = browser.get("/policies/why").await;
        assert_eq!(asked.status, StatusCode::OK);
        let answered = browser.get(&address("ola", "urn:ngsi-ld:Secret:1")).await;
        assert_eq!(answered.status, StatusCode::OK);
        for told in ["role.officer", "/policies/documents/roles", "colour", "special"] {
            assert!(answered.page.contains(told), "{told}: {}", answered.page);
        }
    }
    browser.language = "en";
    let no = browser.get(&address("ben", "urn:ngsi-ld:Secret:1")).await;
    assert!(no.page.contains("ben: “see” is not allowed.") || no.page.contains("No policy permits it."));
    let stranger = browser.get(&address("anonymous", "urn:ngsi-ld:Secret:1")).await;
    assert!(stranger.page.contains("twin.read") && stranger.page.contains("builtin.nobody-is-nobody"));
    assert!(!stranger.page.contains("/policies/documents/builtin"));
    for (who, entity) in [
        ("nobody", "urn:ngsi-ld:Secret:1"),
        ("ben", "urn:ngsi-ld:Secret:2"),
        ("ben", "no%20uri"),
        ("%3Cscript%3E", "urn:ngsi-ld:Secret:1"),
    ] {
        let missing = browser.get(&address(who, entity)).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{who} {entity}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_do_not_get_there() {
    let (_app, mut browser) = at_work(Role::Operator).await;
    for address in ["/policies", DOCUMENT, "/policies/why"] {
        let refused = browser.get(address).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{address}");
        assert!(!refused.page.contains("href=\"/policies\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_classified_is_classified_with_suggestions_that_are_called_so() {
    const CLASSES: &str = "/policies/classes";
    let (app, mut browser) = at_work(Role::Officer).await;
    let lamp = Entity::new(
        Uri::ngsi_ld("Lamp", "1"),
        Name::from_iri("https://example.org/Streetlight".to_owned()),
    )
    .with(Attribute::property(Name::default_term("serialNumber"), "4711"))
    .with(Attribute::property(Name::default_term("powerState"), "on"));
    let road = Entity::new(
        Uri::ngsi_ld("RoadSegment", "1"),
        Name::default_term("RoadSegment"),
    )
    .with(Attribute::property(Name::default_term("reporter"), "Ada"));
    let twin = app.twin(None).unwrap();
    let view = View::open(Caller::System("test"), "test");
    for outcome in twin.execute_blocking(&view, vec![Operation::Create(lamp), Operation::Create(road)]) {
        outcome.unwrap();
    }
    for language in ["en", "fr", "sw", "ar"] {
        browser.language = language;
        let page = browser.get(CLASSES).await;
        assert_eq!(page.status, StatusCode::OK);
        for told in [
            "https://example.org/Streetlight",
            "RoadSegment",
            "reporter",
            "Secret",
            "colour",
        ] {
            assert!(page.page.contains(told), "{told}: {}", page.page);
        }
    }
    browser.language = "en";
    let page = browser.get(CLASSES).await;
    assert!(page.page.contains("suggestion, by nothing but the names"));
    let etag = page.hidden("etag");
    let secret = "https://uri.etsi.org/ngsi-ld/default-context/Secret";
    let colour = "class-of https://uri.etsi.org/ngsi-ld/default-context/colour";
    let form = |then, others, etag| {
        [
            ("then", then),
            ("type", secret),
            ("others", others),
            (colour, "open"),
            ("etag", etag),
        ]
    };
    let standing = || {
        let views = app.config.views.as_ref().unwrap();
        views.policies().documents().classification().to_owned()
    };
    let before = standing();
    let compared = browser
        .send_form(CLASSES, CLASSES, &form("compare", "internal", &*etag))
        .await;
    assert_eq!(compared.status, StatusCode::OK, "{}", compared.page);
    assert!(compared.page.contains("gains") && compared.page.contains("<bdi>ben</bdi>"));
    assert_eq!(standing(), before);
    let refused = browser
        .send_form(CLASSES, CLASSES, &form("save", "secret", &*etag))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = browser
        .send_form(CLASSES, CLASSES, &form("save", "internal", &*etag))
        .await;
    assert_eq!(kept.leads_to(), "/policies/classes?done=1");
    assert!(standing().starts_with(before.trim_end()) && standing().contains("\"Secret\""));
    let late = browser
        .send_form(CLASSES, CLASSES, &form("save", "open", &*etag))
        .await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    let etag = browser.get(CLASSES).await.hidden("etag");
    let twice = browser
        .send_form(CLASSES, CLASSES, &form("save", "open", &*etag))
        .await;
    assert_eq!(
        twice.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "it has a rule by now"
    );
    // Ben sees it now.
    let mut ben = Browser::at(&app);
    ben.log_in("ben", PASSWORD).await;
    assert!(
        ben.get("/entities/urn:ngsi-ld:Secret:1")
            .await
            .page
            .contains("red")
    );
    assert_eq!(ben.get(CLASSES).await.status, StatusCode::FORBIDDEN);
}
