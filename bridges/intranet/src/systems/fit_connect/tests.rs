use viadukt_api::Timestamp;

use super::*;
use crate::systems::tests::{call, case};

/// The documented call with its documented signature, and the one that was documented before it;
/// the secret is the one of the documentation's code.
#[test]
fn time_and_body_are_signed() {
    let secret = "insecure_unsafe_qHScgrg_kP-R31jHUwp3GkVkGJolvBchz65b74Lzue0";
    let old = call(
        &[
            (TIMESTAMP, "1672527599"),
            (
                AUTHENTICATION,
                "798cd0edb70c08e5b32aa8a18cbbc8ff6b3078c51af6d011ff4e32e470c746234\
                 fc4314821fe5185264b029e962bd37de33f3b9fc5f1a93c40ce6672845e90df",
            ),
        ],
        "{\"type\":\"https://schema.fitko.de/fit-connect/submission-api/callbacks/new-submissions\",\
         \"submissionIds\":[\"f39ab143-d91a-474a-b69f-b00f1a1873c2\"]}",
    );
    assert!(FitConnect.check(&old, secret).is_ok());
    let mut documented = case("fit-connect/submissions");
    assert!(FitConnect.check(&documented, "another").is_err());
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
