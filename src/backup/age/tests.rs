#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Stdio};

use viadukt_api::Env;

use super::*;

/// The key pair of `age-keygen`, which nothing else uses.
const PUBLIC: &str = "age1negky662n0x56zh5mmfjngm0v5rh4ffufc03q9uz3y0uach6pgnsxvhapc";
const SECRET: &str = "AGE-SECRET-KEY-1RUL8U03FPJJS4QRAKUHCHUEZMVX52F5FLTWEMSHFVX9H4LP7HPGQ5SN0QW";

/// Lengths at which chunks begin and end.
const LENGTHS: [usize; 7] = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000];

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

fn sealed(content: &[u8], recipients: &[Recipient]) -> Vec<u8> {
    let mut file = seal(Vec::new(), recipients, &*Env::system().entropy).unwrap();
    file.write_all(content).unwrap();
    file.finish().unwrap()
}

fn opened(file: &[u8], identities: &[Identity]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    open(file, identities)?.read_to_end(&mut content)?;
    Ok(content)
}

fn pair() -> (Recipient, Identity) {
    let mut secret = [0; 32];
    Env::system().entropy.fill(&mut secret);
    let secret = StaticSecret::from(secret);
    (Recipient(PublicKey::from(&secret)), Identity(secret))
}

#[test]
fn what_was_sealed_opens_for_each_recipient_and_nobody_else() {
    let ((anna, annas), (bernd, bernds)) = (pair(), pair());
    for length in LENGTHS {
        let content = content(length);
        let file = sealed(&content, &[anna.clone(), bernd.clone()]);
        assert!(is_age(&file));
        for identity in [&annas, &bernds] {
            let identity = Identity(identity.0.clone());
            assert_eq!(opened(&file, &[pair().1, identity]).unwrap(), content, "{length}");
        }
        let refused = opened(&file, &[pair().1]).unwrap_err().to_string();
        assert!(refused.contains("no identity"), "{refused}");
    }
}

#[test]
fn what_was_changed_or_cut_does_not_open() {
    let (recipient, identity) = pair();
    let identities = [identity];
    let file = sealed(&content(70_000), &[recipient]);
    for at in (0..260).step_by(7).chain((260..file.len()).step_by(9_001)) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(opened(&changed, &identities).is_err(), "byte {at}");
        assert!(opened(&file[..at], &identities).is_err(), "cut at {at}");
    }
    assert!(opened(&[&file[..], b"x"].concat(), &identities).is_err(), "with something after it");
}

#[test]
fn keys_are_written_as_everywhere() {
    let recipient: Recipient = PUBLIC.parse().unwrap();
    assert_eq!(recipient.to_string(), PUBLIC);
    let identities = Identity::read_all(&format!("# created: today\n\n{SECRET}\n")).unwrap();
    assert_eq!(PublicKey::from(&identities[0].0), recipient.0);
    assert_eq!(format!("{:?}", identities[0]), "Identity(…)");
    let typo = PUBLIC.replace("egk", "egl");
    for wrong in ["", "age1", SECRET, &typo] {
        assert!(wrong.parse::<Recipient>().is_err(), "{wrong:?}");
    }
    assert!(Identity::read_all(PUBLIC).is_err());
}

/// `age` of Debian, which tests/setup installs, has the last word on the format.
#[test]
fn the_age_tool_reads_what_we_write_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, SECRET).unwrap();
    let identities = Identity::read_all(SECRET).unwrap();
    for length in LENGTHS {
        let content = content(length);
        let file = sealed(&content, &[PUBLIC.parse().unwrap(), pair().0]);
        let key = key.to_str().unwrap();
        assert_eq!(age(&["--decrypt", "--identity", key], &file), content, "{length}");
        let theirs = age(&["--encrypt", "--recipient", PUBLIC], &content);
        assert_eq!(opened(&theirs, &identities).unwrap(), content, "{length}");
    }
}

fn age(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut age = Command::new("age")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("age: {error}; tests/setup installs it"));
    let (mut stdin, input) = (age.stdin.take().unwrap(), input.to_owned());
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = age.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}
