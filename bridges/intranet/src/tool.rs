//! `viadukt hook render` and `viadukt hook sign`: what a system's call would become, and a call
//! that a running bridge takes; both without configuration.

mod asked;
mod shown;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::io::{self, Write};
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use viadukt_api::config::SecretFile;
use viadukt_api::{Env, Tool, Words};

pub(crate) use self::asked::Asked;
pub(crate) use self::shown::{as_json, for_a_person};
use crate::guard::{Letter, digest};

pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        noun: "hook",
        verb: "render",
        about: "Show the message that what a system brings would become",
        run: render,
    },
    Tool {
        noun: "hook",
        verb: "sign",
        about: "Print a call that a running bridge takes, signed now",
        run: sign,
    },
];

const RENDER: &str = "Usage: viadukt hook render KIND FILE [--json] [--header \"Name: value\"]…
           [--template FILE] [--option LINE]…

Shows what the bridge would make of what a system brings. KIND is what stands behind `speaks` in
its configuration. FILE holds, of a system that calls, a body alone or a whole HTTP request
(request line, headers, an empty line, body); for `feed` a feed, for `ntfy` a message or lines of
its stream, for `mqtt` a payload; its topic is --option 'subscribe = [\"TOPIC\"]'.

  --json             one JSON object for each message: id, at, speaker, stream, severity, matter,
                     by_person, text, html
  --header LINE      a header of the call; it is known to the template
  --template FILE    the template, in place of the built-in one
  --option LINE      an option of the system's table, such as 'stream = \"labels.site\"'\n";

const SIGN: &str =
    "Usage: viadukt hook sign KIND FILE --url URL [--secret-file FILE] [--token-file FILE]
           [--header \"Name: value\"]… [--option LINE]…

Prints a line for a shell that posts the body in FILE to URL (the system's address at a running
bridge) in a way that the bridge takes. The signature holds for five minutes.

  --secret-file FILE  sign with the secret in FILE, as systems of this KIND do
  --token-file FILE   bring the token in FILE
  --header LINE       a further header of the call
  --option LINE       an option of the system's table, such as 'timestamp_header = \"X-Time\"'\n";

fn render(words: &[String], to: &mut dyn Write) -> Result<(), String> {
    if asked::is_help(words) {
        return write(to, RENDER);
    }
    let asked = Asked::read(words, RENDER)?;
    let bytes = std::fs::read(&asked.file).map_err(|e| format!("{}: {e}", asked.file))?;
    let words = Arc::new(Words::new(Default::default()));
    let notices = asked.notices(&bytes, &words, Env::system().now())?;
    for (id, notice) in &notices {
        let shown = if asked.as_json { as_json(id, notice) } else { for_a_person(id, notice) };
        write(to, &shown)?;
    }
    if notices.is_empty() { write(to, "It brings nothing.\n") } else { Ok(()) }
}

fn sign(words: &[String], to: &mut dyn Write) -> Result<(), String> {
    if asked::is_help(words) {
        return write(to, SIGN);
    }
    let asked = Asked::read(words, SIGN)?;
    let url = asked.url.as_deref().ok_or("name the address with --url")?;
    let body = std::fs::read(&asked.file).map_err(|e| format!("{}: {e}", asked.file))?;
    let said = asked.dialect()?.media_type(&asked.headers, &body);
    let mut headers = vec![(CONTENT_TYPE.to_string(), said.to_owned())];
    for (name, value) in &asked.headers {
        headers.retain(|(known, _)| known != name.as_str());
        headers.push((name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    if let Some(file) = &asked.secret_file {
        headers.extend(asked.signature(&body, file, &Env::system())?);
    }
    let mut line = format!("curl --silent --show-error --request POST {}", quoted(url));
    for (name, value) in headers {
        line += &format!(" \\\n  --header {}", quoted(&format!("{name}: {value}")));
    }
    if let Some(file) = &asked.token_file {
        // The shell reads the token, so that it is not seen here.
        let file = quoted(&SecretFile::at(file).to_string());
        line += &format!(" \\\n  --header \"Authorization: Bearer $(cat {file})\"");
    }
    if asked.secret_file.is_none() && asked.token_file.is_none() {
        return Err("no call is taken without a proof: --secret-file or --token-file".to_owned());
    }
    write(to, &format!("{line} \\\n  --data-binary {}\n", quoted(&format!("@{}", asked.file))))
}

impl Asked {
    /// The headers of a signature of this moment.
    fn signature(
        &self,
        body: &[u8],
        file: &str,
        env: &Env,
    ) -> Result<Vec<(String, String)>, String> {
        use secrecy::ExposeSecret;
        let dialect = self.dialect()?;
        let none = format!("systems of kind {} sign nothing: --token-file", self.kind);
        let scheme = dialect.scheme().ok_or(none)?;
        let secret = SecretFile::at(file).read().map_err(|error| error.to_string())?;
        let mut random = [0; 32];
        env.entropy.fill(&mut random);
        let id = digest::to_hex(&random);
        scheme.sign(&Letter { id: &id, at: env.now(), body }, secret.expose_secret())
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn write(to: &mut dyn Write, text: &str) -> Result<(), String> {
    to.write_all(text.as_bytes()).map_err(|e: io::Error| format!("cannot write the result: {e}"))
}
