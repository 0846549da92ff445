//! `viadukt sms parts`: how texts would be cut, without configuration or network.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use serde_json::json;
use viadukt_api::Tool;

use crate::gateway::PARSE_HOOK;
use crate::text::{Parts, plain};

pub(crate) const TOOLS: &[Tool] = &[PARTS, PARSE_HOOK];

const PARTS: Tool = Tool {
    noun: "sms",
    verb: "parts",
    about: "Show into which parts texts would be cut",
    run: parts,
};

const USAGE: &str = "Usage: viadukt sms parts [FILE…] [--json] [--plain]

Shows into which parts each text would be cut: one text a line, from files or standard input.

  --json   each line is a JSON string, and so is each line shown: encoding, units, count, parts,
           error
  --plain  replace characters that GSM-7 lacks where that spares parts, as the bridge does by
           default\n";

/// How lines are read and shown.
#[derive(Clone, Copy, Default)]
struct Manner {
    json: bool,
    plain: bool,
}

fn parts(words: &[String], to: &mut dyn Write) -> Result<(), String> {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return to.write_all(USAGE.as_bytes()).map_err(unwritten);
    }
    let (options, files): (Vec<_>, Vec<_>) = words.iter().partition(|w| w.starts_with("--"));
    let mut manner = Manner::default();
    for option in options {
        match option.as_str() {
            "--json" => manner.json = true,
            "--plain" => manner.plain = true,
            _ => return Err(format!("unknown option {option}\n\n{USAGE}")),
        }
    }
    let mut bad = Vec::new();
    if files.is_empty() {
        show_all(&mut io::stdin().lock(), "standard input", manner, to, &mut bad)?;
    }
    for file in files {
        match File::open(file) {
            Ok(open) => show_all(&mut BufReader::new(open), file, manner, to, &mut bad)?,
            Err(error) => bad.push(format!("{file}: {error}")),
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
}

/// Shows what each line of `source` would become; what cannot be read goes to `bad`, and the
/// lines after it are read all the same.
fn show_all(
    source: &mut dyn BufRead,
    name: &str,
    manner: Manner,
    to: &mut dyn Write,
    bad: &mut Vec<String>,
) -> Result<(), String> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        match source.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                bad.push(format!("{name}: {error}"));
                break;
            }
        }
        let shown = match text_of(&line, manner).and_then(|text| Ok((cut(&text, manner)?, text))) {
            Ok((parts, _)) if manner.json => as_line(&parts),
            Ok((parts, text)) => for_a_person(&text, &parts),
            Err(error) => {
                bad.push(format!("{name}, line {number}: {error}"));
                if !manner.json {
                    continue;
                }
                // A line for each line, so that the two can be laid side by side.
                format!("{}\n", json!({ "error": error }))
            }
        };
        to.write_all(shown.as_bytes()).map_err(unwritten)?;
    }
    Ok(())
}

/// The text that a line holds; its line end does not belong to it.
fn text_of(line: &[u8], manner: Manner) -> Result<String, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = str::from_utf8(line).map_err(|_| "expected UTF-8".to_owned())?;
    if !manner.json {
        return Ok(text.to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("expected a JSON string: {error}"))
}

fn cut(text: &str, manner: Manner) -> Result<Parts, String> {
    let cut = if manner.plain { Parts::of(&plain::spare_parts(text)) } else { Parts::of(text) };
    cut.map_err(|long| long.to_string())
}

fn as_line(parts: &Parts) -> String {
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    let line = json!({
        "encoding": parts.encoding.name(),
        "units": parts.units,
        "count": parts.count(),
        "parts": texts,
        "error": null,
    });
    format!("{line}\n")
}

fn for_a_person(text: &str, parts: &Parts) -> String {
    let (count, encoding, room) = (parts.count(), parts.encoding, parts.room());
    let mut shown = format!("{text}\n  {count} SMS, {}, {} units\n", encoding.name(), parts.units);
    for (number, part) in parts.iter().enumerate() {
        let units = part.units(encoding);
        shown += &format!("  {}  {units:>3}/{room}  {}\n", number + 1, part.text);
    }
    shown + "\n"
}

fn unwritten(error: io::Error) -> String {
    format!("cannot write the result: {error}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn shown(input: &[u8], manner: Manner) -> (String, Vec<String>) {
        let (mut to, mut bad) = (Vec::new(), Vec::new());
        show_all(&mut &*input, "texts", manner, &mut to, &mut bad).unwrap();
        (String::from_utf8(to).unwrap(), bad)
    }

    #[test]
    fn one_object_a_line_and_a_bad_line_does_not_stop_the_others() {
        let manner = Manner { json: true, plain: false };
        let (lines, bad) = shown(b"\"Gr\\u00fc\\u00dfe\\n5 \\u20ac\"\n7\n\"\xff\"\n\"\"", manner);
        let lines: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let grüße = json!({
            "encoding": "GSM-7", "units": 10, "count": 1, "parts": ["Grüße\n5 €"],
            "error": null,
        });
        assert_eq!(lines[0], grüße);
        assert!(lines[1]["error"].as_str().unwrap().starts_with("expected a JSON string"));
        assert_eq!(lines[2]["error"], "expected UTF-8");
        assert_eq!(lines[3]["parts"], json!([""]));
        assert!(bad[0].starts_with("texts, line 2: expected a JSON string"), "{bad:?}");
        assert_eq!(bad[1], "texts, line 3: expected UTF-8");
    }

    #[test]
    fn people_see_each_part_with_its_room() {
        let text = "ы".repeat(71);
        let (shown, bad) = shown(format!("{text}\r\n").as_bytes(), Manner::default());
        assert_eq!(bad, Vec::<String>::new());
        let (first, second) = ("ы".repeat(67), "ы".repeat(4));
        assert_eq!(
            shown,
            format!(
                "{text}\n  2 SMS, UCS-2, 71 units\n  1   67/67  {first}\n  2    4/67  {second}\n\n"
            )
        );
    }

    #[test]
    fn plainer_words_on_request() {
        let manner = Manner { json: true, plain: true };
        let quoted = format!("\"„{}“\"", "a".repeat(100));
        assert!(shown(quoted.as_bytes(), manner).0.contains("GSM-7"));
        assert!(shown(quoted.as_bytes(), Manner { plain: false, ..manner }).0.contains("UCS-2"));
    }

    #[test]
    fn what_makes_no_sense_is_answered() {
        let run = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let mut to = Vec::new();
            (parts(&words, &mut to), String::from_utf8(to).unwrap())
        };
        assert!(run(&["--xml"]).0.unwrap_err().contains("Usage"));
        assert!(run(&["--help"]).1.contains("Usage"));
        assert!(run(&["/nowhere"]).0.unwrap_err().starts_with("/nowhere: "));
    }
}
