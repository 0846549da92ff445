//! A listener with a console on a free port, and a browser as simple as can be.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;
use viadukt_api::Env;
use viadukt_api::config::SecretFile;
use viadukt_api::words::Language;

use super::played::{self, Played};
use crate::config::{Console as Settings, Oidc, Zone};
use crate::http::console::{Console, Parts};
use crate::http::tests::source;
use crate::http::{AdminToken, Served, serve};
use crate::observe::Metrics;

pub struct Site {
    address: SocketAddr,
    pipeline: Arc<Played>,
    data_dir: TempDir,
    _open: DropGuard,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Site {
    pub async fn open() -> Self {
        Self::with(|_, _| (None, None)).await
    }

    /// The same, where people may log in at a provider besides.
    pub async fn with_provider(issuer: &str) -> Self {
        Self::with(|address, folder| {
            let secret = folder.join("oidc.secret");
            std::fs::write(&secret, "geheim").unwrap();
            let oidc = Oidc {
                issuer: issuer.parse().unwrap(),
                client_id: "viadukt".to_owned(),
                client_secret_file: SecretFile::at(secret),
                scopes: vec!["openid".to_owned()],
                groups_claim: "groups".to_owned(),
                groups: vec!["viadukt-betrieb".to_owned()],
                ca_file: None,
            };
            (Some(format!("http://{address}").parse().unwrap()), Some(oidc))
        })
        .await
    }

    async fn with(settings: impl FnOnce(SocketAddr, &Path) -> (Option<Url>, Option<Oidc>)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let env = Env::system();
        let data_dir = TempDir::new().unwrap();
        let pipeline = Arc::new(Played::default());
        let token = Arc::new(AdminToken::create(data_dir.path(), &*env.entropy).unwrap());
        let hour = std::time::Duration::from_secs(3_600);
        let (base_url, oidc) = settings(address, data_dir.path());
        let settings = Settings { base_url, token_file: None, idle: hour, longest: hour, oidc };
        let console = Console::open(Parts {
            settings,
            operations: pipeline.clone(),
            token: token.clone(),
            data_dir: data_dir.path().to_owned(),
            env: env.clone(),
            language: Language::En,
            zone: Zone::default(),
        });
        let served = Served {
            operations: pipeline.clone(),
            source: source(data_dir.path(), &env),
            metrics: Arc::new(Metrics::new(&*env.clock).unwrap()),
            token,
            console: Some(Arc::new(console.unwrap())),
        };
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, served, stop.clone()));
        Self { address, pipeline, data_dir, _open: stop.drop_guard() }
    }

    pub fn token(&self) -> String {
        std::fs::read_to_string(self.data_dir.path().join(AdminToken::FILE)).unwrap()
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The header that our own pages' forms bring.
    pub fn origin(&self) -> String {
        format!("Origin: http://{}", self.address)
    }

    /// What the record says: who, what and to what.
    pub fn done(&self) -> Vec<String> {
        let done = self.pipeline.done.lock().unwrap();
        done.iter().map(|done| format!("{} {} {}", done.who, done.what, done.about)).collect()
    }

    /// What the pipeline was asked to change.
    pub fn played(&self) -> Vec<&'static str> {
        self.pipeline.asked.lock().unwrap().clone()
    }

    /// Every page there is, with its status.
    pub fn pages(&self) -> Vec<(String, u16)> {
        let dead = played::DEAD;
        let fine = [
            "/console".to_owned(),
            "/console/conversations".to_owned(),
            "/console/trace".to_owned(),
            format!("/console/trace/{dead}"),
            "/console/deadletters".to_owned(),
            format!("/console/deadletters/{dead}/requeue"),
            format!("/console/deadletters/{dead}/discard"),
            "/console/contacts".to_owned(),
            format!("/console/contacts/{}/unblock", played::BLOCKED),
            "/console/test".to_owned(),
            "/console/record".to_owned(),
        ];
        let missing = [
            "/console/nowhere",
            "/console/trace/01JD2Z5Y3V0Q8R6T4W2X1Z9B7D",
            "/console/deadletters/01JD2Z5Y3V0Q8R6T4W2X1Z9B7D-0/discard",
        ];
        let missing = missing.map(|path| (path.to_owned(), 404));
        let names = [("hello", 404), ("single", 303), ("twins", 200)];
        let names = names.map(|(name, s)| (format!("/console/trace?reference={name}"), s));
        fine.into_iter().map(|path| (path, 200)).chain(missing).chain(names).collect()
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.request("GET", path, &format!("Cookie: {cookie}"), "").await
    }

    pub async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        self.post_from(&self.origin(), path, cookie, form).await
    }

    pub async fn post_from(&self, origin: &str, path: &str, cookie: &str, form: &str) -> Answer {
        let origin = if origin.is_empty() { "X-Origin: none" } else { origin };
        let headers = format!(
            "Cookie: {cookie}\r\n{origin}\r\nContent-Type: application/x-www-form-urlencoded"
        );
        self.request("POST", path, &headers, form).await
    }

    /// Fills in the login's form.
    pub async fn enter(&self, name: &str, token: &str) -> Answer {
        let page = self.get("/console/login", "").await;
        let name = name.replace('<', "%3C").replace('>', "%3E").replace('/', "%2F");
        let form = format!("{}&name={name}&token={token}", page.form());
        self.post("/console/login", &page.cookie("viadukt-form="), &form).await
    }

    /// Anna is logged in; gives her cookie.
    pub async fn anna(&self) -> String {
        self.enter("Anna", &self.token()).await.cookie("viadukt-session=")
    }

    async fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let (host, length) = (self.host(), body.len());
        self.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    pub async fn ask(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(one, _)| *one == name).map(|(_, value)| value).next().unwrap_or("")
    }

    /// The header that sets the cookie `start`.
    pub fn set_cookie(&self, start: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        lines.find(|line| line.starts_with(start)).unwrap()
    }

    /// The cookie `start`, as it is sent back.
    pub fn cookie(&self, start: &str) -> String {
        self.set_cookie(start).split(';').next().unwrap().to_owned()
    }

    /// The secret of the page's forms.
    pub fn form(&self) -> String {
        let (_, rest) = self.body.split_once("name=\"csrf\" value=\"").unwrap();
        format!("csrf={}", rest.split('"').next().unwrap())
    }
}
