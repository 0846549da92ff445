//! How well quoted mails and signatures are taken off real mails:
//!
//! ```text
//! cargo run -p viadukt-email --example trimming -- FOLDER
//! ```
//!
//! `FOLDER/emails/` holds texts of mails, `FOLDER/trimmed/` under the same names what a reader
//! should see of them. Printed is how many come out exactly so, and which lose a line that
//! should be seen. Exits with 1 when any does.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use viadukt_email::trim;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder with emails/ and trimmed/")?;
    let folder = Path::new(&folder);
    let mut names: Vec<_> = fs::read_dir(folder.join("emails"))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    let (mut exact, mut losing) = (0, 0);
    for name in &names {
        let text = fs::read_to_string(folder.join("emails").join(name))?;
        let expected = fs::read_to_string(folder.join("trimmed").join(name))?;
        let shown = trim::text(&text, false).unwrap_or(text);
        let (shown, expected) = (lines(&shown), lines(&expected));
        let lost: Vec<_> = expected.iter().filter(|line| !shown.contains(line)).collect();
        match (shown == expected, lost.as_slice()) {
            (true, _) => exact += 1,
            (false, []) => {
                let more = shown.len().saturating_sub(expected.len());
                println!("{}: shows {more} lines more", name.display());
            }
            (false, lost) => {
                losing += 1;
                println!("{}: loses {lost:?}", name.display());
            }
        }
    }
    println!("{exact} of {} come out exactly, {losing} lose a line", names.len());
    Ok(if losing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lines without blanks at their ends, and without empty ones before and after.
fn lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |at| at + 1);
    lines[first..last].to_vec()
}
