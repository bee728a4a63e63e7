//! What was accepted is there after a restart, whatever IRIs its terms became; rows of the program before are read; a
//! row that cannot be read keeps no twin from opening.

use std::sync::Arc;

use ngsi_ld::Uri;
use ngsi_ld::context::{BuiltIn, Context};
use ngsi_ld::registration;
use ngsi_ld::subscription::{Draft, Subject};
use serde_json::{Value as Json, json};
use storage::Memory;
use twin::{Error, Operation, Row, Twin};

use crate::common::{clock, id, open, property, set, thing, view};
use crate::delivery::{Post, settled};
use crate::subscriptions::subscribe;

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

fn subscription(members: &Json) -> Json {
    let mut json = json!({
        "type": "Subscription", "entities": [{"type": "Car"}],
        "notification": {"endpoint": {"uri": "http://r.example/"}},
    });
    json.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    json
}

async fn execute(twin: &Twin, operation: Operation) {
    twin.execute(&view(), vec![operation]).await.remove(0).unwrap();
}

async fn accept(twin: &Twin, members: &Json, context: &Context) -> Uri {
    let draft = Draft::read(&subscription(members), context, Subject::Entities).unwrap();
    twin.create_subscription(&view(), draft, context.at("http://c.example/own"))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_there_after_a_restart_whatever_its_terms_became() {
    let mut terms = json!({
        "speed": "https://example.org/~joe/vocab#speed",
        "t": "https://example.org/onto?term=t;(x),y",
    });
    for n in 0..120 {
        terms[format!("a{n}")] = format!("https://example.org/{n:03}/{}", "x".repeat(60)).into();
    }
    let context = Context::compile(&terms, &BuiltIn).unwrap();
    let long: Vec<String> = (0..120).map(|n| format!("a{n}>0")).collect();
    let memory = Memory::new();
    let twin = open(memory.clone());
    let mut made = Vec::new();
    for members in [
        json!({"notification": {"pick": ["speed"], "endpoint": {"uri": "http://r.example/"}}}),
        json!({"q": long.join(";")}),
        json!({"q": "t==word", "expandValues": "t,speed", "jsonKeys": "t"}),
    ] {
        made.push(accept(&twin, &members, &context).await);
    }
    let registered = json!({
        "id": "urn:r:1", "type": "ContextSourceRegistration", "endpoint": "http://a.example",
        "information": [{"propertyNames": ["t"]}], "t": {"type": "VocabProperty", "vocab": "speed"},
    });
    let draft = registration::Draft::read(&registered, &context).unwrap();
    let registered = twin.create_registration_blocking(&view(), draft).unwrap();
    let before: Vec<_> = made
        .iter()
        .map(|id| twin.subscription(&view(), id).unwrap().0)
        .collect();
    let registration = twin.registration(&view(), &registered).unwrap();
    drop(twin);

    let twin = open(memory);
    for (id, before) in made.iter().zip(before) {
        let after = twin.subscription(&view(), id).unwrap().0;
        assert_eq!(after.subscription, before.subscription);
        assert_eq!(after.unusable, None);
        assert_eq!(after.context.link(), before.context.link());
        let name = context.expand("speed");
        assert_eq!(
            after.context.compact(&name),
            "speed",
            "its terms are those it had"
        );
    }
    let again = twin.registration(&view(), &registered).unwrap();
    assert_eq!(again.registration(), registration.registration());
}

/// Rows that the program wrote before rows had another form, taken from its store.
const SUBSCRIPTION_1: &str = r#"{"subscription":{"id":"urn:s:1","type":"Subscription","subscriptionName":"n","entities":[{"idPattern":"^urn","type":"https://a.example/thing"}],"watchedAttributes":["https://a.example/kind"],"throttling":10,"q":"<https://a.example/kind>==https://uri.etsi.org/ngsi-ld/default-context/good|<https://a.example/thing>==1","geoQ":{"georel":"near;maxDistance==5","geometry":"Point","coordinates":[1,2]},"scopeQ":"/A/#","csf":"<https://a.example/thing>==2","expandValues":"https://a.example/kind","expiresAt":"2099-01-01T00:00:00Z","jsonldContext":"http://127.0.0.1:18431/ngsi-ld/v1/jsonldContexts/urn:ngsi-ld:Context:f72371c99e9f0990053d27fe67a0131e","status":"active","notification":{"pick":["id","https://a.example/thing{https://a.example/kind}"],"endpoint":{"uri":"http://receiver.example/","accept":"application/ld+json"}}},"q":"kind==\"good\"|thing==1","csf":"thing==2","context":"41d23276e1049b8ff47a9887d6ba978d","createdAt":1795414633468636,"modifiedAt":1795414633468636}"#;
const CONTEXT_1: &str = r#"{"@context":"http://127.0.0.1:18431/ngsi-ld/v1/jsonldContexts/urn:ngsi-ld:Context:f72371c99e9f0990053d27fe67a0131e","terms":{"kind":["https://a.example/kind","@vocab",false],"thing":["https://a.example/thing",null,false]}}"#;
/// One that it accepted and could not read again.
const SUBSCRIPTION_2: &str = r#"{"subscription":{"id":"urn:s:2","type":"Subscription","entities":[{"type":"Car"}],"jsonldContext":"http://127.0.0.1:18431/ngsi-ld/v1/jsonldContexts/urn:ngsi-ld:Context:f72371c99e9f0990053d27fe67a0131e","status":"active","notification":{"pick":["https://example.org/~joe/vocab#speed"],"endpoint":{"uri":"http://receiver.example/"}}},"q":null,"csf":null,"context":"41d23276e1049b8ff47a9887d6ba978d","createdAt":1795414633512760,"modifiedAt":1795414633512760}"#;
const REGISTRATION_1: &str = r#"{"registration":{"id":"urn:r:1","type":"ContextSourceRegistration","information":[{"entities":[{"type":"https://a.example/thing"}],"propertyNames":["https://a.example/kind"]}],"endpoint":"http://203.0.113.9","expiresAt":"2099-01-01T00:00:00Z","https://a.example/kind":{"type":"Property","value":5}},"createdAt":1795414020457474,"modifiedAt":1795414020457474}"#;

fn row(table: &'static str, key: impl Into<Vec<u8>>, version: u8, text: &str) -> Row {
    let mut value = vec![version];
    value.extend(text.as_bytes());
    Row::put(table, key, value)
}

fn rows_of_before() -> Vec<Row> {
    let key = 0x41d2_3276_e104_9b8f_f47a_9887_d6ba_978d_u128.to_be_bytes();
    vec![
        row("subscription-context", key, 1, CONTEXT_1),
        row("subscription", "urn:s:1", 1, SUBSCRIPTION_1),
        row("subscription", "urn:s:2", 1, SUBSCRIPTION_2),
        row("csource-registration", "urn:r:1", 1, REGISTRATION_1),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_program_before_are_read() {
    let memory = Memory::new();
    open(memory.clone())
        .store_rows_blocking(rows_of_before())
        .unwrap();

    let twin = open(memory.clone());
    let (stored, standing) = twin.subscription(&view(), &uri("urn:s:1")).unwrap();
    assert_eq!(
        (standing.unusable, stored.subscription.throttling_s),
        (None, Some(10.0))
    );
    let context = &stored.context;
    assert_eq!(context.expand("thing").as_str(), "https://a.example/thing");
    let given = json!({
        "@context": "left out", "id": "urn:s:1", "type": "Subscription", "subscriptionName": "n",
        "entities": [{"type": "thing", "idPattern": "^urn"}], "watchedAttributes": ["kind"],
        "q": "kind==\"good\"|thing==1", "scopeQ": "/A/#", "csf": "thing==2", "throttling": 10,
        "geoQ": {"georel": "near;maxDistance==5", "geometry": "Point", "coordinates": [1, 2]},
        "expiresAt": "2099-01-01T00:00:00Z", "expandValues": "kind",
        "jsonldContext": context.link().unwrap(),
        "notification": {
            "pick": ["id", "thing{kind}"],
            "endpoint": {"uri": "http://receiver.example/", "accept": "application/ld+json"},
        },
    });
    let given = Draft::read(&given, context, Subject::Entities).unwrap();
    let given = given.create(|| uri("urn:s:0"), ngsi_ld::Timestamp::MIN).unwrap();
    assert_eq!(stored.subscription, given);
    assert_eq!(
        stored.subscription.q.as_ref().unwrap().text,
        "kind==\"good\"|thing==1"
    );
    let registration = twin.registration(&view(), &uri("urn:r:1")).unwrap();
    assert_eq!(
        registration.registration().own[0].name.as_str(),
        "https://a.example/kind"
    );

    // What could not be read is there, says so, and can only be deleted.
    let second = uri("urn:s:2");
    assert!(twin.subscription(&view(), &second).is_none());
    assert_eq!(twin.unread_subscriptions(&view(), Subject::Entities).len(), 1);
    let shown = twin
        .unread_subscription(&view(), Subject::Entities, &second)
        .unwrap()
        .to_json();
    assert_eq!(
        (&shown["id"], &shown["status"]),
        (&json!("urn:s:2"), &json!("paused"))
    );
    assert!(shown["unusable"].as_str().unwrap().contains("pick"), "{shown:?}");
    assert_eq!(shown["entities"], json!([{"type": "Car"}]));
    let pause =
        || Draft::read_fragment(&json!({"isActive": true}), Context::core(), Subject::Entities).unwrap();
    let refused = twin.update_subscription(&view(), &second, pause(), None).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    let taken = subscription(&json!({"id": "urn:s:2"}));
    let taken = Draft::read(&taken, Context::core(), Subject::Entities).unwrap();
    let taken = twin
        .create_subscription(&view(), taken, Context::core().clone())
        .await;
    assert!(matches!(taken, Err(Error::Taken(..))), "{taken:?}");

    // Its @context is still another's when it goes; and a change writes the new form.
    twin.delete_subscription(&view(), &second).await.unwrap();
    assert!(
        twin.unread_subscription(&view(), Subject::Entities, &second)
            .is_none()
    );
    twin.update_subscription(&view(), &uri("urn:s:1"), pause(), None)
        .await
        .unwrap();
    assert_eq!(twin.rows("subscription").unwrap()[0].1[0], 2);
    drop(twin);
    let twin = open(memory);
    assert_eq!(
        twin.subscription(&view(), &uri("urn:s:1"))
            .unwrap()
            .0
            .subscription
            .entities,
        stored.subscription.entities
    );
    assert!(twin.unread_subscriptions(&view(), Subject::Entities).is_empty());
    let gone = twin.delete_subscription(&view(), &second).await;
    assert!(matches!(gone, Err(Error::Missing(..))), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_keeps_no_twin_from_opening() {
    let memory = Memory::new();
    let twin = open(memory.clone());
    let kept = subscribe(&twin, json!({})).await;
    let lost = subscribe(&twin, json!({"id": "urn:s:lost"})).await;
    execute(&twin, Operation::Create(thing(1).with(property("a", 1)))).await;
    assert_eq!(twin.delivery_statistics().waiting, 2);
    let mut rows = vec![
        row("subscription", "urn:s:lost", 9, "{}"),
        row("subscription", "no uri", 2, "{"),
        row(
            "subscription",
            "urn:s:deep",
            2,
            &format!("{}1{}", "[".repeat(500), "]".repeat(500)),
        ),
        row("subscription-context", "short", 1, "{}"),
        Row::put("subscription", "urn:s:empty", Vec::new()),
    ];
    for table in ["csource-subscription", "csource-registration"] {
        rows.push(row(table, "urn:x:newer", 9, "{}"));
        rows.push(row(
            table,
            "urn:x:bad",
            2,
            "{\"registration\":{\"names\":[1]},\"subscription\":7}",
        ));
    }
    let count = rows.len() + 2; // that of `kept`, and that of its @context
    twin.store_rows_blocking(rows).unwrap();
    drop(twin);

    let all = |twin: &Twin| {
        [
            "subscription",
            "subscription-context",
            "csource-subscription",
            "csource-registration",
        ]
        .iter()
        .map(|table| twin.rows(table).unwrap().len())
        .sum::<usize>()
    };
    let twin = open(memory.clone());
    assert_eq!(all(&twin), count, "every row stays");
    assert!(twin.subscription(&view(), &kept).is_some());
    let unread = twin
        .unread_subscription(&view(), Subject::Entities, &lost)
        .unwrap();
    assert!(unread.reason.contains("version 9"), "{}", unread.reason);
    assert_eq!(twin.unread_subscriptions(&view(), Subject::Entities).len(), 3);
    assert_eq!(
        twin.unread_subscriptions(&view(), Subject::Registrations).len(),
        2
    );
    // What waits for it stays on disk; what waits for the other goes.
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    settled(&twin).await;
    assert_eq!(post.take().len(), 1);
    twin.replay_dead_letters(&view(), &twin::delivery::DeadLetterFilter::default())
        .await
        .unwrap();
    assert_eq!(twin.rows("outbox").unwrap().len(), 1);
    twin.delete_subscription(&view(), &lost).await.unwrap();
    twin.replay_dead_letters(&view(), &twin::delivery::DeadLetterFilter::default())
        .await
        .unwrap();
    assert!(twin.rows("outbox").unwrap().is_empty());
    twin.delete_registration_subscription_blocking(&view(), &uri("urn:x:bad"))
        .unwrap();
    twin.delete_registration_blocking(&view(), &uri("urn:x:newer"))
        .unwrap();
    assert!(twin.registration(&view(), &uri("urn:x:bad")).is_none());
    assert_eq!(all(&twin), count - 3);
}

/// A newer regular expression engine may refuse what an older one took.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_used_is_shown_and_loses_nothing_that_waits() {
    let memory = Memory::new();
    let twin = open(memory.clone());
    let made = subscribe(&twin, json!({"id": "urn:s:1"})).await;
    execute(&twin, Operation::Create(thing(1).with(property("a", 1)))).await;
    let stored = twin.rows("subscription").unwrap().remove(0).1;
    let stored = String::from_utf8(stored[1..].to_vec()).unwrap();
    let changed = stored.replace("\"idPattern\":null", "\"idPattern\":\"(\"");
    assert_ne!(changed, stored);
    twin.store_rows_blocking(vec![row("subscription", "urn:s:1", 2, &changed)])
        .unwrap();
    drop(twin);

    let twin = Twin::open(Box::new(memory), clock()).unwrap();
    assert_eq!(twin.delivery_statistics().waiting, 1);
    let (_, standing) = twin.subscription(&view(), &made).unwrap();
    assert!(standing.unusable.unwrap().contains("idPattern"));
    let written = ngsi_ld::subscription::write_subscription(
        &twin.subscription(&view(), &made).unwrap().0.subscription,
        &twin.subscription(&view(), &made).unwrap().1,
        Context::core(),
        twin.now(),
        false,
    );
    assert_eq!(written["status"], "paused");
    // A change mends it.
    let mended = json!({"entities": [{"type": "Thing"}]});
    let mended = Draft::read_fragment(&mended, Context::core(), Subject::Entities).unwrap();
    twin.update_subscription(&view(), &made, mended, None)
        .await
        .unwrap();
    assert_eq!(twin.subscription(&view(), &made).unwrap().1.unusable, None);
    execute(&twin, Operation::Merge(id(1), set("a", 2))).await;
    assert_eq!(twin.delivery_statistics().waiting, 2);
}
