//! The command as it is called, with files.

use serde_json::{Value, json};

use super::*;

fn parse_hook(words: &[&str]) -> (Result<(), String>, String) {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut to = Vec::new();
    let result = run(&words, &mut to);
    (result, String::from_utf8(to).unwrap())
}

fn file(folder: &tempfile::TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// The published example of Twilio's, as if it were a message.
const REQUEST: &str = "POST /hooks/sms/message HTTP/1.1\r\nHost: mycompany.com\r\n\
    Content-Type: application/x-www-form-urlencoded\r\n\
    X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8=\r\n\r\n\
    CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234\
    &From=%2B14158675309&To=%2B18005551212";

#[test]
fn a_whole_request_with_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let call = file(&folder, "call", REQUEST);
    let secret = file(&folder, "secret", "12345\n");
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    let words = ["twilio", &call, "--json", "--secret-file", &secret, "--url", url];
    let (result, shown) = parse_hook(&words);
    result.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["signature"], "good");
    assert_eq!(shown["brings"][0]["text"]["from"], "+14158675309");
    assert_eq!(shown["answer"]["content_type"], "text/xml");
    assert_eq!(shown["error"], Value::Null);
    let (_, shown) = parse_hook(&["twilio", &call, "--secret-file", &secret]);
    assert!(shown.starts_with("Signature:  not authorised: the signature does not fit\n"));
}

#[test]
fn a_whole_request_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let request = "POST /hooks/sms/ HTTP/1.1\nHost: amt.example\n\
        Content-Type: application/json\n\n\
        {\"event\": \"sms:received\", \"payload\": {\"phoneNumber\": \"+491701234567\",\
        \"message\": \"Guten Tag,\\nwann?\", \"receivedAt\": \"2026-11-24T13:00:00+01:00\"}}\n";
    let (result, shown) = parse_hook(&["sms-gate", &file(&folder, "call", request)]);
    result.unwrap();
    let id = shown.split_once("Text:       ").unwrap().1.lines().next().unwrap();
    assert_eq!(
        shown,
        format!(
            "Signature:  not checked\n\
             Answer:     200 OK\n\
             \n\
             Text:       {id}\n\
             From:       +491701234567\n\
             To:         (not said)\n\
             Written:    2026-11-24T12:00:00Z\n  \
               | Guten Tag,\n  \
               | wann?\n"
        )
    );
}

#[test]
fn a_body_alone() {
    let folder = tempfile::tempdir().unwrap();
    let receipt = file(&folder, "receipt", "MessageSid=SM1&MessageStatus=delivered\n");
    let (result, shown) = parse_hook(&["twilio", &receipt]);
    result.unwrap();
    assert!(
        shown.ends_with(
            "\n\nReceipt of: SM1\n\
             State:      delivered\n\
             Code:       none\n"
        ),
        "{shown}"
    );
    let (_, shown) = parse_hook(&["twilio", &receipt, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let report = json!({ "receipt": { "of": "SM1", "state": "delivered", "code": null } });
    assert_eq!(shown["brings"], json!([report]));
    let part = "{\"msisdn\": \"447700900001\", \"to\": \"447700900000\", \"messageId\": \"1\",\
        \"text\": \"Hello world, and \", \"concat-ref\": \"7\", \"concat-total\": \"3\",\
        \"concat-part\": \"2\"}";
    let (_, shown) = parse_hook(&["vonage", &file(&folder, "part", part)]);
    assert!(shown.contains("\nPart:       2 of 3, reference 7\nFrom:       447700900001\n"));
    assert!(shown.ends_with("\n  | Hello world, and \n"), "{shown}");
}

#[test]
fn what_is_no_text_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = "{\"event\": \"sms:data-received\", \"payload\": {\"data\": \"SGVsbG8h\"}}";
    let (_, shown) = parse_hook(&["sms-gate", &file(&folder, "data", data)]);
    assert!(shown.ends_with("\n  | [binary data: 6 bytes]\n"), "{shown}");
    let picture = "{\"event\": \"mms:received\", \"payload\": {\"subject\": \"Garten\"}}";
    let (_, shown) = parse_hook(&["sms-gate", &file(&folder, "picture", picture)]);
    assert!(shown.ends_with("\n  | Garten\n  | [pictures: 1]\n"), "{shown}");
}

#[test]
fn a_terminal_is_given_no_commands() {
    let folder = tempfile::tempdir().unwrap();
    let call = "MessageSid=SM1&From=%1B%5B2J49&Body=%1B%5D0%3Bowned%07";
    let (_, shown) = parse_hook(&["twilio", &file(&folder, "call", call)]);
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

#[test]
fn a_call_that_means_nothing_is_an_error_after_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = file(&folder, "nothing", "{\"event\": \"sms:lost\"}");
    let error = "no hook of this gateway is meant for such a call";
    let (result, shown) = parse_hook(&["sms-gate", &nothing]);
    assert_eq!(result.unwrap_err(), error);
    assert_eq!(shown, "Signature:  not checked\n");
    let (_, shown) = parse_hook(&["sms-gate", &nothing, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["error"], error);
}

#[test]
fn words_that_make_no_sense_are_answered_with_the_usage() {
    for words in [&[][..], &["twilio"], &["twilio", "x", "--xml"], &["twilio", "x", "--url"]] {
        assert!(parse_hook(words).0.unwrap_err().contains("Usage"), "{words:?}");
    }
    assert!(parse_hook(&["pigeon", "x"]).0.unwrap_err().contains("neither a preset nor"));
    assert!(parse_hook(&["--help"]).1.starts_with("Usage"));
}
