//! Who has to have a second factor, and may do nothing before it is there.

use access::Role;

use crate::admitted::{access_of, key_with, logged_in};
use crate::common::City;

/// The code that an app shows, computed here from what a person types into it (RFC 6238, RFC 4648).
pub(crate) fn totp(secret: &str, seconds: i64) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in secret.bytes() {
        let value = if digit.is_ascii_uppercase() {
            digit - b'A'
        } else {
            digit - b'2' + 26
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&bytes).unwrap();
    mac.update(&(seconds / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn an_administrator_without_a_second_factor_sets_one_up_before_all_else() {
    let set = |settings: &mut access::Settings| settings.second_factor = access::SecondFactor::Administrators;
    let city = City::guarded_with(set, |_, _| {});
    let (cookie, form) = logged_in(&city, "chief", &[Role::Administrator]);
    let of_people = [("cookie", &*cookie), ("accept", "text/html")];
    for page in ["/", "/users", "/kpi", "/audit"] {
        let reply = city.ask("GET", page, &of_people, None).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, "/account?need=second_factor"),
            "{page}"
        );
    }
    let account = city
        .ask("GET", "/account?need=second_factor", &of_people, None)
        .await;
    assert_eq!(account.status, 200);
    assert!(
        account.text().contains("Set up a second factor first"),
        "{}",
        account.text()
    );
    for (method, path) in [
        ("GET", "/access/users"),
        ("GET", "/ngsi-ld/v1/types"),
        ("GET", "/audit/checkpoint"),
    ] {
        let reply = city.ask(method, path, &[("cookie", &*cookie)], None).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (403, "urn:mapacha:problem:second-factor"),
            "{path}: {}",
            reply.text()
        );
    }
    // Nor a way round: no key, no account.
    let send = async |path: &str, fields: &str| {
        let all = [
            ("cookie", &*cookie),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "text/html"),
        ];
        let body = format!("{fields}&form_token={form}");
        city.ask("POST", path, &all, Some(&body)).await
    };
    let key = send("/account/keys", "then=make&key-name=a&role=administrator").await;
    assert_eq!(key.status, 422, "{}", key.text());
    assert!(access_of(&city).keys(None).is_empty());
    assert_eq!(send("/users", "name=ben&role=administrator").await.status, 403);
    assert_eq!(access_of(&city).people().len(), 1);
    // Others, and programs, are asked for none.
    let (cookie, _) = logged_in(&city, "ben", &[Role::Editor]);
    let reply = city
        .ask(
            "GET",
            "/kpi",
            &[("cookie", &*cookie), ("accept", "text/html")],
            None,
        )
        .await;
    assert_eq!(reply.status, 200);
    let admin = key_with(&city, &[Role::Administrator]);
    let reply = city
        .ask("GET", "/access/users", &[("authorization", &*admin)], None)
        .await;
    assert_eq!(reply.status, 200);
}
