//! Every mistake in a system's table is named.

use crate::post::testing::declared;

fn findings(toml: &str) -> Vec<String> {
    declared(toml).1
}

#[test]
fn every_mistake_is_named() {
    for (toml, expected) in [
        ("speaks = 'gotify'", &["url: missing", "token_file: missing"][..]),
        (
            "speaks = 'gotify'\nurl = 'https://amt.example'\ntoken_file = 'a'\npriority = 11",
            &["priority: expected a number from 0 to 10"],
        ),
        (
            "speaks = 'ntfy'\nurl = 'https://amt.example'\ntopics = ['a b']\npriority = 0",
            &[
                "topics[0]: expected up to 64 letters, digits, hyphens and underscores",
                "priority: expected a number from 1 to 5",
            ],
        ),
        (
            "speaks = 'ntfy'\nurl = 'https://amt.example'\ntopics = []\nuser = 'a'",
            &[
                "password_file: missing: the password of `user`",
                "topics: expected at least one item",
            ],
        ),
        (
            "speaks = 'nextcloud'\nurl = 'http://cloud.amt.example'",
            &[
                "user: missing",
                "password_file: missing",
                "url: expected https://…, or http:// for 127.0.0.1, ::1 and localhost only",
            ],
        ),
        (
            "speaks = 'mattermost'\nchannels = 'a'",
            &["url_file: missing", "channels: expected a list"],
        ),
        (
            "speaks = 'teams'\ntimeout = '0s'",
            &["url_file: missing", "timeout: expected a time of at least \"1s\""],
        ),
        (
            "speaks = 'standard-webhooks'\nurl = 'https://amt.example'\nsigning_key_files = []",
            &["signing_key_files: expected at least one item"],
        ),
        (
            "speaks = 'cloudevents'\nurl = 'https://amt.example'\nsource = ''",
            &["source: expected a text that is not empty (CloudEvents 1.0.2, 3.1)"],
        ),
        (
            "speaks = 'alertmanager'\ntoken_files = ['a']\napi_url = 'https://10.0.0.1'\nack_for = '1'",
            &[
                "api_url: this address is not public: list it, or its network, in `networks`",
                "ack_for: expected a time such as \"30s\", \"5m\", \"12h\" or \"30d\"",
            ],
        ),
    ] {
        let mut found = findings(toml);
        let mut expected = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{toml}");
    }
}
