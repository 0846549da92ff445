//! `viadukt sms parse-hook`: what a gateway's call would become, without configuration or
//! network.

mod saved_call;
mod shown;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use viadukt_api::config::SecretFile;
use viadukt_api::{Call, Env, Timestamp, Tool};

pub(crate) use self::saved_call::SavedCall;
pub(crate) use self::shown::Shown;
use super::declaration::Declaration;
use super::preset::{PRESETS, preset};
use super::signature::Guard;

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
        declaration: &declaration,
        signature: asked.check(&declaration, &saved.call)?,
        brings: saved.meaning(&declaration, Env::system().now()),
    };
    let text = if asked.as_json { shown.as_json() } else { shown.for_a_person() };
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
        let path = Path::new(&self.gateway);
        if !path.exists() {
            return Err(format!("{} is neither a preset nor a file", self.gateway));
        }
        Declaration::load(path)
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
