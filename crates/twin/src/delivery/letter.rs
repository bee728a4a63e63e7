//! A message, and its form on disk.

use ngsi_ld::subscription::Accept;
use ngsi_ld::{Timestamp, Uri};
use serde_json::{Value as Json, json};

use super::{Owner, OwnerKind};

/// The version of the form on disk.
const VERSION: u8 = 1;

/// A message that is ready to be sent: its body is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whose it is.
    pub owner: Owner,
    /// The id that the body gives it (5.3.1): the same with every attempt.
    pub id: String,
    /// The ids of what it tells of: two messages that share one go in order.
    pub about: Vec<Uri>,
    /// When it was made.
    pub made_at: Timestamp,
    /// By which rights its owner sees what is in it: [`query::view::Rights::fingerprint`]; 0 where nothing is hidden
    /// from anybody. It is sent as long as its owner has these rights, or all.
    pub rights: u64,
    /// The media type of the body.
    pub content_type: Accept,
    /// The URL of the @context for a `Link` header, where the body does not hold the @context.
    pub link: Option<String>,
    /// The body: JSON.
    pub body: Vec<u8>,
}

impl Letter {
    /// What it weighs in a queue.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + self.about.iter().map(|id| id.as_str().len()).sum::<usize>() + 200
    }

    /// For the disk; `more` is told beside it.
    pub(crate) fn encode(&self, more: &Json) -> Vec<u8> {
        let about: Vec<&str> = self.about.iter().map(Uri::as_str).collect();
        let head = json!({
            "kind": self.owner.kind.as_str(),
            "owner": self.owner.id.as_str(),
            "id": self.id,
            "about": about,
            "madeAt": self.made_at.as_micros(),
            "rights": self.rights,
            "contentType": self.content_type.as_str(),
            "link": self.link,
            "more": more,
        })
        .to_string();
        let mut bytes = Vec::with_capacity(5 + head.len() + self.body.len());
        bytes.push(VERSION);
        bytes.extend(u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend(&self.body);
        bytes
    }

    /// What was encoded, and what was told beside it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, Json)> {
        let (&version, rest) = bytes.split_first()?;
        if version != VERSION {
            return None;
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (head, body) = (rest.get(..length)?, rest.get(length..)?);
        let head: Json = serde_json::from_slice(head).ok()?;
        let text = |member: &str| head.get(member).and_then(Json::as_str);
        let about = head.get("about")?.as_array()?.iter();
        let about = about
            .map(|id| Uri::parse(id.as_str()?).ok())
            .collect::<Option<_>>()?;
        let content_type = [Accept::Json, Accept::LdJson, Accept::GeoJson]
            .into_iter()
            .find(|accept| Some(accept.as_str()) == text("contentType"))?;
        let letter = Self {
            owner: Owner {
                kind: OwnerKind::parse(text("kind")?)?,
                id: Uri::parse(text("owner")?).ok()?,
            },
            id: text("id")?.to_owned(),
            about,
            made_at: Timestamp::from_micros(head.get("madeAt")?.as_i64()?),
            // Before there were rights, everybody saw everything.
            rights: head.get("rights").and_then(Json::as_u64).unwrap_or(0),
            content_type,
            link: text("link").map(str::to_owned),
            body: body.to_vec(),
        };
        Some((letter, head.get("more").cloned().unwrap_or(Json::Null)))
    }
}
