//! Standard Webhooks, outwards: a message becomes a signed POST
//! (<https://www.standardwebhooks.com>, specification 1.0).

use http::HeaderName;
use secrecy::ExposeSecret;
use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{Content, Context, Reason};

use super::signature::{self, Key};
use crate::client::{Reach, error, secret};
use crate::line::Rules;
use crate::payload::{self, Payload, rfc3339};
use crate::post::{BuildTakes, Posting, Shape, json, party, with_fields};
use crate::system::Outgoing;

const ID: HeaderName = HeaderName::from_static(signature::ID);
const TIMESTAMP: HeaderName = HeaderName::from_static(signature::TIMESTAMP);
const SIGNATURE: HeaderName = HeaderName::from_static(signature::SIGNATURE);

/// Reads the table. Each of `signing_key_files` signs, so that one can follow another.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "url");
    let files = fields.required_list::<SecretFile>("signing_key_files");
    for (number, file) in files.iter().flatten().enumerate() {
        let fits = |secret: &str| signing(secret).map(drop).map_err(str::to_owned);
        fields.fits_later(&format!("signing_key_files[{number}]"), file, fits);
    }
    let (url, files) = (url?, files?);
    Some(Box::new(move |name, context| {
        let read = files.iter().map(|file| {
            let unfit = |what| error(context, format!("{file}: {what}"), "put such a key there");
            signing(secret(file, context)?.expose_secret()).map_err(unfit)
        });
        let keys = read.collect::<Result<_, _>>()?;
        Posting::build(name, Standard { url: url.clone(), keys }, &reach, context)
    }))
}

/// The key that `secret` holds, if it signs.
fn signing(secret: &str) -> Result<Key, &'static str> {
    match Key::parse(secret)? {
        Key::Public(_) => Err("a public key signs nothing"),
        key => Ok(key),
    }
}

/// A receiver.
struct Standard {
    url: Url,
    keys: Vec<Key>,
}

/// The body, by the specification's "Payload structure".
#[derive(Serialize)]
struct Event<'e> {
    r#type: &'static str,
    timestamp: String,
    data: Payload<'e>,
}

impl Shape for Standard {
    const RULES: Rules = Rules::Webhook;

    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        party(behind, None)
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        payload::fits(content)
    }

    /// The timestamp beside the signature is the attempt's, the one in the body the message's:
    /// receivers refuse what was signed long ago.
    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let timestamp = rfc3339(out.accepted_at);
        let body = json(&Event { r#type: "message", timestamp, data: Payload::of(out) });
        let seconds = (at.env.now().0 / 1_000).to_string();
        // Those that sign nothing were refused before.
        let signed = self.keys.iter().filter_map(|key| key.sign(out.id, &seconds, &body).ok());
        let signatures = signed.collect::<Vec<_>>().join(" ");

        let request = Request::post(self.url.clone(), "application/json", body);
        with_fields(request, [(ID, out.id), (TIMESTAMP, &seconds), (SIGNATURE, &signatures)])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The vector of the specification's reference libraries (`test_sign_function`).
    #[test]
    fn a_shared_secret_signs_as_the_reference_libraries_do() {
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
        let signature = key.sign(id, "1614265330", body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_of_our_own_is_a_seed_or_a_pair() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let sign = |bytes: &[u8]| {
            let key = Key::parse(&format!("whsk_{}", STANDARD.encode(bytes))).ok()?;
            key.sign("id", "1", b"body").ok()
        };
        assert!(sign(&[7; 32]).is_some());
        assert_eq!(sign(&[7; 32]), sign(&key.to_keypair_bytes()));
        assert_eq!(sign(&[7; 64]), None, "its public half is another's");
        assert_eq!(sign(&[7; 31]), None);
    }
}
