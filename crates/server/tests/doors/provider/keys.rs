//! The provider's keys: kept, renewed, and asked for no more often than is good.

use super::signer::{Key, Pair, signed};
use super::{Believing, NOW, header};
use serde_json::json;

impl Believing {
    /// A token that holds for days.
    fn long(&self, pair: &Pair, kid: &str) -> String {
        let mut claims = self.claims();
        claims["exp"] = json!(NOW + 500_000);
        let mut head = header(Key::Es);
        head["kid"] = json!(kid);
        signed(pair, &head, &claims)
    }

    async fn takes(&self, token: &str) -> bool {
        self.me(token).await.status == 200
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_is_fetched_when_it_is_met_but_not_at_every_turn() {
    let rig = Believing::new().await;
    let new = Pair::new(Key::Es);
    let (old_token, new_token) = (rig.long(rig.provider.key(Key::Es), "es"), rig.long(&new, "new"));
    assert!(rig.takes(&old_token).await);
    assert_eq!(rig.provider.asked(), 1);
    // Whoever sends unknown keys makes nobody ask.
    for _ in 0..20 {
        assert!(!rig.takes(&new_token).await);
    }
    assert_eq!(rig.provider.asked(), 1, "asked a moment ago");
    rig.provider
        .publish(vec![rig.provider.key(Key::Es).jwk("es"), new.jwk("new")]);
    rig.wait_s(29);
    assert!(!rig.takes(&new_token).await);
    rig.wait_s(1);
    assert!(rig.takes(&new_token).await && rig.takes(&old_token).await);
    assert_eq!(rig.provider.asked(), 2);
    // A key that the provider takes back is not taken any more, once that is known.
    rig.provider.publish(vec![new.jwk("new")]);
    rig.wait_s(30);
    assert!(!rig.takes(&rig.long(&new, "unknown")).await);
    assert!(rig.takes(&new_token).await && !rig.takes(&old_token).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_renewed_after_an_hour_and_holds_for_a_day() {
    let rig = Believing::new().await;
    let token = rig.long(rig.provider.key(Key::Es), "es");
    assert!(rig.takes(&token).await);
    rig.wait_s(3600);
    // Answered with what is known; asked beside that.
    assert!(rig.takes(&token).await);
    for _ in 0..2000 {
        if rig.provider.asked() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(rig.provider.asked(), 2);
    assert!(rig.takes(&token).await);
    rig.provider.is_down(true);
    rig.wait_s(86_399);
    assert!(
        rig.takes(&token).await,
        "the provider is away, and that is no reason"
    );
    rig.wait_s(40);
    assert!(!rig.takes(&token).await, "for a day");
    rig.provider.is_down(false);
    rig.wait_s(30);
    assert!(rig.takes(&token).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_away_lets_nobody_in_and_breaks_nothing() {
    let rig = Believing::new().await;
    rig.provider.is_down(true);
    let token = rig.long(rig.provider.key(Key::Es), "es");
    assert_eq!(rig.me(&token).await.status, 401);
    let page = rig
        .city
        .ask("GET", "/login/provider", &[("accept", "text/html")], None)
        .await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/login?failed=provider&next=%2F")
    );
    rig.provider.is_down(false);
    rig.wait_s(30);
    assert!(rig.takes(&token).await);
}
