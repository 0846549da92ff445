//! What a feed (RSS, Atom, JSON Feed) says, and what is made of one entry.

use feed_rs::model;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use viadukt_api::Timestamp;

use crate::markup;
use crate::notice::Notice;

/// One entry, as it is journalled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) title: String,
    pub(crate) link: Option<String>,
    pub(crate) author: Option<String>,
    /// HTML, as the feed has it.
    pub(crate) html: String,
    pub(crate) at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
}

/// An entry, and how it is told from others and from its own earlier versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) entry: Entry,
}

/// The entries that `bytes` list, oldest first, and how long the feed wants to be left alone, in
/// minutes. Custom entities are not expanded by the reader of XML, and nothing is fetched.
///
/// # Errors
/// It is no feed.
pub(crate) fn read(bytes: &[u8]) -> Result<(Vec<Listed>, Option<u32>), String> {
    // Without an id of its own an entry is known by its address and title, or by what it says;
    // the reader's usual last resort is another id each time.
    let by_link = |links: &[model::Link], title: &Option<model::Text>, _: Option<&str>| {
        let title = title.as_ref().map_or("", |title| title.content.as_str());
        links.first().map(|link| format!("{} {title}", link.href)).unwrap_or_default()
    };
    let parser = feed_rs::parser::Builder::new().id_generator(by_link).build();
    let feed = parser.parse(bytes).map_err(|e| e.to_string())?;
    let mut listed: Vec<_> = feed.entries.into_iter().map(listed).collect();
    // Feeds list the newest first, as a rule; where each entry has a date, that decides.
    listed.reverse();
    if listed.iter().all(|one| one.entry.at.is_some()) {
        listed.sort_by_key(|one| one.entry.at);
    }
    Ok((listed, feed.ttl))
}

fn listed(raw: model::Entry) -> Listed {
    let html = raw.content.and_then(|content| content.body);
    let html = html.or(raw.summary.map(|summary| summary.content)).unwrap_or_default();
    let moment = raw.published.or(raw.updated).map(|moment| moment.timestamp_millis());
    let entry = Entry {
        title: raw.title.map(|title| title.content).unwrap_or_default(),
        link: raw.links.into_iter().next().map(|link| link.href),
        author: raw.authors.into_iter().find_map(|author| author.name),
        html,
        at: moment.and_then(|moment| u64::try_from(moment).ok()).map(Timestamp),
        categories: raw.categories.into_iter().map(|category| category.term).collect(),
    };
    let updated = raw.updated.map(|moment| moment.to_rfc3339()).unwrap_or_default();
    let said = [&entry.title, entry.link.as_deref().unwrap_or_default(), &entry.html];
    let id = if raw.id.is_empty() { digest(&said) } else { digest(&[&raw.id]) };
    let version = digest(&[said[0], said[1], said[2], &updated]);
    Listed { id, version, entry }
}

/// A short name for `parts`, which cannot run into each other.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Entry {
    /// For a template and rules: in plain text.
    pub(crate) fn value(&self) -> Value {
        let plain = |html: &str| markup::from_html(html, None).text;
        let at = self
            .at
            .and_then(|at| jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok());
        json!({
            "title": plain(&self.title),
            "text": plain(&self.html),
            "link": self.link,
            "author": self.author,
            "categories": self.categories,
            "at": at.map(|at| at.to_string()),
        })
    }

    /// In the words of the room.
    pub(crate) fn notice(self) -> Notice {
        let title = markup::from_html(&self.title, None).text;
        let escaped = markup::escaped(&title);
        let link = self.link.filter(|link| link.starts_with("https:") || link.starts_with("http:"));
        let heading = match &link {
            Some(link) => format!("<a href=\"{}\">{escaped}</a>", link.replace('"', "%22")),
            None => escaped,
        };
        let body = markup::from_html(&self.html, None);
        let lines = [title.as_str(), link.as_deref().unwrap_or_default(), &body.text];
        let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        let html = format!("<p><strong>{heading}</strong></p>{}", self.html);
        let content = markup::from_html(&html, Some(&lines.join("\n")));
        let speaker = self.author.filter(|name| !name.trim().is_empty());
        Notice { at: self.at, speaker, content, ..Notice::default() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const RSS: &str = "<rss version='2.0'><channel><title>Amt</title><ttl>60</ttl>\
        <item><title>Second &amp; last</title><guid>2</guid><link>https://amt.example/2</link>\
        <description>&lt;b&gt;bold&lt;/b&gt;&lt;img src='https://evil.example/p.gif'&gt;</description>\
        </item><item><title>First</title><guid>1</guid></item></channel></rss>";

    #[test]
    fn entries_come_oldest_first_and_nothing_remote_is_shown() {
        let (listed, ttl) = read(RSS.as_bytes()).unwrap();
        assert_eq!(ttl, Some(60));
        let titles: Vec<_> = listed.iter().map(|one| one.entry.title.as_str()).collect();
        assert_eq!(titles, ["First", "Second & last"]);
        let content = listed[1].entry.clone().notice().content;
        assert_eq!(content.text, "Second & last\nhttps://amt.example/2\nbold");
        let html = content.html.unwrap();
        assert!(html.contains("<a href=\"https://amt.example/2\">Second &amp; last</a>"), "{html}");
        assert!(html.contains("<b>bold</b>") && !html.contains("img"), "{html}");
    }

    #[test]
    fn an_entry_without_id_is_known_again_and_a_changed_one_as_changed() {
        let rss = |text: &str| {
            let item = format!("<item><title>{text}</title></item>");
            let rss = format!("<rss version='2.0'><channel>{item}</channel></rss>");
            read(rss.as_bytes()).unwrap().0.remove(0)
        };
        assert_eq!(rss("a"), rss("a"));
        assert_ne!(rss("a").id, rss("b").id);
        let changed = RSS.replace("First", "First, corrected");
        let (before, after) =
            (read(RSS.as_bytes()).unwrap().0, read(changed.as_bytes()).unwrap().0);
        assert_eq!(before[0].id, after[0].id);
        assert_ne!(before[0].version, after[0].version);
        assert_eq!(before[1], after[1]);
    }

    #[test]
    fn hostile_feeds_cost_nothing() {
        let bomb = "<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>\
            <!ENTITY f SYSTEM 'file:///etc/passwd'>]><rss version='2.0'><channel><item>\
            <title>&b;&f;</title></item></channel></rss>";
        if let Ok((listed, _)) = read(bomb.as_bytes()) {
            let title = &listed[0].entry.title;
            assert!(!title.contains("aaaa") && !title.contains("root"), "{title}");
        }
        for deep in ["<a>", "<item>", "<content type='xhtml'>", "<div>"] {
            let deep = deep.repeat(100_000);
            let _ = read(format!("<rss version='2.0'><channel>{deep}").as_bytes());
            let _ = read(format!("<feed><entry><content type='xhtml'>{deep}").as_bytes());
        }
        let _ = read(format!("{{\"version\":\"x\",\"items\":{}", "[".repeat(100_000)).as_bytes());
        for no_feed in ["", "<html></html>", "{}", "\u{0}", "<rss"] {
            assert!(read(no_feed.as_bytes()).is_err(), "{no_feed:?}");
        }
    }
}
