//! What becomes of a message that meets a server which answers well, badly, late, too much, or
//! not at all.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use viadukt_api::{DeliveryError, Protection, Receipt};
use viadukt_testservers::Authority;

use crate::post::testing::{Does, Said, StandIn, noon, serve, system};
use crate::system::System;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A system that knows a message again, and one that does not.
const WEBHOOK: &str = "speaks = 'standard-webhooks'\nsigning_key_files = ['{folder}/secret']";
const GOTIFY: &str = "speaks = 'gotify'\ntoken_file = '{folder}/secret'";

fn at(table: &str, url: &str) -> Box<dyn System> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), KEY).unwrap();
    let table = format!("{table}\nurl = '{url}'\nnetworks = ['127.0.0.1']\ntimeout = '2s'");
    system(&table, folder.path(), &noon())
}

async fn send(system: &dyn System) -> Result<Receipt, DeliveryError> {
    system.takes().unwrap().send(&Said::by("Anna", "Die Tür klemmt.").out()).await
}

/// What becomes of a message to a system of that `table` which does so.
async fn sent(table: &str, does: Does) -> Result<Receipt, DeliveryError> {
    let server = StandIn::new(&[does]).await;
    send(&*at(table, &server.url())).await
}

fn answers(status: &str) -> Does {
    Does::says(status, "", "")
}

/// In a word, with the reason's key.
fn what(result: &Result<Receipt, DeliveryError>) -> String {
    match result {
        Ok(_) => "taken".to_owned(),
        Err(DeliveryError::Retry { reason, after: None }) => format!("later: {reason}"),
        Err(DeliveryError::Retry { reason, after: Some(after) }) => {
            format!("in {} s: {reason}", after.as_secs())
        }
        Err(DeliveryError::Refused { reason }) => format!("refused: {reason}"),
        Err(DeliveryError::Unknown { reason }) => format!("unknown: {reason}"),
    }
}

#[tokio::test]
async fn an_answer_says_what_becomes_of_a_message() {
    for (status, to_gotify, to_webhook) in [
        ("200 OK", "taken", "taken"),
        ("202 Accepted", "taken", "taken"),
        ("204 No Content", "taken", "taken"),
        ("301 Moved Permanently", "later: intranet-elsewhere", "later: intranet-elsewhere"),
        ("400 Bad Request", "refused: intranet-refused", "later: intranet-put-off"),
        ("401 Unauthorized", "later: intranet-login-refused", "later: intranet-login-refused"),
        ("403 Forbidden", "later: intranet-login-refused", "later: intranet-login-refused"),
        ("404 Not Found", "refused: intranet-refused", "later: intranet-put-off"),
        ("408 Request Timeout", "later: intranet-put-off", "later: intranet-put-off"),
        ("410 Gone", "refused: intranet-refused", "refused: intranet-off"),
        ("413 Content Too Large", "refused: intranet-refused", "later: intranet-put-off"),
        ("429 Too Many Requests", "later: intranet-put-off", "later: intranet-put-off"),
        ("500 Internal Server Error", "later: intranet-put-off", "later: intranet-put-off"),
        ("503 Service Unavailable", "later: intranet-put-off", "later: intranet-put-off"),
    ] {
        assert_eq!(what(&sent(GOTIFY, answers(status)).await), to_gotify, "{status}");
        assert_eq!(what(&sent(WEBHOOK, answers(status)).await), to_webhook, "{status}");
    }
}

#[tokio::test]
async fn a_busy_system_names_the_pause() {
    for (header, pause) in [
        ("Retry-After: 17\r\n", "in 17 s: intranet-put-off"),
        ("Retry-After: Tue, 24 Nov 2026 12:01:00 GMT\r\n", "in 60 s: intranet-put-off"),
        ("Retry-After: soon\r\n", "later: intranet-put-off"),
    ] {
        for status in ["429 Too Many Requests", "503 Service Unavailable"] {
            let result = sent(GOTIFY, Does::says(status, header, "")).await;
            assert_eq!(what(&result), pause, "{status} {header}");
        }
    }
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_asked_no_more() {
    let server = StandIn::new(&[answers("410 Gone"), answers("200 OK")]).await;
    let system = at(WEBHOOK, &server.url());
    assert_eq!(what(&send(&*system).await), "refused: intranet-off");
    assert_eq!(what(&send(&*system).await), "refused: intranet-off");
    assert_eq!(server.heard().len(), 1);
    let refusal = system.takes().unwrap().party(None).unwrap_err();
    assert_eq!(refusal.key, "intranet-off", "whoever writes next hears of it at once");
}

#[tokio::test]
async fn silence_after_the_request_is_unknown_unless_repeating_does_no_harm() {
    for does in [Does::HangsUp, Does::Waits] {
        assert_eq!(what(&sent(GOTIFY, does.clone()).await), "unknown: intranet-unknown");
        assert_eq!(what(&sent(WEBHOOK, does).await), "later: intranet-silent");
    }
}

#[tokio::test]
async fn an_interrupted_attempt_is_made_again_only_where_that_does_no_harm() {
    let server = StandIn::new(&[answers("200 OK")]).await;
    let said = Said { repeated: true, ..Said::by("Anna", "Die Tür klemmt.") };
    let gotify = at(GOTIFY, &server.url());
    let result = gotify.takes().unwrap().send(&said.out()).await;
    assert_eq!(what(&result), "unknown: intranet-interrupted");
    assert_eq!(server.heard().len(), 0);
    let webhook = at(WEBHOOK, &server.url());
    assert_eq!(what(&webhook.takes().unwrap().send(&said.out()).await), "taken");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    assert_eq!(what(&sent(GOTIFY, Does::Floods).await), "taken", "its status came first");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = StandIn::new(&[answers("200 OK")]).await;
    let header = format!("Location: {}/\r\n", elsewhere.url());
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let result = sent(WEBHOOK, Does::says(status, &header, "")).await;
        assert_eq!(what(&result), "later: intranet-elsewhere");
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn a_system_that_is_away_has_heard_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let system = at(GOTIFY, &url);
    assert_eq!(what(&send(&*system).await), "later: intranet-away");
    assert!(system.takes().unwrap().probe().await.unwrap().result.is_err());
}

#[tokio::test]
async fn a_probe_says_nothing_and_shows_no_secret_path() {
    let server = StandIn::new(&[answers("404 Not Found")]).await;
    let system = at(WEBHOOK, &format!("{}/hooks/geheim?key=geheim", server.url()));
    let probe = system.takes().unwrap().probe().await.unwrap();
    assert_eq!(probe.result.unwrap(), "it answers (HTTP 404)");
    assert!(server.heard()[0].starts_with("GET / HTTP/1.1\n"));
}

/// A server with a certificate of an authority that nobody but `ca_file` names. If it `asks`, it
/// serves those alone who have one as well.
async fn tls_server(authority: &Authority, asks: bool) -> String {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;

    let pem = |name: &str| authority.folder().join(name);
    let certificates = CertificateDer::pem_file_iter(pem("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.ca_file()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier =
        if asks { verifier.build().unwrap() } else { WebPkiClientVerifier::no_client_auth() };
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates.map(Result::unwrap).collect(), key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                serve(&mut stream, &answers("200 OK"), &Mutex::default()).await;
            }
        }
    });
    url
}

fn with_ca(ca_file: &Path) -> String {
    format!("{WEBHOOK}\nca_file = '{}'", ca_file.display())
}

#[tokio::test]
async fn a_system_proves_who_it_is() {
    let authority = Authority::new().unwrap();
    let url = tls_server(&authority, false).await;
    assert_eq!(what(&send(&*at(WEBHOOK, &url)).await), "later: intranet-away");
    let trusting = at(&with_ca(&authority.ca_file()), &url);
    assert_eq!(send(&*trusting).await.unwrap().protection, Protection::TLS);
    let another = Authority::new().unwrap();
    let wrong = at(&with_ca(&another.ca_file()), &url);
    assert_eq!(what(&send(&*wrong).await), "later: intranet-away");
}

#[tokio::test]
async fn we_prove_who_we_are_where_a_system_asks() {
    let authority = Authority::new().unwrap();
    let url = tls_server(&authority, true).await;
    let trusting = with_ca(&authority.ca_file());
    assert!(send(&*at(&trusting, &url)).await.is_err());
    // The server's own certificate does for a client as well.
    let folder = authority.folder().display();
    let identity =
        format!("certificate_file = '{folder}/server.pem'\nkey_file = '{folder}/server.key'");
    let known = at(&format!("{trusting}\n{identity}"), &url);
    assert_eq!(what(&send(&*known).await), "taken");
}
