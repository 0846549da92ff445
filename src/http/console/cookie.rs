//! The cookies (RFC 6265): who somebody is, what their next form must bring along, and which
//! language they read. None of them is for scripts, or for other sites.

use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The id of the session.
    Session,
    /// What a form must bring along that is sent before there is a session.
    Form,
    /// The language that was chosen.
    Language,
    /// Who comes back from the identity provider.
    Provider,
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "viadukt-session",
            Self::Form => "viadukt-form",
            Self::Language => "viadukt-language",
            Self::Provider => "viadukt-provider",
        }
    }

    /// Its value, if the browser sent it.
    pub fn of(self, headers: &HeaderMap, tls: bool) -> Option<String> {
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        sent.flat_map(|value| value.split("; "))
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| name.strip_prefix(prefix(tls)) == Some(self.name()))
            .map(|(_, value)| value.to_owned())
    }

    /// The header that sets it until the browser closes. With `tls` it goes over TLS alone.
    pub fn set(self, value: &str, tls: bool) -> HeaderValue {
        self.header(value, tls, "")
    }

    /// The header that makes the browser forget it.
    pub fn forget(self, tls: bool) -> HeaderValue {
        self.header("", tls, "; Max-Age=0")
    }

    fn header(self, value: &str, tls: bool, more: &str) -> HeaderValue {
        let (prefix, name) = (prefix(tls), self.name());
        let secure = if tls { "; Secure" } else { "" };
        // The way back from the provider begins at another site.
        let site = if self == Self::Provider { "Lax" } else { "Strict" };
        let written =
            format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite={site}{secure}{more}");
        // Values are hexadecimal or the name of a language; anything else is no cookie of ours.
        HeaderValue::try_from(written).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Over TLS no neighbouring host can have set the cookie (RFC 6265bis 4.1.3.2).
fn prefix(tls: bool) -> &'static str {
    if tls { "__Host-" } else { "" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_site_alone_and_comes_back() {
        let set = Cookie::Session.set("abc", false);
        assert_eq!(set, "viadukt-session=abc; Path=/; HttpOnly; SameSite=Strict");
        let set = Cookie::Session.set("abc", true);
        assert_eq!(set, "__Host-viadukt-session=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
        let mut headers = HeaderMap::new();
        let sent = "other=1; __Host-viadukt-session=abc; viadukt-language=de";
        headers.insert(header::COOKIE, HeaderValue::from_static(sent));
        assert_eq!(Cookie::Session.of(&headers, true).unwrap(), "abc");
        assert_eq!(Cookie::Session.of(&headers, false), None);
        assert_eq!(Cookie::Language.of(&headers, false).unwrap(), "de");
        assert_eq!(Cookie::Form.of(&headers, false), None);
    }
}
