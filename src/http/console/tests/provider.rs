//! An identity provider that is played: it describes itself, gives codes and signs tokens with a
//! key of its own, and can be told to say the wrong thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;
use viadukt_api::Env;

use super::site::Site;

/// What the provider says in a token, and with which head.
struct Said {
    head: Value,
    claims: Value,
    challenge: String,
}

struct Provider {
    url: String,
    key: KeyPair,
    said: Mutex<Said>,
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pem: String =
            include_str!("provider.pem").lines().filter(|l| !l.starts_with('-')).collect();
        let said = Said { head: json!({}), claims: json!({}), challenge: String::new() };
        let provider = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            key: KeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap(),
            said: Mutex::new(said),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        provider
    }

    fn signed(&self) -> String {
        let said = self.said.lock().unwrap();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&said.head), part(&said.claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        self.key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn describe(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let url = &provider.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/door"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
    }))
}

async fn token(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Json<Value> {
    assert_eq!(headers["authorization"], format!("Basic {}", STANDARD.encode("viadukt:geheim")));
    assert_eq!((form["grant_type"].as_str(), form["code"].as_str()), ("authorization_code", "C"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    assert_eq!(challenge, provider.said.lock().unwrap().challenge);
    Json(json!({ "id_token": provider.signed(), "token_type": "Bearer", "access_token": "A" }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(provider.key.public());
    let [n, e] = [n, e].map(|number| URL_SAFE_NO_PAD.encode(number));
    Json(json!({ "keys": [{ "kty": "oct" }, { "kty": "RSA", "kid": "one", "n": n, "e": e }] }))
}

/// Somebody goes to the provider and comes back, with a token that `change` has had a look at;
/// gives the status of the page that they come back to, and the cookie of their session.
async fn log_in(change: impl FnOnce(&mut Value, &mut Value)) -> (u16, Option<String>) {
    let provider = Provider::start().await;
    let site = Site::with_provider(&provider.url).await;
    let left = site.get("/console/oidc/start", "").await;
    assert_eq!(left.status, 303, "{}", left.body);
    let door: Url = left.header("location").parse().unwrap();
    let asked: HashMap<_, _> = door.query_pairs().into_owned().collect();
    assert_eq!((door.path(), asked["code_challenge_method"].as_str()), ("/door", "S256"));
    let now = Env::system().now().0 / 1_000;
    let mut head = json!({ "alg": "RS256", "kid": "one" });
    let mut claims = json!({
        "iss": provider.url, "sub": "7", "aud": "viadukt", "iat": now, "exp": now + 300,
        "nonce": asked["nonce"], "name": "Anna Amt", "groups": ["post", "viadukt-betrieb"],
    });
    change(&mut head, &mut claims);
    let challenge = asked["code_challenge"].clone();
    *provider.said.lock().unwrap() = Said { head, claims, challenge };
    let cookie = left.cookie("viadukt-provider=");
    let back = format!("/console/oidc/callback?code=C&state={}", asked["state"]);
    let stranger = site.get(&back, "").await;
    assert_eq!(stranger.status, 400, "another browser came back");
    // The state is used up: whoever it was given to has to begin again.
    assert_eq!(site.get(&back, &cookie).await.status, 400);

    let left = site.get("/console/oidc/start", "").await;
    let door: Url = left.header("location").parse().unwrap();
    let again: HashMap<_, _> = door.query_pairs().into_owned().collect();
    {
        let mut said = provider.said.lock().unwrap();
        said.challenge = again["code_challenge"].clone();
        if said.claims["nonce"] == asked["nonce"].as_str() {
            said.claims["nonce"] = json!(again["nonce"]);
        }
    }
    let back = format!("/console/oidc/callback?code=C&state={}", again["state"]);
    let page = site.get(&back, &left.cookie("viadukt-provider=")).await;
    let session = (page.status == 200).then(|| page.cookie("viadukt-session="));
    if let Some(session) = &session {
        assert_eq!(page.header("refresh"), "0; url=/console");
        let overview = site.get("/console", session).await;
        assert!(overview.status == 200 && overview.body.contains("Anna Amt"));
        assert_eq!(site.done(), ["Anna Amt login "]);
    }
    (page.status, session)
}

#[tokio::test]
async fn whoever_the_provider_vouches_for_is_let_in() {
    let (status, session) = log_in(|_, _| ()).await;
    assert_eq!((status, session.is_some()), (200, true));
}

#[tokio::test]
async fn whoever_is_in_no_group_stays_outside() {
    assert_eq!(log_in(|_, claims| claims["groups"] = json!(["post"])).await, (403, None));
}

#[tokio::test]
async fn a_token_that_is_not_for_us_and_for_now_opens_nothing() {
    let now = Env::system().now().0 / 1_000;
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("another")),
        ("aud", json!(["viadukt", "another"])),
        ("azp", json!("another")),
        ("nonce", json!("another")),
        ("exp", json!(now - 3_600)),
        ("iat", json!(now + 3_600)),
        ("exp", json!("soon")),
    ] {
        let answer = log_in(|_, claims| claims[claim] = value.clone()).await;
        assert_eq!(answer, (400, None), "{claim} {value}");
    }
}

#[tokio::test]
async fn a_token_that_another_key_or_no_key_signed_opens_nothing() {
    for (name, value) in
        [("alg", "none"), ("alg", "HS256"), ("alg", "ES256"), ("alg", "PS256"), ("kid", "two")]
    {
        let answer = log_in(|head, _| head[name] = json!(value)).await;
        assert_eq!(answer, (400, None), "{name} {value}");
    }
}
