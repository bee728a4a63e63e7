//! What is served of the program's safety.

use ngsi_ld::Timestamp;
use serde_json::Value;
use server::{PublicUrl, SecurityTxt};

use crate::common::City;

#[tokio::test]
async fn security_txt_is_served_while_it_holds() {
    let address = "/.well-known/security.txt";
    let nobody = City::new().get(address).await;
    assert_eq!(
        (nobody.status, nobody.header("content-type")),
        (404, "application/problem+json")
    );
    assert!(nobody.text().contains("security.contact"), "{}", nobody.text());

    let contact = ["mailto:security@city.example".to_owned()];
    let city = City::with(|config| {
        config.security_txt = SecurityTxt::parse(&contact, Some("2026-06-01T00:00:00Z")).unwrap();
        config.public_url = Some(PublicUrl::parse("https://twin.city.example").unwrap());
    });
    let file = city.get(address).await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, "text/plain; charset=utf-8")
    );
    let lines: Vec<String> = file.text().lines().map(str::to_owned).collect();
    // RFC 9116: each line is a field and a value; Contact and one Expires have to be there, the latter in the future.
    let values = |field: &str| -> Vec<String> {
        let found = lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| *name == field);
        found.map(|(_, value)| value.to_owned()).collect()
    };
    assert!(lines.iter().all(|line| line.contains(": ")), "{lines:?}");
    assert_eq!(values("Contact"), contact);
    let expires = values("Expires");
    assert_eq!(expires.len(), 1);
    assert!(Timestamp::parse(&expires[0]).unwrap() > Timestamp::parse("2026-05-01T12:00:00Z").unwrap());
    assert_eq!(
        values("Canonical"),
        ["https://twin.city.example/.well-known/security.txt"]
    );
    // Its policy is there.
    let policy = values("Policy")[0].replace("https://twin.city.example", "");
    let policy = city.get(&policy).await;
    assert!(
        policy.status == 200 && policy.text().contains("## Reporting"),
        "{}",
        policy.text()
    );

    // What no longer holds is not said.
    city.clock.set(Timestamp::parse("2026-06-01T00:00:00Z").unwrap());
    assert_eq!(city.get(address).await.status, 404);
}

#[tokio::test]
async fn everybody_can_read_what_is_shown_and_what_is_not() {
    let city = City::guarded();
    let page = city.ask("GET", "/trust", &[("accept", "text/html")], None).await;
    assert_eq!(page.status, 200, "{}", page.text());
    for document in [
        "checklist.json",
        "security.md",
        "licence.txt",
        "licences.txt",
        "sbom.cdx.json",
    ] {
        let address = format!("/trust/{document}");
        assert!(page.text().contains(&format!("href=\"{address}\"")), "{document}");
        let reply = city.get(&address).await;
        assert!(
            reply.status == 200 && reply.body.len() > 1000,
            "{document}: {}",
            reply.text()
        );
    }
    let items = city.get("/trust/checklist.json").await.json();
    let numbers: Vec<u64> = items["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["item"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=63).collect::<Vec<_>>());
    let bill: Value = city.get("/trust/sbom.cdx.json").await.json();
    assert_eq!(
        (&bill["bomFormat"], &bill["specVersion"]),
        (&"CycloneDX".into(), &"1.6".into())
    );
    let licences = city.get("/trust/licences.txt").await.text();
    for part in ["rusqlite", "tokio", "Apache-2.0", "MIT"] {
        assert!(licences.contains(part), "{part}");
    }
}
