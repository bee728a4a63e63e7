//! The city's identity provider: its tokens as keys, and logging in there. The provider is a small one of our own; a
//! published one is asked in `tests/interoperability`.

mod accounts;
mod attacks;
mod fake;
mod keys;
mod login;
mod signer;

use std::time::Duration;

use access::{Grant, Mapping, Role, Rules};
use serde_json::{Value, json};
use server::net::{GuardedClient, Policy};
use server::{ClientSecret, Provider, ProviderSettings};

use crate::common::{City, Reply};
use fake::Fake;
use signer::{Key, signed};

const AUDIENCE: &str = "https://twin.city.example";
const CLIENT: &str = "mapacha";
const SECRET: &str = "a secret: with + and %";
/// When the city's clock begins, in seconds since 1970.
const NOW: i64 = 1_777_636_800;

/// A city that believes a provider.
struct Believing {
    city: City,
    provider: Fake,
}

impl Believing {
    async fn new() -> Self {
        let provider = Fake::start().await;
        let issuer = provider.url.clone();
        let grants = |texts: &[&str]| texts.iter().map(|text| Grant::parse(text).unwrap()).collect();
        let rules = Rules {
            issuer: issuer.clone(),
            audience: Some(AUDIENCE.to_owned()),
            client_id: Some(CLIENT.to_owned()),
            access_token_type: "at+jwt".to_owned(),
            groups_claim: "groups".to_owned(),
            mapping: Mapping::new([
                ("readers".to_owned(), grants(&["viewer"])),
                ("keepers".to_owned(), grants(&["editor", "group:works"])),
                ("chiefs".to_owned(), grants(&["administrator"])),
            ]),
        };
        let settings = ProviderSettings {
            rules,
            name: "City of Test".to_owned(),
            client_secret: Some(ClientSecret::new(SECRET)),
            scopes: vec!["profile".to_owned()],
            base: "https://twin.city.example".to_owned(),
        };
        let believe = |settings: &mut access::Settings| settings.provider = Some(issuer);
        let city = City::guarded_with(believe, |config, clock| {
            let policy = Policy {
                allow_private: true,
                ..Policy::default()
            };
            let client = GuardedClient::new(policy, Duration::from_secs(10));
            config.provider = Some(Provider::new(settings, client, std::sync::Arc::clone(clock)));
        });
        Self { city, provider }
    }

    fn access(&self) -> access::Access {
        self.city.app.config.access().unwrap().clone()
    }

    /// The claims of a right access token.
    fn claims(&self) -> Value {
        json!({
            "iss": self.provider.url, "aud": AUDIENCE, "sub": "7a9e-subject-of-wanjiku", "exp": NOW + 300, "iat": NOW,
            "preferred_username": "wanjiku", "email": "wanjiku@city.example", "groups": ["readers"],
        })
    }

    /// A right access token with other claims.
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        signed(self.provider.key(Key::Es), &header(Key::Es), &claims)
    }

    async fn ask(&self, method: &str, path: &str, token: &str, body: Option<&str>) -> Reply {
        let authorization = format!("Bearer {token}");
        self.city
            .ask(method, path, &[("authorization", &authorization)], body)
            .await
    }

    async fn me(&self, token: &str) -> Reply {
        self.ask("GET", "/access/me", token, None).await
    }

    fn wait_s(&self, seconds: i64) {
        self.city.clock.advance(seconds * 1_000_000);
    }

    fn person(&self, name: &str, roles: &[Role]) -> access::Person {
        let new = access::NewPerson {
            name,
            roles,
            password: Some("kikuyu matatu jua wimbo"),
            ..access::NewPerson::default()
        };
        self.access()
            .add_person(&new, access::Permissions::all())
            .unwrap()
            .0
    }
}

/// The header of a right access token.
fn header(key: Key) -> Value {
    json!({"alg": key.algorithm(), "kid": key.id(), "typ": "at+jwt"})
}
