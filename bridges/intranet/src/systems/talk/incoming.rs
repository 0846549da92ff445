//! What Talk tells a bot: activities in the words of Activity Streams 2.0.

use serde::Deserialize;
use serde_json::{Value, json};
use viadukt_api::{Call, Content, HookError, Reason, Unreadable};

use crate::body;
use crate::guard::digest::{self, HmacSha256};
use crate::guard::{Letter, NO_SIGNATURE, Scheme, Signed, header};
use crate::hook::{Dialect, Taken, value_of};
use crate::markup;
use crate::notice::Notice;
use crate::reader::Reading;
use crate::received::Received;
use crate::template::plain;

const RANDOM: &str = "x-nextcloud-talk-random";
const SIGNATURE: &str = "x-nextcloud-talk-signature";
const BACKEND: &str = "x-nextcloud-talk-backend";

/// From where on names are not put into their places any more: no event of Matrix holds as much,
/// and a long name in many places would make much more of it.
const LONGEST: usize = 1 << 16;

/// How Talk speaks to a bot.
pub(crate) struct Talk;

#[derive(Deserialize)]
struct Activity {
    #[serde(rename = "type")]
    kind: String,
    actor: Thing,
    object: Thing,
    target: Option<Thing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    /// A JSON text within the JSON: `{"message": …, "parameters": …}`.
    content: Option<String>,
    media_type: Option<String>,
}

/// What somebody wrote, with places such as `{mention-user1}` for what stands in `parameters`.
#[derive(Deserialize)]
struct Said {
    message: String,
    #[serde(default)]
    parameters: Value,
}

impl Dialect for Talk {
    fn template(&self) -> &'static str {
        include_str!("message.j2")
    }

    fn scheme(&self) -> Option<&dyn Scheme> {
        Some(self)
    }

    fn take(&self, call: &Call) -> Result<Vec<Taken>, HookError> {
        let activity: Activity = serde_json::from_value(body::json(&call.body)?)
            .map_err(|_| HookError::Malformed("the body is no activity of Talk"))?;
        // Reactions; and bots, among them ourselves, who would answer each other for ever.
        let is_of_bot = activity.kind == "Create" && activity.actor.id.starts_with("bots/");
        if is_of_bot || matches!(activity.kind.as_str(), "Like" | "Undo") {
            return Ok(Vec::new());
        }
        // The random is new with each call, and signed.
        let random = header(call, RANDOM).map(str::to_owned);
        let said = activity.target.as_ref().filter(|_| activity.kind == "Create");
        let id = said.map(|room| format!("{}/{}", room.id, activity.object.id)).or(random);
        let mut taken = Taken { id, ..Taken::whole(call) };
        if let Some(backend) = header(call, BACKEND) {
            taken.beside.push((BACKEND.to_owned(), backend.to_owned()));
        }
        Ok(vec![taken])
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let unreadable = || Unreadable { reason: Reason::new("intranet-unreadable") };
        let value = value_of(received)?;
        let activity: Activity = serde_json::from_value(value.clone()).map_err(|_| unreadable())?;
        let Activity { kind, actor, object, target } = activity;
        // Who joins or leaves does so with the room as the object.
        let room = target.as_ref().unwrap_or(&object);
        let name = Some(actor.name.clone()).filter(|name| !name.trim().is_empty());
        let said =
            object.content.as_deref().and_then(|said| serde_json::from_str::<Said>(said).ok());
        let content = match (&said, object.media_type.as_deref()) {
            (Some(said), Some("text/markdown")) => markup::from_markdown(&said.filled(plain)),
            (Some(said), _) => markup::from_text(&said.filled(str::to_owned)),
            (None, _) if kind == "Create" => return Err(unreadable()),
            (None, _) => Content::default(),
        };
        let is_message = kind == "Create" && matches!(object.name.as_str(), "message" | "");
        let by_person = is_message && actor.kind == "Person";
        let stream = Some(room.id.clone());
        let notice = Notice { stream, speaker: name, content, by_person, ..Notice::default() };
        let value = json!({ "type": kind, "actor": actor.name, "room": room.name, "body": value });
        Ok(Reading::of(value, notice))
    }
}

impl Said {
    /// Its words, with names in their places.
    fn filled(&self, escape: fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(self.message.len());
        let mut rest = self.message.as_str();
        while let Some((before, from)) = rest.split_once('{') {
            filled.push_str(before);
            // Only up to the next brace, or a row of them would be read again for each.
            let place = from.find(['{', '}']).filter(|_| filled.len() < LONGEST);
            let known = place.and_then(|end| {
                let (key, after) = from.split_at(end);
                Some((key, self.parameters.get(key)?, after.strip_prefix('}')?))
            });
            match known {
                Some((key, value, after)) => {
                    let name = value.get("name").and_then(Value::as_str).unwrap_or(key);
                    let at = if key.starts_with("mention-") { "@" } else { "" };
                    filled.push_str(&escape(&format!("{at}{name}")));
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = from;
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

/// Nothing stands between the random and the body where they are signed: a random with a brace in
/// it could be the body's beginning.
fn is_random(random: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\\');
    random.len() >= 32 && random.bytes().all(fits)
}

/// "HMAC with SHA256 over the RANDOM header and the request body using the shared secret"
impl Scheme for Talk {
    fn check(&self, call: &Call, secret: &str) -> Signed {
        let random = header(call, RANDOM).filter(|random| is_random(random));
        let random = random.ok_or(NO_SIGNATURE)?;
        let signature = digest::from_hex(header(call, SIGNATURE).ok_or(NO_SIGNATURE)?)?;
        let signed = [random.as_bytes(), &call.body];
        digest::verify::<HmacSha256>(secret.as_bytes(), &signed, &signature)?;
        Ok(None)
    }

    fn header(&self) -> &str {
        SIGNATURE
    }

    fn sign(&self, letter: &Letter<'_>, secret: &str) -> Result<Vec<(String, String)>, String> {
        let signed = [letter.id.as_bytes(), letter.body];
        let signature = digest::sign_hex::<HmacSha256>(secret.as_bytes(), &signed)?;
        Ok(vec![
            (RANDOM.to_owned(), letter.id.to_owned()),
            (SIGNATURE.to_owned(), signature),
            (BACKEND.to_owned(), "https://localhost/".to_owned()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(message: &str, parameters: Value) -> String {
        Said { message: message.to_owned(), parameters }.filled(str::to_owned)
    }

    /// In the time that it takes to read it once.
    #[test]
    fn braces_are_no_places() {
        let braces = "{".repeat(1 << 20);
        assert_eq!(filled(&braces, json!({})), braces);
        assert_eq!(filled("{x{a}}", json!({ "a": { "name": "Ada" } })), "{xAda}");
    }

    #[test]
    fn a_long_name_in_many_places_does_not_fill_the_memory() {
        let name = "x".repeat(LONGEST / 2);
        let filled = filled(&"{a}".repeat(100_000), json!({ "a": { "name": name } }));
        assert!(filled.len() < 2 * LONGEST + 300_000);
    }
}
