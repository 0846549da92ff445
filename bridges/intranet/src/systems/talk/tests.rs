use super::*;
use crate::guard::Scheme;
use crate::systems::tests::{call, case};

/// As `printf '%s%s' RANDOM BODY | openssl dgst -sha256 -hmac SECRET` writes it.
const SIGNATURE: &str = "d53eff0a518cfabb332fad76293e0185daf01ed95e919e501dd66c385e192f5a";
const SECRET: &str = "a secret of the bot";

#[test]
fn the_random_and_the_body_are_signed() {
    let mut joined = case("talk/joined");
    joined.headers.insert("x-nextcloud-talk-signature", SIGNATURE.parse().unwrap());
    assert!(Talk.check(&joined, SECRET).is_ok());
    joined.headers.insert("x-nextcloud-talk-signature", SIGNATURE.to_uppercase().parse().unwrap());
    assert!(Talk.check(&joined, SECRET).is_ok());
    assert!(Talk.check(&joined, "another secret").is_err());
    joined.headers.insert("x-nextcloud-talk-random", "x".repeat(64).parse().unwrap());
    assert!(Talk.check(&joined, SECRET).is_err());
}

/// The end of the random could be the beginning of the body.
#[test]
fn nothing_moves_between_the_random_and_the_body() {
    let signed = call(&[], "");
    let random = format!("{}{{\"x\":", "a".repeat(40));
    let signature = crate::guard::digest::sign_hex::<crate::guard::digest::HmacSha256>(
        SECRET.as_bytes(),
        &[random.as_bytes(), b"{}}"],
    );
    let headers = [
        ("x-nextcloud-talk-random", random.as_str()),
        ("x-nextcloud-talk-signature", &signature.unwrap()),
    ];
    assert!(Talk.check(&call(&headers, "{}}"), SECRET).is_err());
    assert!(Talk.check(&signed, SECRET).is_err());
}
