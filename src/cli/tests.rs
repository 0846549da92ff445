#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::tests::registry;
use crate::http::views::DeadLetterFilter;
use crate::observe::Direction;

#[test]
fn words_become_commands() {
    let reference = "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-1";
    let asked = |words: &str| parse(split(words), &registry()).map(|asked| asked.command);
    assert!(matches!(asked("run"), Ok(Command::Run)));
    assert!(matches!(asked("check"), Ok(Command::Check)));
    assert!(matches!(asked("doctor"), Ok(Command::Doctor)));
    assert!(matches!(
        asked(&format!("trace {reference}")),
        Ok(Command::Trace { name, json: false }) if name == reference
    ));
    assert!(matches!(asked("trace <a@b> --json"), Ok(Command::Trace { json: true, .. })));
    assert!(matches!(asked("status"), Ok(Command::Status { json: false })));
    assert!(matches!(
        asked("letter read --raw -v letter.eml"),
        Ok(Command::Tool { words, .. }) if words == ["--raw", "-v", "letter.eml"]
    ));
    for wrong in ["", "walk", "trace", "deadletters", "letter", "letter write", "fax"] {
        assert!(asked(wrong).is_err(), "{wrong:?} was taken");
    }
}

#[test]
fn dead_letters_are_named_one_by_one_or_by_what_they_have_in_common() {
    let one = "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-1";
    let asked = |words: &str| match parse(split(&format!("deadletters {words}")), &registry()) {
        Ok(Invocation { command: Command::DeadLetters(asked), .. }) => Some(asked),
        _ => None,
    };
    let reference = one.parse().unwrap();
    let requeue = Some(DeadLetters::Requeue(Which::One(reference)));
    assert_eq!(asked(&format!("requeue {one}")), requeue);
    let filter = DeadLetterFilter {
        bridge: Some("post".parse().unwrap()),
        direction: Some(Direction::Out),
        reason: Some("mail".to_owned()),
        older_than: Some(43_200),
    };
    let options = "--bridge post --direction out --reason mail --older-than 12h";
    let all = Which::All { filter: filter.clone(), yes: true };
    assert_eq!(asked(&format!("discard --all --yes {options}")), Some(DeadLetters::Discard(all)));
    let list = DeadLetters::List { filter, json: true };
    assert_eq!(asked(&format!("list --json {options}")), Some(list));
    let show = DeadLetters::Show { reference, content: true, json: false };
    assert_eq!(asked(&format!("show {one} --content")), Some(show));
    for wrong in [
        "requeue",
        "discard --bridge post",
        "discard --yes",
        "discard x",
        "list --older-than soon",
        "list --direction up",
        &format!("requeue {one} --all"),
    ] {
        assert_eq!(asked(wrong), None, "{wrong:?} was taken");
    }
}

#[test]
fn the_configuration_may_be_named_before_and_after_the_command() {
    for words in ["--config a.toml check", "check -c a.toml"] {
        assert_eq!(parse(split(words), &registry()).unwrap().config, Path::new("a.toml"));
    }
}

#[tokio::test]
async fn check_says_what_is_wrong_and_what_is_right() {
    let folder = TempDir::new().unwrap();
    let (exit, said) = run(&folder, Command::Check, "language = \"fr\"\n").await.unwrap();
    assert_eq!(exit, Exit::Usage);
    assert!(said.contains("viadukt.toml:1:12: language: expected \"de\" or \"en\"\n"), "{said}");
    let (exit, said) = run(&folder, Command::Check, &configuration(&folder)).await.unwrap();
    assert!(said.contains("password: No such file"), "{said}");
    assert_eq!(exit, Exit::Usage);
    make_password(&folder);
    let (exit, said) = run(&folder, Command::Check, &configuration(&folder)).await.unwrap();
    assert!(said.ends_with("the configuration is good. Bridges: post\n"), "{said}");
    assert_eq!(exit, Exit::Ok);
}

#[tokio::test]
async fn a_bad_configuration_ends_every_other_command_too() {
    let folder = TempDir::new().unwrap();
    let failure = run(&folder, Command::Doctor, "language = \"fr\"\n").await.unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.message.contains(":1:12: language: "), "{failure}");
}

#[tokio::test]
async fn without_a_running_process_operators_are_told_so() {
    let folder = TempDir::new().unwrap();
    let list = Command::Status { json: false };
    let failure = run(&folder, list, &configuration(&folder)).await.unwrap_err();
    assert_eq!(failure.exit, Exit::Unavailable);
    assert!(failure.message.starts_with("No viadukt runs"), "{failure}");
}

#[tokio::test]
async fn doctor_shows_what_cannot_be_built() {
    let folder = TempDir::new().unwrap();
    let (exit, said) = run(&folder, Command::Doctor, &configuration(&folder)).await.unwrap();
    assert_eq!(exit, Exit::Unavailable);
    let row = said.lines().find(|line| line.starts_with("post")).unwrap();
    assert!(row.contains("WRONG") && row.contains("a test builds nothing"), "{said}");
}

#[tokio::test]
async fn a_tool_needs_no_configuration() {
    let folder = TempDir::new().unwrap();
    let tool = |words| parse(split(words), &registry()).unwrap().command;
    let (exit, said) = run(&folder, tool("letter read a b"), "").await.unwrap();
    assert_eq!((exit, said.as_str()), (Exit::Ok, "a b\n"));
    let failure = run(&folder, tool("letter read"), "").await.unwrap_err();
    assert_eq!((failure.exit, failure.message.as_str()), (Exit::Usage, "name a letter"));
}

fn split(words: &str) -> Vec<OsString> {
    std::iter::once("viadukt").chain(words.split_whitespace()).map(OsString::from).collect()
}

/// Performs `command` with the configuration `text`.
async fn run(folder: &TempDir, command: Command, text: &str) -> Result<(Exit, String), Failure> {
    let file = folder.path().join("viadukt.toml");
    fs::write(&file, text).unwrap();
    let mut out = Vec::new();
    let exit = perform(command, &file, &registry(), &Env::system(), &mut out).await?;
    Ok((exit, String::from_utf8(out).unwrap()))
}

fn configuration(folder: &TempDir) -> String {
    let (data, password) = (folder.path(), folder.path().join("password"));
    format!("data_dir = {data:?}\n{}", include_str!("../../tests/config/minimal.toml"))
        .replace("\"imap.password\"", &format!("{password:?}"))
}

fn make_password(folder: &TempDir) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.path().join("password");
    fs::write(&file, "hunter2\n").unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
}
