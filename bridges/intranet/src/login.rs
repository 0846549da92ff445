//! What a system wants to know before it takes anything: a token, or a user and a password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::ExposeSecret;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{BuildError, Context};

use crate::client::{error, secret};

/// How we log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Not at all.
    None,
    /// With a token (RFC 6750 2.1).
    Bearer(SecretFile),
    /// As a user with a password (RFC 7617).
    Basic(String, SecretFile),
}

impl Login {
    /// Reads `token_file`, or `user` and `password_file`; each name begins with `prefix`.
    pub(crate) fn parse(fields: &Fields<'_>, prefix: &str) -> Self {
        let [token, user, password] =
            ["token_file", "user", "password_file"].map(|name| format!("{prefix}{name}"));
        let read = (
            fields.optional::<SecretFile>(&token),
            fields.optional::<String>(&user),
            fields.optional::<SecretFile>(&password),
        );
        match read {
            (None, None, None) => Self::None,
            (Some(file), None, None) => {
                fields.fits_later(&token, &file, fits_in_header);
                Self::Bearer(file)
            }
            (None, Some(name), Some(password)) => {
                if name.contains(':') {
                    fields.object(&user, "expected a name without a colon (RFC 7617)");
                }
                Self::Basic(name, password)
            }
            (Some(_), _, _) => {
                fields
                    .object(&token, format!("with a token there is no `{user}`, no `{password}`"));
                Self::None
            }
            (None, Some(_), None) => {
                fields.object(&password, format!("missing: the password of `{user}`"));
                Self::None
            }
            (None, None, Some(_)) => {
                fields.object(&user, format!("missing: whose password `{password}` holds"));
                Self::None
            }
        }
    }

    /// The value of `Authorization`; `None` without a login.
    pub(crate) fn header(&self, to: &Context) -> Result<Option<HeaderValue>, BuildError> {
        match self {
            Self::None => Ok(None),
            Self::Bearer(file) => secret_header("Bearer ", file, to).map(Some),
            Self::Basic(user, file) => {
                let password = secret(file, to)?;
                let pair = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
                Ok(sensitive(&format!("Basic {pair}")))
            }
        }
    }
}

/// The secret in `file` as the value of a header field, behind `scheme`.
pub(crate) fn secret_header(
    scheme: &str,
    file: &SecretFile,
    to: &Context,
) -> Result<HeaderValue, BuildError> {
    let value = format!("{scheme}{}", secret(file, to)?.expose_secret());
    let unfit = || error(to, format!("{file} holds no token"), "put the token there, in one line");
    sensitive(&value).ok_or_else(unfit)
}

/// Whether `secret` can stand in a header.
///
/// # Errors
/// What is expected.
pub(crate) fn fits_in_header(secret: &str) -> Result<(), String> {
    let fits = HeaderValue::try_from(secret).is_ok();
    fits.then_some(()).ok_or_else(|| "expected a token, in one line".to_owned())
}

/// A header field that no log shows; `None` when `value` cannot stand in one.
pub(crate) fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::sync::Arc;

    use viadukt_api::config::Findings;
    use viadukt_api::contract::{Memory, context};

    use super::*;

    fn parse(toml: &str) -> (Login, Vec<String>) {
        let findings = Findings::default();
        let table = toml::de::DeTable::parse(toml).unwrap();
        let login =
            Login::parse(&Fields::new(table.get_ref(), table.span(), "", &findings), "api_");
        (login, findings.into_sorted().into_iter().map(|finding| finding.path).collect())
    }

    #[test]
    fn a_login_is_a_token_or_a_user_with_a_password() {
        let file = |name: &str| SecretFile::at(name);
        assert_eq!(parse(""), (Login::None, vec![]));
        assert_eq!(parse("api_token_file = 'a'"), (Login::Bearer(file("a")), vec![]));
        let basic = "api_user = 'anna'\napi_password_file = 'b'";
        assert_eq!(parse(basic), (Login::Basic("anna".to_owned(), file("b")), vec![]));
        for (unfit, at) in [
            ("api_token_file = 'a'\napi_user = 'anna'", "api_token_file"),
            ("api_user = 'anna'", "api_password_file"),
            ("api_password_file = 'b'", "api_user"),
            ("api_user = 'a:b'\napi_password_file = 'b'", "api_user"),
        ] {
            assert_eq!(parse(unfit).1, [at], "{unfit}");
        }
    }

    /// The examples of RFC 6750 2.1 and RFC 7617 2.
    #[test]
    fn a_header_says_it_and_no_log_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, secret: &str| {
            std::fs::write(folder.path().join(name), secret).unwrap();
            SecretFile::at(folder.path().join(name))
        };
        let to = context(&"intranet".parse().unwrap(), &Arc::new(Memory::default()));
        let bearer =
            Login::Bearer(file("token", "mF_9.B5f-4.1JqM\n")).header(&to).unwrap().unwrap();
        assert_eq!(bearer, "Bearer mF_9.B5f-4.1JqM");
        assert_eq!(format!("{bearer:?}"), "Sensitive");
        let basic = Login::Basic("Aladdin".to_owned(), file("password", "open sesame"));
        assert_eq!(basic.header(&to).unwrap().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(Login::Bearer(file("lines", "a\nb")).header(&to).is_err());
    }
}
