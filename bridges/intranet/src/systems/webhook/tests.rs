use super::*;
use crate::systems::tests::{call, caller, case};

/// The secret, body and signature of GitHub's documentation.
#[test]
fn githubs_example_is_signed() {
    let call_of = |signature: &str| call(&[("X-Hub-Signature-256", signature)], "Hello, World!");
    let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let signature = BodySignature::of("X-Hub-Signature-256");
    let secret = "It's a Secret to Everybody";
    assert!(signature.check(&case("webhook/github"), secret).is_ok());
    let base64 = crate::guard::digest::to_base64(&crate::guard::digest::from_hex(hex).unwrap());
    for written in [hex, &hex.to_uppercase(), &format!("sha256={hex}"), &base64] {
        assert!(signature.check(&call_of(written), secret).is_ok(), "{written}");
    }
    for written in ["", "sha256=", "sha1=x", &hex[1..], &hex.replace('7', "8")] {
        assert!(signature.check(&call_of(written), secret).is_err(), "{written}");
    }
}

/// A large body is read in a moment, and nothing of it is lost.
#[test]
fn a_body_of_a_megabyte_is_shown_whole() {
    let text = "*line* of a [log](https://amt.example)\n".repeat(26_000);
    let body = serde_json::json!({ "text": text }).to_string();
    assert!(body.len() > 1_000_000);
    let call = call(&[("Content-Type", "application/json")], &body);
    let caller = caller("webhook", "");
    let received = caller.take(&call, viadukt_api::Timestamp(0)).unwrap();
    let content = caller.read(&received[0]).unwrap().content;
    assert_eq!(content.text.lines().count(), 26_000);
    assert_eq!(content.html, None, "so much is shown as text");
}

#[test]
fn html_that_is_too_much_is_text_and_says_so() {
    let caller = caller("webhook", "");
    let read = |html: &str| {
        let body = serde_json::json!({ "html": html }).to_string();
        let call = call(&[("Content-Type", "application/json")], &body);
        let received = caller.take(&call, viadukt_api::Timestamp(0)).unwrap();
        caller.read(&received[0]).unwrap().content
    };
    assert_eq!(read("<b>short</b>").text, "short");
    let long = read(&"<b>x</b>".repeat(20_000));
    assert_eq!(long.html, None);
    let (text, remark) = long.text.split_once('\n').unwrap();
    assert_eq!(text, "x".repeat(20_000));
    assert!(remark.starts_with("(The formatted text was too extensive"), "{remark}");
}

/// Bodies of every JSON type, and with every field of the wrong type.
#[test]
fn fields_may_be_anything() {
    let caller = caller("webhook", "");
    for odd in ["null", "1", "\"x\"", "[]", "{}", "[1]", "{\"a\":[]}", "[null]", "[[]]", "true"] {
        let fields =
            ["text", "title", "message", "html", "username", "attachments", "blocks", "severity"];
        let bodies = fields.iter().map(|field| format!("{{\"{field}\":{odd}}}"));
        let nested = ["fields", "text", "title", "title_link", "color", "elements", "type"];
        let nested = nested.iter().flat_map(|field| {
            ["attachments", "blocks"].map(|list| format!("{{\"{list}\":[{{\"{field}\":{odd}}}]}}"))
        });
        for body in bodies.chain(nested).chain([odd.to_owned()]) {
            let call = call(&[("Content-Type", "application/json")], &body);
            let received = caller.take(&call, viadukt_api::Timestamp(0)).unwrap();
            let read = caller.read(&received[0]);
            assert!(read.is_ok(), "{body}: {:?}", read.err().map(|e| e.reason.args));
        }
    }
}
