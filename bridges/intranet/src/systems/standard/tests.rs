//! The vectors are those of the specification's own libraries (`libraries/go/*_test.go`).

use viadukt_api::{Call, HookError, Timestamp};

use super::signature::{Key, Signature};
use crate::guard::Scheme;
use crate::systems::tests;

const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SECONDS: &str = "1614265330";
const BODY: &str = "{\"test\": 2432232314}";
const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SHARED_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
const PRIVATE_SIGNATURE: &str =
    "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";

fn call(id: &str, signature: &str) -> Call {
    let headers =
        [("webhook-id", id), ("webhook-timestamp", SECONDS), ("webhook-signature", signature)];
    tests::call(&headers, BODY)
}

fn public() -> String {
    use crate::guard::digest::to_base64;
    let Ok(Key::Private(key)) = Key::parse(PRIVATE) else { panic!("no private key") };
    format!("whpk_{}", to_base64(key.verifying_key().as_bytes()))
}

#[test]
fn the_published_signatures_are_ours() {
    for (secret, signature) in [(SHARED, SHARED_SIGNATURE), (PRIVATE, PRIVATE_SIGNATURE)] {
        let made = Key::parse(secret).map(|key| key.sign(ID, SECONDS, BODY.as_bytes()));
        assert_eq!(made.unwrap().unwrap(), signature);
    }
    let bare = SHARED.trim_start_matches("whsec_");
    for (secret, signature) in
        [(SHARED, SHARED_SIGNATURE), (bare, SHARED_SIGNATURE), (&public(), PRIVATE_SIGNATURE)]
    {
        let signed = Signature.check(&call(ID, signature), secret);
        assert_eq!(signed.unwrap(), Some(Timestamp(1_614_265_330_000)));
    }
}

#[test]
fn one_of_several_signatures_is_enough_and_none_is_too_few() {
    let wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    let several = format!("{wrong} v2,x {SHARED_SIGNATURE} {PRIVATE_SIGNATURE}");
    assert!(Signature.check(&call(ID, &several), SHARED).is_ok());
    assert!(Signature.check(&call(ID, &several), &public()).is_ok());
    for signature in [wrong, "v1,", "v1a,", "", "v1", &SHARED_SIGNATURE[3..]] {
        assert!(Signature.check(&call(ID, signature), SHARED).is_err(), "{signature}");
        assert!(Signature.check(&call(ID, signature), &public()).is_err(), "{signature}");
    }
    // A signature of one kind under the name of the other.
    let renamed = SHARED_SIGNATURE.replace("v1,", "v1a,");
    assert!(Signature.check(&call(ID, &renamed), SHARED).is_err());
}

#[test]
fn an_id_cannot_run_into_what_is_signed_behind_it() {
    let refused = Signature.check(&call("msg.1614265330", SHARED_SIGNATURE), SHARED);
    assert!(matches!(refused, Err(HookError::Unauthorised(_))));
}

#[test]
fn secrets_are_what_the_specification_says() {
    for secret in ["short", "whsec_c2hvcnQ=", "whpk_AAAA", "whsk_AAAA", "whsec_no base64 at all!"] {
        assert!(Signature.fits(secret).is_err(), "{secret}");
    }
    for secret in [SHARED, PRIVATE, &public()] {
        assert!(Signature.fits(secret).is_ok(), "{secret}");
    }
}
