//! `/.well-known/security.txt` (RFC 9116): whom to tell of a weakness of this server.

use std::fmt::Write as _;

use ngsi_ld::Timestamp;

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityTxt {
    contacts: Vec<String>,
    expires: Timestamp,
}

/// Why there is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoSecurityTxt {
    /// 2.5.3: a contact is a URI.
    #[error("`{0}` is no contact: write mailto:, https:// or tel: and what follows, without spaces")]
    Contact(String),
    /// 2.5.5: without it nobody can know whether the rest still holds.
    #[error("contacts need a date until which they hold, in at most a year")]
    NoExpiry,
    /// A time that cannot be read.
    #[error("`{0}` is no time in UTC, such as 2027-06-30T00:00:00Z")]
    Expiry(String),
}

impl SecurityTxt {
    /// From the configuration; nothing where no contact is named.
    ///
    /// # Errors
    /// When a contact is no URI, or the date is not there.
    pub fn parse(contacts: &[String], expires: Option<&str>) -> Result<Option<Self>, NoSecurityTxt> {
        if contacts.is_empty() {
            return Ok(None);
        }
        for contact in contacts {
            let rest = ["mailto:", "https://", "tel:"]
                .iter()
                .find_map(|scheme| contact.strip_prefix(scheme));
            if !rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic())) {
                return Err(NoSecurityTxt::Contact(contact.clone()));
            }
        }
        let expires = expires.ok_or(NoSecurityTxt::NoExpiry)?;
        let expires =
            Timestamp::parse(expires).map_err(|_no_time| NoSecurityTxt::Expiry(expires.to_owned()))?;
        Ok(Some(Self {
            contacts: contacts.to_vec(),
            expires,
        }))
    }

    /// Whether what it says still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// The file. `base` is the address by which others know this server, where one is configured.
    pub(crate) fn text(&self, base: Option<&str>) -> String {
        let mut text = String::new();
        for contact in &self.contacts {
            let _ = writeln!(text, "Contact: {contact}");
        }
        let _ = writeln!(text, "Expires: {}", self.expires);
        if let Some(base) = base
            .map(|base| base.trim_end_matches('/'))
            .filter(|base| base.starts_with("https://"))
        {
            let _ = writeln!(text, "Policy: {base}/trust/security.md");
            let _ = writeln!(text, "Canonical: {base}/.well-known/security.txt");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contacts(all: &[&str]) -> Vec<String> {
        all.iter().map(|&one| one.to_owned()).collect()
    }

    #[test]
    fn it_is_as_rfc_9116_has_it() {
        let two = contacts(&["mailto:security@city.example", "https://city.example/report"]);
        let file = SecurityTxt::parse(&two, Some("2027-06-30T00:00:00Z"))
            .unwrap()
            .unwrap();
        assert_eq!(
            file.text(Some("https://twin.city.example/")),
            "Contact: mailto:security@city.example\nContact: https://city.example/report\nExpires: 2027-06-30T00:00:00Z\n\
             Policy: https://twin.city.example/trust/security.md\n\
             Canonical: https://twin.city.example/.well-known/security.txt\n"
        );
        // 2.5.2: web addresses begin with https.
        assert!(!file.text(Some("http://twin.city.example")).contains("Canonical"));
        assert!(file.holds(Timestamp::parse("2027-06-29T23:59:59Z").unwrap()));
        assert!(!file.holds(Timestamp::parse("2027-06-30T00:00:00Z").unwrap()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let some = Some("2027-06-30T00:00:00Z");
        assert_eq!(SecurityTxt::parse(&[], None), Ok(None));
        for bad in [
            "security@city.example",
            "http://city.example",
            "mailto:",
            "mailto:a@b\nContact: mailto:evil@example",
            "mailto:a b@c",
            "javascript:alert(1)",
        ] {
            let refused = SecurityTxt::parse(&contacts(&[bad]), some);
            assert_eq!(refused, Err(NoSecurityTxt::Contact(bad.to_owned())));
        }
        let one = contacts(&["tel:+254-20-000000"]);
        assert_eq!(SecurityTxt::parse(&one, None), Err(NoSecurityTxt::NoExpiry));
        assert_eq!(
            SecurityTxt::parse(&one, Some("next year")),
            Err(NoSecurityTxt::Expiry("next year".to_owned()))
        );
    }
}
