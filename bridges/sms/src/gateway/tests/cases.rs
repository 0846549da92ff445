//! Every preset against its provider's documented examples, in `tests/gateways/`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use viadukt_api::Timestamp;
use viadukt_api::client::Request;

use crate::gateway::answer::Verdict;
use crate::gateway::filling::{Filling, Settings};
use crate::gateway::preset::{PRESETS, preset};
use crate::gateway::tool::{self, Shown};
use crate::outgoing::Outgoing;

/// `send.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    url: Option<String>,
    account: Option<String>,
    user: Option<String>,
    service: Option<String>,
    secret: Option<String>,
    hooks_url: String,
    hook_secret: String,
    reference: String,
    to: String,
    from: String,
    text: String,
    validity_minutes: Option<u64>,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    retry_after: Option<u64>,
    body: String,
    means: String,
}

impl Send {
    fn settings(&self) -> Settings {
        Settings {
            account: self.account.clone(),
            user: self.user.clone(),
            service: self.service.clone(),
            secret: self.secret.clone().map(SecretString::from),
            hooks_url: Some(self.hooks_url.clone()),
            hook_secret: Some(SecretString::from(self.hook_secret.clone())),
        }
    }

    fn sms(&self) -> Outgoing {
        Outgoing {
            reference: self.reference.clone(),
            to: self.to.clone(),
            from: self.from.clone(),
            validity: self.validity_minutes.map(|minutes| Duration::from_secs(minutes * 60)),
            ..super::sms(&self.text)
        }
    }
}

fn folder(preset: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateways").join(preset)
}

/// Compares with the file beside the case, or writes it when `UPDATE_CASES` is set.
fn expect(file: &Path, found: &str) {
    if std::env::var_os("UPDATE_CASES").is_some() {
        std::fs::write(file, found).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(found, expected, "{}", file.display());
}

/// As it goes over the line, headers of the connection left out.
fn on_the_line(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    if !request.body.is_empty() {
        writeln!(text, "\n{}", String::from_utf8(request.body.clone()).unwrap()).unwrap();
    }
    text
}

fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Taken(ids) if ids.is_empty() => "taken as our reference".to_owned(),
        Verdict::Taken(ids) => format!("taken as {}", ids.join(" ")),
        Verdict::Later(code, None) => format!("later: {code}"),
        Verdict::Later(code, Some(after)) => format!("later: {code} in {} s", after.as_secs()),
        Verdict::Refused(code) => format!("refused: {code}"),
        Verdict::LoginRefused => "login refused".to_owned(),
        Verdict::Unclear => "unclear".to_owned(),
    }
}

#[test]
fn messages_go_out_as_documented_and_answers_are_understood() {
    for (name, _) in PRESETS {
        let declaration = preset(name).unwrap();
        let case = std::fs::read_to_string(folder(name).join("send.toml")).unwrap();
        let case: Send = toml::from_str(&case).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (settings, sms) = (case.settings(), case.sms());
        let receipt_url = declaration.request.receipt_url.as_ref();
        let filling = Filling { settings: &settings, sms: Some(&sms), receipt_url };
        let base = case.url.as_deref().or(declaration.url.as_deref()).unwrap();
        let request = declaration.request.fill(&Url::parse(base).unwrap(), &filling).unwrap();
        expect(&folder(name).join("send.request"), &on_the_line(&request));
        assert!(!case.answers.is_empty(), "{name} has no answers");
        for answer in &case.answers {
            let status = StatusCode::from_u16(answer.status).unwrap();
            let after = answer.retry_after.map(Duration::from_secs);
            let verdict = declaration.answer.read(status, after, answer.body.as_bytes());
            assert_eq!(in_words(&verdict), answer.means, "{name}: {}", answer.body);
        }
    }
}

/// Where nobody may call, no gateway is told to.
#[test]
fn what_is_only_for_sending_asks_for_no_receipts() {
    for (name, _) in PRESETS {
        let declaration = preset(name).unwrap();
        let case = std::fs::read_to_string(folder(name).join("send.toml")).unwrap();
        let case: Send = toml::from_str(&case).unwrap();
        let settings = Settings { hooks_url: None, hook_secret: None, ..case.settings() };
        let (sms, receipt_url) = (case.sms(), declaration.request.receipt_url.as_ref());
        let filling = Filling { settings: &settings, sms: Some(&sms), receipt_url };
        let base = case.url.as_deref().or(declaration.url.as_deref()).unwrap();
        let request = declaration.request.fill(&Url::parse(base).unwrap(), &filling).unwrap();
        let line = on_the_line(&request);
        assert!(!line.contains("/hooks/") && !line.contains("%2Fhooks%2F"), "{name}: {line}");
        assert!(!line.contains("\"webhooks\""), "{name}: {line}");
    }
}

#[test]
fn calls_are_read_as_documented() {
    let mut found = 0;
    for (name, _) in PRESETS {
        let declaration = preset(name).unwrap();
        for entry in std::fs::read_dir(folder(name)).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_none_or(|kind| kind != "http") {
                continue;
            }
            found += 1;
            let request = tool::SavedCall::read(&std::fs::read(&file).unwrap(), None).unwrap();
            let brings = request.meaning(&declaration, Timestamp(1_795_521_600_000));
            let signature = "not checked".to_owned();
            let line = Shown { declaration: &declaration, signature, brings }.as_json();
            let json: serde_json::Value = serde_json::from_str(&line).unwrap();
            expect(&file.with_extension("json"), &format!("{json:#}\n"));
        }
    }
    assert!(found >= 18, "only {found} calls");
}

#[test]
fn a_body_alone_finds_its_hook() {
    for (name, file) in [("twilio", "message"), ("twilio", "receipt"), ("infobip", "receipts")] {
        let declaration = preset(name).unwrap();
        let call = std::fs::read_to_string(folder(name).join(format!("{file}.http"))).unwrap();
        let (_, body) = call.split_once("\n\n").unwrap();
        let whole = tool::SavedCall::read(call.as_bytes(), None).unwrap();
        let body = tool::SavedCall::read(body.as_bytes(), None).unwrap();
        let now = Timestamp(0);
        assert!(whole.meaning(&declaration, now) == body.meaning(&declaration, now), "{file}");
    }
}
