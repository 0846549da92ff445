//! Where every play begins: the servers run, viadukt is ready, the clerk is in the room.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use matrix_sdk::reqwest::{Client, Method};
use serde_json::{Value, json};
use viadukt_testbed::ruma::{EventId, OwnedRoomId};
use viadukt_testbed::servers::Synapse;
use viadukt_testbed::{Bridge, Citizen, Clerk, Mail, ROOM, Seen, Testbed, until};

/// The small world with the program in it. Shows the program's log when it ends, which is kept
/// from the eye as long as the test succeeds.
pub struct Scene {
    pub bridge: Bridge,
    pub clerk: Clerk,
    pub citizen: Citizen,
    pub room: OwnedRoomId,
    pub testbed: Testbed,
}

impl Scene {
    /// The usual scene.
    pub async fn begin() -> Result<Self> {
        Self::prepared(|_, _| Ok(())).await
    }

    /// The scene after `prepare` changed the configuration.
    pub async fn prepared(
        prepare: impl FnOnce(&Testbed, &mut Bridge) -> Result<()>,
    ) -> Result<Self> {
        let testbed = Testbed::start().await?;
        let mut bridge = testbed.bridge(program())?;
        prepare(&testbed, &mut bridge)?;
        bridge.start()?;
        bridge.ready().await?;
        let clerk = testbed.clerk().await?;
        let room = clerk.join(ROOM).await?;
        let citizen = testbed.citizen();
        Ok(Self { bridge, clerk, citizen, room, testbed })
    }

    /// The citizen writes, and the clerk sees it.
    pub async fn question(&self, subject: &str, text: &str) -> Result<Seen> {
        self.citizen.write(subject, text).await?;
        let shown = self.clerk.sees(subject, |seen| self.says(seen, text)).await?;
        shown.trusted()?;
        Ok(shown)
    }

    /// The clerk answers, and the citizen receives it.
    pub async fn answer(&self, to: &Seen, text: &str) -> Result<Mail> {
        self.clerk.answer(to, text).await?;
        self.citizen.receives(text, |mail| mail.text().contains(text)).await
    }

    /// Waits until viadukt itself says `words` in the room.
    pub async fn notice(&self, words: &str) -> Result<Seen> {
        let is_it = |seen: &Seen| seen.is_message("m.notice") && self.says(seen, words);
        let told = self.clerk.sees(format_args!("the notice {words:?}"), is_it).await?;
        told.trusted()?;
        Ok(told)
    }

    /// Waits for the mark of success on the clerk's message.
    pub async fn sent(&self, message: &EventId) -> Result<()> {
        let marked = |seen: &Seen| seen.reaction_to(message) == Some("✓ gesendet");
        self.clerk.sees("the mark of success", marked).await.map(drop)
    }

    /// How often viadukt wrote `text` into the room.
    pub fn times_shown(&self, text: &str) -> usize {
        self.clerk.seen().iter().filter(|seen| self.says(seen, text)).count()
    }

    /// Waits until `/health/ready` says `expected`: the status, and words of the body.
    pub async fn readiness(&self, expected: (u16, &str)) -> Result<()> {
        until(format!("the readiness {expected:?}"), async || {
            let (status, body) = self.bridge.get("/health/ready").await?;
            Ok((status == expected.0 && body.contains(expected.1)).then_some(()))
        })
        .await
    }

    /// Waits until `/metrics` has `line`.
    pub async fn counted(&self, line: &str) -> Result<()> {
        until(format!("the metric {line:?}"), async || {
            let (_, metrics) = self.bridge.get("/metrics").await?;
            Ok(metrics.lines().any(|one| one == line).then_some(()))
        })
        .await
    }

    fn says(&self, seen: &Seen, words: &str) -> bool {
        seen.sender == self.testbed.bot() && seen.body().contains(words)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        eprintln!("viadukt's log ends:\n{}", self.bridge.log_end());
    }
}

/// Tries again every second, and tells of a delay after one.
pub fn impatient(_: &Testbed, bridge: &mut Bridge) -> Result<()> {
    let smtp = bridge.mail_config()?.get_mut("smtp").and_then(toml::Value::as_table_mut);
    let smtp = smtp.context("no [bridges.buergerpost.smtp]")?;
    smtp.insert("retry".to_owned(), vec!["1s"].into());
    smtp.insert("tell_after".to_owned(), "1s".into());
    Ok(())
}

/// The homeserver's own interface, for what no well-behaved client does.
pub struct Api {
    http: Client,
    url: String,
    token: String,
}

impl Api {
    /// Logs in as a new device.
    pub async fn login(synapse: &Synapse, user: &str, password: &str) -> Result<Self> {
        let mut api = Self { http: Client::new(), url: synapse.url(), token: String::new() };
        let identifier = json!({ "type": "m.id.user", "user": user });
        let body = json!({
            "type": "m.login.password", "identifier": identifier, "password": password,
        });
        let answer = api.ask(Method::POST, "login", &body).await?;
        api.token = answer["access_token"].as_str().context("no token")?.to_owned();
        Ok(api)
    }

    /// One request of the client-server API; `path` is what follows the version.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = self.http.request(method, format!("{}/_matrix/client/v3/{path}", self.url));
        let request = request.bearer_auth(&self.token).body(body.to_string());
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_viadukt"))
}
