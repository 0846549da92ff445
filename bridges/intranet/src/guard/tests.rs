use viadukt_api::Call;

use super::*;
use crate::hook::Dialect;
use crate::systems::{HOOKS, tests};

const NOW: Timestamp = Timestamp(1_795_521_600_000);
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn call(rest: &str, headers: &[(&str, &str)], body: &str) -> Call {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (path, query) = (format!("system/{path}"), query.to_owned());
    Call { path, query, ..tests::call(headers, body) }
}

fn tokens(user: Option<&str>, header: Option<&str>, tokens: &[&str]) -> Guard {
    let tokens = Tokens {
        tokens: tokens.iter().map(|token| SecretString::from((*token).to_owned())).collect(),
        header: header.map(str::to_owned),
        user: user.map(str::to_owned),
    };
    Guard { tokens: Some(tokens), secrets: Vec::new() }
}

fn secrets(secrets: &[&str]) -> Guard {
    let secrets = secrets.iter().map(|secret| SecretString::from((*secret).to_owned()));
    Guard { tokens: None, secrets: secrets.collect() }
}

fn passes(guard: &Guard, rest: &str, headers: &[(&str, &str)]) -> bool {
    let path = rest.split('?').next().unwrap();
    guard.check(&call(rest, headers, ""), path, None, NOW).is_ok()
}

#[test]
fn a_token_opens_where_it_may_stand() {
    let guard = tokens(None, None, &["another-token-that-is-old", TOKEN]);
    let bearer = format!("Bearer {TOKEN}");
    assert!(passes(&guard, "", &[("Authorization", &bearer)]));
    assert!(passes(&guard, "", &[("authorization", "bearer another-token-that-is-old")]));
    assert!(passes(&guard, TOKEN, &[]));
    assert!(passes(&guard, &format!("?access_token={TOKEN}"), &[]));
    // A header that is there is what counts.
    assert!(!passes(&guard, TOKEN, &[("Authorization", "Bearer wrong")]));
    for (rest, headers) in [
        ("", &[][..]),
        ("", &[("Authorization", TOKEN)]),
        ("", &[("Authorization", "Bearer ")]),
        ("wrong", &[]),
        (&TOKEN[..31], &[]),
        ("?access_token=wrong", &[]),
    ] {
        assert!(!passes(&guard, rest, headers), "{rest} {headers:?}");
    }
    let own = tokens(None, Some("X-Gitlab-Token"), &[TOKEN]);
    assert!(passes(&own, "", &[("X-Gitlab-Token", TOKEN)]));
    assert!(!passes(&own, TOKEN, &[]));
}

#[test]
fn with_a_user_the_token_is_a_password() {
    let guard = tokens(Some("prometheus"), None, &[TOKEN]);
    let basic = |said: &str| format!("Basic {}", digest::to_base64(said.as_bytes()));
    let right = basic(&format!("prometheus:{TOKEN}"));
    assert!(passes(&guard, "", &[("Authorization", &right)]));
    for said in [format!("other:{TOKEN}"), "prometheus:wrong".to_owned(), "prometheus".to_owned()] {
        assert!(!passes(&guard, "", &[("Authorization", &basic(&said))]), "{said}");
    }
    assert!(!passes(&guard, "", &[("Authorization", "Basic %%%")]));
    assert!(!passes(&guard, TOKEN, &[]));
}

/// A secret that each kind of system can have.
fn secret_for(kind: &str) -> &'static str {
    match kind {
        "standard-webhooks" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        _ => "a secret of at least sixteen characters",
    }
}

/// The dialects that sign, with every time signed that can be.
fn signing() -> Vec<(&'static str, std::sync::Arc<dyn Dialect>)> {
    let mut all = Vec::new();
    for (kind, parse) in HOOKS {
        for options in ["", "timestamp_header = 'X-Time'"] {
            let document = toml::de::DeTable::parse(options).unwrap();
            let findings = viadukt_api::config::Findings::default();
            all.push((*kind, parse(&Fields::new(document.get_ref(), 0..0, "", &findings))));
        }
    }
    all.retain(|(_, dialect)| dialect.scheme().is_some());
    all
}

#[test]
fn a_signature_holds_for_this_body_this_secret_and_five_minutes() {
    let body = "{\"type\":\"x\"}";
    let mut timed = 0;
    for (kind, dialect) in signing() {
        let scheme = dialect.scheme();
        let letter = Letter { id: &"a1".repeat(32), at: NOW, body: body.as_bytes() };
        let signed = scheme.unwrap().sign(&letter, secret_for(kind)).unwrap();
        let headers: Vec<_> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let right = call("", &headers, body);
        let ours = secrets(&[secret_for(kind)]);
        let other = match kind {
            "standard-webhooks" => "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            _ => "another secret of sixteen characters",
        };
        let proof = ours.check(&right, "", scheme, NOW).unwrap();
        // Two secrets hold while one follows the other.
        assert!(secrets(&[other, secret_for(kind)]).check(&right, "", scheme, NOW).is_ok());
        assert!(secrets(&[other]).check(&right, "", scheme, NOW).is_err(), "{kind}");
        assert!(ours.check(&call("", &headers, "{\"type\":\"y\"}"), "", scheme, NOW).is_err());
        assert!(ours.check(&call("", &headers, ""), "", scheme, NOW).is_err(), "{kind}");
        assert!(ours.check(&call("", &[], body), "", scheme, NOW).is_err(), "{kind}");
        assert!(ours.check(&right, "rest", scheme, NOW).is_err(), "{kind}");
        for changed in 0..headers.len() {
            let mut headers = headers.clone();
            if headers[changed].0 != "x-nextcloud-talk-backend" {
                headers.remove(changed);
                assert!(ours.check(&call("", &headers, body), "", scheme, NOW).is_err(), "{kind}");
                headers.push((signed[changed].0.as_str(), "v1,none"));
                assert!(ours.check(&call("", &headers, body), "", scheme, NOW).is_err(), "{kind}");
            }
        }
        let later = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
        let earlier = |seconds: u64| Timestamp(NOW.0 - seconds * 1000);
        if proof == Proof::SignedAt(NOW) {
            timed += 1;
            for (now, holds) in [
                (later(300), true),
                (earlier(300), true),
                (later(301), false),
                (earlier(301), false),
            ] {
                assert_eq!(ours.check(&right, "", scheme, now).is_ok(), holds, "{kind}");
            }
        }
    }
    assert_eq!(timed, 5, "Standard Webhooks and FIT-Connect twice, Grafana with its header");
}

#[test]
fn token_and_signature_must_both_be_right_where_both_are_asked_for() {
    let (_, dialect) = signing().into_iter().find(|(kind, _)| *kind == "webhook").unwrap();
    let secret = secret_for("webhook");
    let mut guard = tokens(None, None, &[TOKEN]);
    guard.secrets = secrets(&[secret]).secrets;
    let letter = Letter { id: "1", at: NOW, body: b"x" };
    let signed = dialect.scheme().unwrap().sign(&letter, secret).unwrap();
    let headers = [(signed[0].0.as_str(), signed[0].1.as_str())];
    assert!(guard.check(&call(TOKEN, &headers, "x"), TOKEN, dialect.scheme(), NOW).is_ok());
    assert!(guard.check(&call("", &headers, "x"), "", dialect.scheme(), NOW).is_err());
    assert!(guard.check(&call(TOKEN, &[], "x"), TOKEN, dialect.scheme(), NOW).is_err());
}

#[test]
fn what_needs_no_body_is_asked_for_before_it() {
    let guard = tokens(None, None, &[TOKEN]);
    assert!(guard.admit(&call(TOKEN, &[], ""), TOKEN, None).is_ok());
    assert!(guard.admit(&call("", &[], ""), "", None).is_err());
    for (kind, dialect) in signing() {
        let (scheme, ours) = (dialect.scheme(), secrets(&[secret_for(kind)]));
        assert!(ours.admit(&call("", &[], ""), "", scheme).is_err(), "{kind}");
        let signature = [(scheme.unwrap().header(), "whatever")];
        assert!(ours.admit(&call("", &signature, ""), "", scheme).is_ok(), "{kind}");
        assert!(ours.check(&call("", &signature, ""), "", scheme, NOW).is_err(), "{kind}");
    }
}

#[test]
fn who_asks_whether_it_may_call_brings_no_wrong_token() {
    let bearer = tokens(None, None, &[TOKEN]);
    let own = tokens(None, Some("X-Token"), &[TOKEN]);
    for (guard, rest, headers, passes) in [
        (&bearer, "", &[][..], true),
        (&bearer, TOKEN, &[], true),
        (&bearer, "wrong", &[], false),
        (&bearer, "?access_token=wrong", &[], false),
        (&bearer, "", &[("Authorization", "Bearer wrong")], false),
        (&own, "", &[], true),
        (&own, "", &[("X-Token", "wrong")], false),
        (&secrets(&["a secret of sixteen"]), "rest", &[], false),
    ] {
        let path = rest.split('?').next().unwrap();
        let asked = guard.admit_handshake(&call(rest, headers, ""), path);
        assert_eq!(asked.is_ok(), passes, "{rest} {headers:?}");
    }
}

#[test]
fn what_is_signed_is_known_again_and_what_is_not_is_new() {
    let later = NOW.plus(Duration::from_secs(60));
    assert_ne!(Proof::Token.key(b"x", NOW), Proof::Token.key(b"x", later));
    assert_eq!(Proof::Signed.key(b"x", NOW), Proof::Signed.key(b"x", later));
    assert_ne!(Proof::Signed.key(b"x", NOW), Proof::Signed.key(b"y", NOW));
    let at = |at| Proof::SignedAt(at).key(b"x", later);
    assert_eq!(at(NOW), Proof::SignedAt(NOW).key(b"x", NOW));
    assert_ne!(at(NOW), at(later));
}
