//! Texts with places to fill in: `{to}`, `{validity:minutes?}`.
//!
//! A template knows nothing of escaping: what it is filled in for does that, for the whole of a
//! form's value or a JSON string, and for each filled place of an address. So nothing that a
//! phone or a clerk wrote can leave the place it was meant for.

use std::borrow::Cow;

use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};

use super::place::{Place, Setting, Writing};

/// A text with places to fill in. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Place { what: Place, optional: bool },
}

/// Gives what is filled in.
pub(crate) trait Facts {
    /// The value for `place`, unescaped; `None` where there is none.
    fn value<'f>(&'f self, place: &'f Place) -> Option<Cow<'f, str>>;
}

impl Template {
    /// Reads what somebody wrote.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else {
                let inner = from.strip_prefix('{').and_then(|from| from.split_once('}'));
                let (name, after) = inner.ok_or("a single brace; write {{ or }} for one")?;
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                let (name, optional) =
                    name.strip_suffix('?').map_or((name, false), |name| (name, true));
                pieces.push(Piece::Place { what: Place::parse(name)?, optional });
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// Fills it in, each filled place through `escape`; `None` when a place has no value: then
    /// the field that it stands in is left out.
    pub(crate) fn fill(&self, facts: &dyn Facts, escape: fn(&str) -> String) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => filled.push_str(literal),
                Piece::Place { what, .. } => {
                    let value = facts.value(what)?;
                    // Our own address is the beginning of one, not a part to be escaped.
                    let is_address = *what == Place::Setting(Setting::HooksUrl);
                    filled.push_str(&if is_address { value } else { escape(&value).into() });
                }
            }
        }
        Some(filled)
    }

    /// As [`Template::fill`], where the whole is escaped by what it is put into.
    pub(crate) fn plain(&self, facts: &dyn Facts) -> Option<String> {
        self.fill(facts, str::to_owned)
    }

    /// Whether it is a single place that holds a whole number, which JSON writes without quotes.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.0.as_slice(), [Piece::Place { what: Place::Validity(..) | Place::Parts, .. }])
    }

    /// The settings without which it cannot be filled in.
    pub(crate) fn needs(&self) -> impl Iterator<Item = Setting> {
        self.places(false).filter_map(|place| match place {
            Place::Setting(setting) => Some(*setting),
            _ => None,
        })
    }

    /// Whether a place may have no value and is not marked with `?`.
    fn has_unmarked(&self) -> bool {
        self.places(false).any(|place| match place {
            Place::Validity(..) | Place::ReceiptUrl => true,
            Place::Text(writing) => *writing != Writing::Plain,
            _ => false,
        })
    }

    fn places(&self, are_optional: bool) -> impl Iterator<Item = &Place> {
        self.0.iter().filter_map(move |piece| match piece {
            Piece::Place { what, optional } if *optional == are_optional => Some(what),
            _ => None,
        })
    }
}

impl FromToml for Template {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let template = Self::parse(text(value, "a text with places such as {to}")?)?;
        if template.has_unmarked() {
            return Err("{validity:…}, {receipt_url}, {text:gsm} and {text:ucs2hex} may have no \
                        value: mark them with ?, as in {receipt_url?}; the field is then left out"
                .to_owned());
        }
        Ok(template)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    struct Known;

    impl Facts for Known {
        fn value<'f>(&'f self, place: &'f Place) -> Option<Cow<'f, str>> {
            match place {
                Place::To(number) => Some(number.write("+491701234567")),
                Place::Text(Writing::Plain) => Some("a & b".into()),
                _ => None,
            }
        }
    }

    #[test]
    fn places_are_filled_in() {
        let fill = |written: &str| Template::parse(written).unwrap().plain(&Known);
        assert_eq!(
            fill("{to} {to:digits} {to:00}").unwrap(),
            "+491701234567 491701234567 00491701234567"
        );
        assert_eq!(fill("{{{text}}}").unwrap(), "{a & b}");
        assert_eq!(fill("for {validity:minutes?} minutes"), None);
        let escaped = Template::parse("/x?y={text}&z").unwrap();
        assert_eq!(
            escaped.fill(&Known, |text| text.replace('&', "%26")).unwrap(),
            "/x?y=a %26 b&z"
        );
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for written in [
            "{to",
            "to}",
            "{nobody}",
            "{to:roman}",
            "{coding}",
            "{text:loud}",
            "{validity}",
            "{validity:seconds|long}",
        ] {
            assert!(Template::parse(written).is_err(), "{written}");
        }
    }
}
