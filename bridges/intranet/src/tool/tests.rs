//! The commands as they are called, with files.

use serde_json::Value;

use super::*;

fn run(
    command: fn(&[String], &mut dyn Write) -> Result<(), String>,
    words: &[&str],
) -> (Result<(), String>, String) {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut to = Vec::new();
    let result = command(&words, &mut to);
    (result, String::from_utf8(to).unwrap())
}

fn file(folder: &tempfile::TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn a_body_is_rendered_for_programs_and_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let body = file(&folder, "body", "{\"text\":\"**Door** open\",\"site\":\"Ulm\"}\n");
    let words = ["webhook", &body, "--json", "--option", "stream = 'site'"];
    let (result, shown) = run(render, &words);
    result.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["text"], "Door open");
    assert_eq!(shown["html"], "<p><strong>Door</strong> open</p>");
    assert_eq!(shown["stream"], "Ulm");
    let (result, shown) = run(render, &["webhook", &body]);
    result.unwrap();
    assert!(shown.contains("\n  | Door open\nHTML:\n  | <p><strong>"), "{shown}");
}

#[test]
fn a_template_is_tried_with_headers() {
    let folder = tempfile::tempdir().unwrap();
    let body = file(&folder, "body", "{\"n\":7}");
    let template = file(&folder, "t.j2", "{{ n }} {{ headers['x-event'] }}");
    let (result, shown) = run(
        render,
        &["webhook", &body, "--template", &template, "--header", "X-Event: push", "--json"],
    );
    result.unwrap();
    assert!(shown.contains("\"text\":\"7 push\""), "{shown}");
    let (result, _) = run(render, &["webhook", &body, "--template", &template]);
    let error = result.unwrap_err();
    assert!(error.contains("t.j2:1:12: undefined value"), "{error}");
}

#[test]
fn a_signed_call_is_one_that_the_bridge_takes() {
    let folder = tempfile::tempdir().unwrap();
    let secret = file(&folder, "secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let token = file(&folder, "token", "0123456789abcdef0123456789abcdef");
    let body = file(&folder, "it's a body", "{\"type\":\"x\"}");
    let url = "https://viadukt.amt.example/hooks/monitoring/door";
    let words = ["standard-webhooks", &body, "--secret-file", &secret, "--url", url];
    let (result, line) = run(sign, &words);
    result.unwrap();
    assert!(line.starts_with(&format!("curl --silent --show-error --request POST '{url}'")));
    assert!(line.contains(r"it'\''s a body'"), "{line}");
    let headers = line.split("--header '").skip(1).map(|l| l.split('\'').next().unwrap());
    let headers: Vec<_> = headers.map(|line| line.split_once(": ").unwrap()).collect();
    let call = crate::systems::tests::call(&headers, "{\"type\":\"x\"}");
    let dialect = crate::systems::tests::dialect("standard-webhooks");
    let checked = dialect.scheme().unwrap().check(&call, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert!(checked.is_ok());
    let (result, line) = run(sign, &["alertmanager", &body, "--token-file", &token, "--url", url]);
    result.unwrap();
    assert!(line.contains("\"Authorization: Bearer $(cat '") && !line.contains("0123456789"));
    let (result, _) = run(sign, &["alertmanager", &body, "--secret-file", &secret, "--url", url]);
    assert!(result.unwrap_err().contains("sign nothing"));
}

#[test]
fn slips_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let body = file(&folder, "body", "{\"text\":");
    for (command, words, expected) in [
        (
            render as fn(&[String], &mut dyn Write) -> Result<(), String>,
            &["webhook"][..],
            "name a kind",
        ),
        (render, &["pigeon", &body], "no kind of system that can be tried is called pigeon: "),
        (render, &["webhook", &body], "the body is not JSON"),
        (render, &["webhook", "/nowhere"], "/nowhere: "),
        (render, &["webhook", &body, "--url", "x"], "unknown option --url"),
        (render, &["webhook", &body, "--option", "x = 1"], "unknown option; known here"),
        (render, &["webhook", &body, "--option", "x ="], "--option: "),
        (sign, &["webhook", &body], "name the address"),
        (sign, &["webhook", &body, "--url", "x"], "no call is taken without a proof"),
    ] {
        let error = run(command, words).0.unwrap_err();
        assert!(error.contains(expected), "{words:?}: {error}");
    }
    assert!(run(sign, &["--help"]).1.starts_with("Usage: viadukt hook sign"));
}
