//! `/login/provider`, where the city's identity provider says who somebody is, and `/account/provider`, where people link
//! their account to it.

use access::{Entered, Error};
use axum::extract::{Request, State};
use axum::response::Response;

use super::account::{Shown, account_page};
use super::login::{end_before, password_page};
use super::{Failure, Sent, Visit, accounts, failed, person, read, safe, second_step, see};
use crate::App;
use crate::identity::{Provider, ProviderFailed, cookies};
use crate::pages::visit::encode;

fn provider(visit: &Visit) -> Result<Provider, Failure> {
    let provider = visit.app.config.provider.clone();
    provider
        .filter(Provider::logs_in)
        .ok_or_else(|| Failure::not_found(visit))
}

/// `GET /login/provider`: to the provider.
pub(super) async fn leave(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    let provider = provider(&visit)?;
    let next = safe(visit.parameter("next").unwrap_or("/")).to_owned();
    let flow = accounts(&visit)?
        .begin_flow(&next, None)
        .map_err(|error| failed(&visit, &error))?;
    match provider.login_url(&flow).await {
        Ok(url) => {
            let mut response = see(&url);
            cookies::went_out(response.headers_mut(), &flow.cookie);
            Ok(response)
        }
        Err(why) => Ok(came_to_nothing(&next, false, &why)),
    }
}

/// The way ends where it began, and the page there says that it came to nothing. Why, is for the log.
fn came_to_nothing(next: &str, links: bool, why: &ProviderFailed) -> Response {
    tracing::warn!(%why, "a login at the identity provider came to nothing");
    let mut response = if links {
        see("/account?failed=provider")
    } else {
        see(&format!("/login?failed=provider&next={}", encode(next)))
    };
    cookies::came_back(response.headers_mut());
    response
}

/// `GET /login/provider/return`: from the provider.
pub(super) async fn back(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let provider = provider(&visit)?;
    let access = accounts(&visit)?.clone();
    let query = request.uri().query().unwrap_or("").to_owned();
    let parameter = |name: &str| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.into_owned());
        first.filter(|_| values.next().is_none())
    };
    let sent = Sent::without_body(&app, request);
    let cookie = cookies::cookie(&sent.headers, cookies::OUT).unwrap_or("");
    let state = parameter("state").unwrap_or_default();
    // Whoever did not go out from this browser has nothing to come back with.
    let Ok(returned) = access.end_flow(cookie, &state) else {
        access.provider_was_refused(sent.from);
        let why = ProviderFailed::new("it does not belong to this browser, or took too long");
        return Ok(came_to_nothing("/", false, &why));
    };
    let links = returned.link.is_some();
    let next = safe(&returned.next).to_owned();
    let nothing = |why: &ProviderFailed| {
        if !links {
            access.provider_was_refused(sent.from);
        }
        Ok(came_to_nothing(&next, links, why))
    };
    match provider.sent(parameter("iss").as_deref()).await {
        Ok(true) => {}
        Ok(false) => return nothing(&ProviderFailed::new("another provider sent it")),
        Err(why) => return nothing(&why),
    }
    let Some(code) = parameter("code").filter(|_| parameter("error").is_none()) else {
        return nothing(&ProviderFailed::new("the provider refused it"));
    };
    let told = match provider.redeem(&code, &returned).await {
        Ok(told) => told,
        Err(why) => return nothing(&why),
    };
    let link = returned.link;
    read(visit, move |visit| {
        let mut response = match link {
            Some(id) => linked(visit, &id, &told)?,
            None => entered(visit, &sent, &next, &told)?,
        };
        cookies::came_back(response.headers_mut());
        Ok(response)
    })
    .await
}

fn entered(visit: &Visit, sent: &Sent, next: &str, told: &access::Told) -> Result<Response, Failure> {
    let access = accounts(visit)?;
    match access.log_in_by_token(told, &sent.attempt()) {
        Ok(Entered::In(opened)) => {
            end_before(access, sent);
            let mut response = see(next);
            cookies::opened(response.headers_mut(), &opened);
            Ok(response)
        }
        Ok(Entered::SecondFactor(token)) => {
            let mut response = see(&second_step(next));
            cookies::begun(response.headers_mut(), &token);
            Ok(response)
        }
        Err(error) => password_page(visit, next.to_owned(), String::new(), Some(&error)),
    }
}

/// Only whoever began it may link, and only while logged in.
fn linked(visit: &Visit, id: &str, told: &access::Told) -> Result<Response, Failure> {
    if &*person(visit)?.id != id {
        return Ok(see("/account?failed=provider"));
    }
    match accounts(visit)?.link(id, told) {
        Ok(()) => Ok(see("/account?done=linked")),
        Err(error) => wrong(visit, error),
    }
}

fn wrong(visit: &Visit, error: Error) -> Result<Response, Failure> {
    let shows = Shown {
        wrong: Some((error, "provider")),
        ..Shown::default()
    };
    account_page(visit, shows)
}

/// `POST /account/provider`: links one's own account, or ends that.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    if sent.field("then") == "link" {
        return link(visit).await;
    }
    read(visit, move |visit| {
        let id = &person(visit)?.id;
        match accounts(visit)?.unlink(id) {
            Ok(()) => Ok(see("/account?done=unlinked")),
            Err(error) => wrong(visit, error),
        }
    })
    .await
}

/// Shows the way to the provider. It is a link and no redirect: what a form leads to has to be of this server (`form-action`
/// in the content security policy).
async fn link(visit: Visit) -> Result<Response, Failure> {
    let provider = provider(&visit)?;
    let id = person(&visit)?.id.to_string();
    let flow = accounts(&visit)?
        .begin_flow("/account", Some(&id))
        .map_err(|error| failed(&visit, &error))?;
    let go = match provider.login_url(&flow).await {
        Ok(url) => url,
        Err(why) => return Ok(came_to_nothing("/account", true, &why)),
    };
    read(visit, move |visit| {
        let shows = Shown {
            go: Some(go),
            ..Shown::default()
        };
        let mut response = account_page(visit, shows)?;
        cookies::went_out(response.headers_mut(), &flow.cookie);
        Ok(response)
    })
    .await
}
