use viadukt_api::Timestamp;

use super::*;
use crate::systems::tests::{call, case};

/// The documented call, signed as `printf '%s.%s' TIMESTAMP BODY | openssl dgst -sha512 -hmac
/// SECRET` does it (the documentation does not say which secret its own signature was made with).
#[test]
fn time_and_body_are_signed() {
    let secret = "a callback secret of FIT-Connect";
    let signature = "5234834a8ced161993d57e44a273bc3c7f05af3d9f6407efd6d084e8060e0e80\
                     74c47cacfef21c941c76b3c916bb2ab6a852b594d1da6286068ef8d10200f808";
    let mut documented = case("fit-connect/submissions");
    assert!(FitConnect.check(&documented, secret).is_err());
    documented.headers.insert(AUTHENTICATION, signature.parse().unwrap());
    let signed = FitConnect.check(&documented, secret).unwrap();
    assert_eq!(signed, Some(Timestamp(1_672_527_599_000)));
    documented.headers.insert(TIMESTAMP, "1672527600".parse().unwrap());
    assert!(FitConnect.check(&documented, secret).is_err());
}

/// A callback that we did not answer comes again with a new time.
#[test]
fn the_same_callback_is_the_same_notice() {
    let id = |timestamp: &str| {
        let body =
            "{\"type\":\"https://schema.example/new-submissions\",\"submissionIds\":[\"1\"]}";
        let taken = FitConnect.take(&call(&[(TIMESTAMP, timestamp)], body)).unwrap();
        taken.into_iter().next().unwrap().id.unwrap()
    };
    assert_eq!(id("1672527599"), id("1672527899"));
}

#[test]
fn what_is_no_callback_is_refused() {
    for body in ["", "[]", "{}", "{\"type\":7}", "\"x\""] {
        assert!(FitConnect.take(&call(&[], body)).is_err(), "{body}");
    }
}
