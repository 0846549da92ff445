//! Nextcloud Talk, outwards: a message of the bot in a conversation (Talk's documentation,
//! "Bots and Webhooks"). The party behind the system is the conversation's token.

use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{Content, Context, Reason};

use crate::client::{Reach, below, secret};
use crate::guard::digest::{HmacSha256, sign_hex, to_hex};
use crate::post::{BuildTakes, Posting, Shape, json, needed_party};
use crate::speech::{AROUND, Speech, is_text};
use crate::system::Outgoing;

const OCS: HeaderName = HeaderName::from_static("ocs-apirequest");
const RANDOM: HeaderName = HeaderName::from_static("x-nextcloud-talk-bot-random");
const SIGNATURE: HeaderName = HeaderName::from_static("x-nextcloud-talk-bot-signature");
const BOT: [&str; 6] = ["ocs", "v2.php", "apps", "spreed", "api", "v1"];
/// What a message may hold, the name before it included.
const LONGEST: usize = 32_000 - AROUND;

/// Reads the table; of `secret_files`, by which the bot is known in both directions, the first
/// signs what is said. With `rooms`, nothing is said elsewhere.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "url");
    let secret_files = fields.required_list::<SecretFile>("secret_files");
    let rooms = fields.optional_list("rooms");
    let (url, secret_file) = (url?, secret_files?.into_iter().next()?);
    Some(Box::new(move |name, context| {
        let (url, secret, rooms) = (url.clone(), secret(&secret_file, context)?, rooms.clone());
        Posting::build(name, Talk { url, secret, rooms }, &reach, context)
    }))
}

/// A bot of a Nextcloud server.
struct Talk {
    url: Url,
    secret: SecretString,
    rooms: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'m> {
    message: &'m str,
    /// By it the message is found again there; a SHA-256 by form.
    reference_id: String,
}

impl Shape for Talk {
    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        needed_party(behind, self.rooms.as_deref())
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        is_text(content, LONGEST)
    }

    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let text = Speech::of(out, &at.words).line();
        let mut random = [0; 32];
        at.env.entropy.fill(&mut random);
        let random = to_hex(&random);
        // Over the random and the message alone, not over the body. A key of any length is taken.
        let signed = [random.as_bytes(), text.as_bytes()];
        let signature = sign_hex::<HmacSha256>(self.secret.expose_secret().as_bytes(), &signed);
        let signature = signature.unwrap_or_default();

        let token = out.behind.unwrap_or_default();
        let segments: Vec<_> = BOT.into_iter().chain(["bot", token, "message"]).collect();
        let reference_id = to_hex(&Sha256::digest(out.id));
        let message = Message { message: &text, reference_id };
        let url = below(&self.url, &segments);
        let mut request = Request::post(url, "application/json", json(&message));
        for (name, value) in [(OCS, "true"), (RANDOM, &random), (SIGNATURE, &signature)] {
            request.headers.extend(HeaderValue::try_from(value).map(|value| (name, value)));
        }
        Ok(request)
    }
}
