//! `viadukt sms parse-hook`: what a gateway's call would become, without configuration or
//! network.

use std::io::{self, Write};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use viadukt_api::config::SecretFile;
use viadukt_api::{Call, Env, Timestamp, Tool};

use super::call::value;
use super::declaration::Declaration;
use super::hook::{Arrival, Brought};
use super::preset::{PRESETS, preset};
use super::signature::Guard;
use crate::received::{Body, Received};

/// The command.
pub(crate) const PARSE_HOOK: Tool = Tool {
    noun: "sms",
    verb: "parse-hook",
    about: "Show what a gateway's webhook or receipt would become",
    run,
};

const USAGE: &str = "Usage: viadukt sms parse-hook PRESET FILE [--json]
           [--secret-file FILE [--url URL] [--user USER]]

Shows what the bridge would make of a call from a gateway. PRESET is a preset's name or the path
of a gateway's declaration. FILE holds a body alone, or a whole HTTP request: request line,
headers, an empty line, body.

  --json              one JSON object: brings, signature, answer, error
  --secret-file FILE  check the signature with the secret in FILE; its age is not looked at
  --url URL           the address that was called, as the gateway knows it; by default the
                      request's own, with https and the Host header
  --user USER         the user, for gateways that use HTTP Basic\n";

fn run(words: &[String], to: &mut dyn Write) -> Result<(), String> {
    let unwritten = |e: io::Error| format!("cannot write the result: {e}");
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return to.write_all(USAGE.as_bytes()).map_err(unwritten);
    }
    let asked = Asked::read(words)?;
    let declaration = asked.declaration()?;
    let bytes = std::fs::read(&asked.file).map_err(|e| format!("{}: {e}", asked.file))?;
    let saved = SavedCall::read(&bytes, asked.url.as_deref())?;
    let shown = Shown {
        signature: asked.check(&declaration, &saved.call)?,
        brings: saved.meaning(&declaration, Env::system().now()),
    };
    let text = if asked.as_json { shown.as_json(&declaration) } else { shown.for_a_person() };
    to.write_all(text.as_bytes()).map_err(unwritten)?;
    shown.brings.map(drop)
}

/// What was asked for.
struct Asked {
    gateway: String,
    file: String,
    as_json: bool,
    secret_file: Option<SecretFile>,
    url: Option<String>,
    user: String,
}

impl Asked {
    fn read(words: &[String]) -> Result<Self, String> {
        let wrong = |what: &str| format!("{what}\n\n{USAGE}");
        let (mut names, mut as_json) = (Vec::new(), false);
        let (mut secret_file, mut url, mut user) = (None, None, String::new());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().cloned().ok_or_else(|| wrong("a value is missing"));
            match word.as_str() {
                "--json" => as_json = true,
                "--secret-file" => secret_file = Some(SecretFile::at(next()?)),
                "--url" => url = Some(next()?),
                "--user" => user = next()?,
                option if option.starts_with("--") => return Err(wrong("unknown option")),
                name => names.push(name.to_owned()),
            }
        }
        let [gateway, file] =
            <[String; 2]>::try_from(names).map_err(|_| wrong("name a preset and a file"))?;
        Ok(Self { gateway, file, as_json, secret_file, url, user })
    }

    fn declaration(&self) -> Result<Declaration, String> {
        if PRESETS.iter().any(|(name, _)| *name == self.gateway) {
            return preset(&self.gateway);
        }
        let source = std::fs::read_to_string(&self.gateway)
            .map_err(|e| format!("{} is neither a preset nor a file: {e}", self.gateway))?;
        Declaration::read(&source).map_err(|findings| {
            findings
                .iter()
                .map(|why| format!("{}:{why}", self.gateway))
                .collect::<Vec<_>>()
                .join("\n")
        })
    }

    /// What the signature is worth; the error when the secret cannot be read.
    fn check(&self, declaration: &Declaration, call: &Call) -> Result<String, String> {
        let (Some(file), Some(shape)) = (&self.secret_file, &declaration.signature) else {
            return Ok("not checked".to_owned());
        };
        let mut shape = shape.clone();
        shape.skew = Duration::MAX;
        let secret = file.read().map_err(|e| e.to_string())?;
        let guard = Guard { shape, secret, user: self.user.clone() };
        Ok(match guard.check(call, Timestamp(0)) {
            Ok(()) => "good".to_owned(),
            Err(why) => why.to_string(),
        })
    }
}

/// A call in a file.
pub(super) struct SavedCall {
    pub(super) call: Call,
    /// Only the body is known, not the address.
    is_body: bool,
}

impl SavedCall {
    pub(super) fn read(bytes: &[u8], url: Option<&str>) -> Result<Self, String> {
        let from = std::net::IpAddr::from([127, 0, 0, 1]);
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let words: Vec<_> = line.split_whitespace().collect();
        let [method, target, version] = words.as_slice() else { return Ok(Self::body(bytes, url)) };
        if !version.starts_with("HTTP/") {
            return Ok(Self::body(bytes, url));
        }
        let (head, body) =
            split_head(bytes).ok_or("the request has no empty line after its headers")?;
        let headers = headers(&String::from_utf8_lossy(head))?;
        let method = method.parse::<Method>().map_err(|_| "the method is none of HTTP's")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let url = url.map_or_else(|| format!("https://{host}{target}"), str::to_owned);
        let path = hook_path(path).to_owned();
        // Editors end a file with a line end that no gateway sent.
        let (query, body) = (query.to_owned(), body.trim_ascii_end().to_vec().into());
        Ok(Self { call: Call { method, path, query, url, headers, body, from }, is_body: false })
    }

    fn body(bytes: &[u8], url: Option<&str>) -> Self {
        let text = bytes.trim_ascii();
        let content_type = match text.first() {
            Some(b'{' | b'[') => "application/json",
            _ => "application/x-www-form-urlencoded",
        };
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let call = Call {
            method: Method::POST,
            path: String::new(),
            query: String::new(),
            url: url.unwrap_or("https://localhost/").to_owned(),
            headers,
            body: text.to_vec().into(),
            from: std::net::IpAddr::from([127, 0, 0, 1]),
        };
        Self { call, is_body: true }
    }

    pub(super) fn meaning(
        &self,
        declaration: &Declaration,
        now: Timestamp,
    ) -> Result<Vec<Brought>, String> {
        let value = value(&self.call).map_err(|e| e.to_string())?;
        let hook = if self.is_body {
            declaration.likely_hook(&value)
        } else {
            declaration.hook(&self.call.path, &value)
        };
        let hook = hook.ok_or("no hook of this gateway is meant for such a call")?;
        hook.read(&value, Arrival::new(now, &self.call.url)).map_err(str::to_owned)
    }
}

/// What follows `/hooks/NAME/`, or the last part of any other path.
fn hook_path(path: &str) -> &str {
    match path.split_once("/hooks/") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path.rsplit('/').next().unwrap_or_default(),
    }
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    [b"\r\n\r\n".as_slice(), b"\n\n"].into_iter().find_map(|gap| {
        let at = bytes.windows(gap.len()).position(|window| window == gap)?;
        Some((bytes.get(..at)?, bytes.get(at + gap.len()..)?))
    })
}

fn headers(head: &str) -> Result<HeaderMap, String> {
    let fields = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().parse::<HeaderName>().ok()?;
        Some((name, HeaderValue::try_from(value.trim()).ok()?))
    });
    fields.collect::<Option<_>>().ok_or_else(|| "a header is none of HTTP's".to_owned())
}

/// What is shown.
pub(super) struct Shown {
    pub(super) signature: String,
    pub(super) brings: Result<Vec<Brought>, String>,
}

impl Shown {
    pub(super) fn as_json(&self, declaration: &Declaration) -> String {
        let one = |brought: &Brought| match brought {
            Brought::Whole(received, _) => json!(received),
            Brought::Part(part) => json!({ "part": part }),
        };
        let brings =
            self.brings.as_ref().map_or_else(|_| Vec::new(), |all| all.iter().map(one).collect());
        let reply = &declaration.reply;
        let line = json!({
            "brings": brings,
            "signature": self.signature,
            "answer": {
                "status": reply.status.as_u16(),
                "content_type": reply.content_type,
                "body": reply.body,
            },
            "error": self.brings.as_ref().err().map_or(Value::Null, |why| why.as_str().into()),
        });
        format!("{line}\n")
    }

    fn for_a_person(&self) -> String {
        let mut shown = format!("Signature: {}\n", self.signature);
        for brought in self.brings.iter().flatten() {
            shown += &match brought {
                Brought::Whole(Received::Text(text), _) => {
                    let said = match &text.body {
                        Body::Plain(said) => said.clone(),
                        Body::Mms { text, count } => format!("{text}\n({count} pictures)"),
                        Body::Binary { bytes } => format!("({bytes} bytes of binary data)"),
                        Body::Incomplete { .. } => String::new(),
                    };
                    let (id, from, to) = (&text.id, &text.from, &text.to);
                    format!("\nText {id}\nFrom: {from}\nTo: {to}\n\n{said}\n")
                }
                Brought::Whole(Received::Receipt(report), _) => {
                    let code = report.code.as_deref().unwrap_or("none");
                    format!(
                        "\nReceipt for {}\nState: {:?}\nCode: {code}\n",
                        report.of, report.state
                    )
                }
                Brought::Part(part) => {
                    let (place, from) = (&part.place, &part.from);
                    let said = part.said.text().unwrap_or_default();
                    let which = format!("{} of {}", place.number, place.of);
                    format!("\nPart {which} of text {}\nFrom: {from}\n\n{said}\n", place.reference)
                }
            };
        }
        shown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn parse_hook(words: &[&str]) -> (Result<(), String>, String) {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut to = Vec::new();
        let result = run(&words, &mut to);
        (result, String::from_utf8(to).unwrap())
    }

    fn file(folder: &tempfile::TempDir, name: &str, content: &str) -> String {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    #[test]
    fn a_request_with_its_signature() {
        let folder = tempfile::tempdir().unwrap();
        let request = "POST /hooks/sms/message HTTP/1.1\r\nHost: mycompany.com\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n\
            X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8=\r\n\r\n\
            CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234\
            &From=%2B14158675309&To=%2B18005551212";
        let call = file(&folder, "call", request);
        let secret = file(&folder, "secret", "12345\n");
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let words = ["twilio", &call, "--json", "--secret-file", &secret, "--url", url];
        let (result, shown) = parse_hook(&words);
        result.unwrap();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["signature"], "good");
        assert_eq!(shown["brings"][0]["text"]["from"], "+14158675309");
        let (_, shown) = parse_hook(&["twilio", &call, "--secret-file", &secret]);
        assert!(shown.starts_with("Signature: not authorised: the signature does not fit\n"));
        let (_, shown) = parse_hook(&["twilio", &call]);
        assert!(shown.starts_with("Signature: not checked\n\nText "), "{shown}");
    }

    #[test]
    fn a_body_alone_and_one_that_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let receipt = file(&folder, "receipt", "MessageSid=SM1&MessageStatus=delivered\n");
        let (_, shown) = parse_hook(&["twilio", &receipt]);
        assert!(shown.ends_with("\nReceipt for SM1\nState: Delivered\nCode: none\n"), "{shown}");
        let nothing = file(&folder, "nothing", "{\"event\": \"sms:lost\"}");
        let (result, shown) = parse_hook(&["sms-gate", &nothing, "--json"]);
        assert_eq!(result.unwrap_err(), "no hook of this gateway is meant for such a call");
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["error"], "no hook of this gateway is meant for such a call");
    }

    #[test]
    fn words_that_make_no_sense_are_answered_with_the_usage() {
        for words in [&[][..], &["twilio"], &["twilio", "x", "--xml"], &["twilio", "x", "--url"]] {
            assert!(parse_hook(words).0.unwrap_err().contains("Usage"), "{words:?}");
        }
        assert!(parse_hook(&["pigeon", "x"]).0.unwrap_err().contains("neither a preset nor"));
        assert!(parse_hook(&["--help"]).1.starts_with("Usage"));
    }
}
