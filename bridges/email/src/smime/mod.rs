//! S/MIME (RFC 8551): what is signed is read, and its signature looked at, before anything is
//! taken out of the mail. What is encrypted is named.

mod ber;
mod signed;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io;
use std::path::Path;

use mail_parser::{Message as Mail, MessageParser, MimeHeaders};
use memchr::memmem;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use serde::{Deserialize, Serialize};
use viadukt_api::{Timestamp, Words};

use signed::Signed;

/// What a signature is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signature {
    pub(crate) state: State,
    /// Whom the certificate names.
    pub(crate) name: Option<String>,
    pub(crate) addresses: Vec<String>,
    /// Who issued it.
    pub(crate) issuer: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// The mail is unchanged, and an authority that is trusted here vouches for who signed it.
    Valid,
    /// It is unchanged, and nobody who is trusted here vouches for who signed it.
    Unvouched,
    /// It was changed after it was signed.
    Broken,
    /// Its form or method is none that can be looked at.
    Unreadable,
}

/// A mail that is signed.
pub(crate) struct Opened {
    pub(crate) signature: Signature,
    /// The mail without its wrapping, where what is signed stands inside the signature.
    pub(crate) mail: Option<Vec<u8>>,
}

/// Who may vouch for whom.
#[derive(Default)]
pub(crate) struct Authorities(Vec<TrustAnchor<'static>>);

impl Authorities {
    /// Those whose certificates stand in a PEM file.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let certificates = CertificateDer::pem_file_iter(file).map_err(|e| invalid(e.to_string()));
        let anchors = certificates?.map(|certificate| {
            let certificate = certificate.map_err(|e| invalid(e.to_string()))?;
            let anchor = webpki::anchor_from_trusted_cert(&certificate);
            Ok(anchor.map_err(|e| invalid(e.to_string()))?.to_owned())
        });
        anchors.collect::<io::Result<_>>().map(Self)
    }

    /// Looks at the signature of `mail`, byte for byte as it came, at `now`; `None` when it has
    /// none.
    pub(crate) fn open(&self, mail: &[u8], now: Timestamp) -> Option<Opened> {
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_millis(now.0));
        let parsed = MessageParser::default().parse(mail)?;
        if is_detached(&parsed) {
            let boundary = parsed.content_type()?.attribute("boundary")?;
            let content = first_part(mail, boundary)?;
            let parts = parsed.parts.iter().skip(1);
            let signed = parts.filter(|part| is_signature(*part)).last();
            let signed = signed.and_then(|part| Signed::parse(part.contents()));
            let check = |signed: Signed| signed.check(&canonical(content), &self.0, now);
            let unreadable = || Signature::nameless(State::Unreadable);
            return Some(Opened { signature: signed.map_or_else(unreadable, check), mail: None });
        }
        if !is_opaque(&parsed) {
            return None;
        }
        let signed = Signed::parse(parsed.root_part().contents())?;
        let content = signed.content.as_deref()?;
        let signature = signed.check(content, &self.0, now);
        Some(Opened { signature, mail: Some(unwrapped(&parsed, content)) })
    }
}

impl Signature {
    fn nameless(state: State) -> Self {
        Self { state, name: None, addresses: Vec::new(), issuer: None }
    }

    /// What a room is told of it beside a mail from `author`.
    pub(crate) fn told(&self, author: &str, words: &Words) -> String {
        let address = self.addresses.iter().find(|address| address.eq_ignore_ascii_case(author));
        let address = address.or(self.addresses.first());
        let is_author = address.is_some_and(|address| address.eq_ignore_ascii_case(author));
        let signer = match (&self.name, address) {
            (Some(name), Some(address)) if name != address => format!("{name} <{address}>"),
            (name, address) => address.or(name.as_ref()).cloned().unwrap_or_default(),
        };
        let issuer = self.issuer.as_deref().unwrap_or_default();
        let key = match self.state {
            State::Valid if is_author => "mail-signature-valid",
            State::Valid => "mail-signature-of-another",
            State::Unvouched => "mail-signature-unvouched",
            State::Broken => return words.say("mail-signature-broken", &[]),
            State::Unreadable => return words.say("mail-signature-unreadable", &[]),
        };
        words.say(key, &[("signer", &signer), ("issuer", issuer)])
    }
}

/// Whether a mail by its header may be signed, so that looking at the whole of it is worth it.
pub(crate) fn may_be_signed(mail: &Mail<'_>) -> bool {
    is_detached(mail) || is_opaque(mail)
}

/// The key of the sentence that says how a mail is encrypted, if it is.
pub(crate) fn encrypted(mail: &Mail<'_>) -> Option<&'static str> {
    let kind = mail.content_type()?;
    let is = |name: &str, value: &str| {
        kind.attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
    let is_pgp = is("protocol", "application/pgp-encrypted");
    match (kind.ctype().to_ascii_lowercase().as_str(), subtype.as_str()) {
        ("multipart", "encrypted") if is_pgp => Some("mail-encrypted-pgp"),
        ("application", "pkcs7-mime" | "x-pkcs7-mime")
            if is("smime-type", "enveloped-data") || is("smime-type", "authEnveloped-data") =>
        {
            Some("mail-encrypted-smime")
        }
        _ => None,
    }
}

fn is_detached(mail: &Mail<'_>) -> bool {
    mail.content_type().is_some_and(|kind| {
        let protocol = kind.attribute("protocol").unwrap_or_default().to_ascii_lowercase();
        kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("signed"))
            && matches!(&*protocol, "application/pkcs7-signature" | "application/x-pkcs7-signature")
    })
}

fn is_opaque(mail: &Mail<'_>) -> bool {
    let subtype = mail.content_type().and_then(|kind| kind.subtype()).unwrap_or_default();
    let subtype = subtype.to_ascii_lowercase();
    matches!(&*subtype, "pkcs7-mime" | "x-pkcs7-mime") && encrypted(mail).is_none()
}

fn is_signature<'p>(part: &impl MimeHeaders<'p>) -> bool {
    let subtype = part.content_type().and_then(|kind| kind.subtype()).unwrap_or_default();
    matches!(&*subtype.to_ascii_lowercase(), "pkcs7-signature" | "x-pkcs7-signature")
}

/// What stands between the first two boundaries (RFC 1847 2.1), without the line end that belongs
/// to the second one.
fn first_part<'m>(mail: &'m [u8], boundary: &str) -> Option<&'m [u8]> {
    let delimiter = format!("\n--{boundary}");
    let begin = memmem::find(mail, delimiter.as_bytes())? + delimiter.len();
    let begin = begin + memchr::memchr(b'\n', &mail[begin..])? + 1;
    let end = begin + memmem::find(&mail[begin..], delimiter.as_bytes())?;
    let part = &mail[begin..end];
    Some(part.strip_suffix(b"\r").unwrap_or(part))
}

/// With lines ended as they were when they were signed (RFC 8551 3.1.1).
fn canonical(text: &[u8]) -> Cow<'_, [u8]> {
    let is_bare = |at: usize| at == 0 || text[at - 1] != b'\r';
    if !memchr::memchr_iter(b'\n', text).any(is_bare) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive(|b| *b == b'\n').map(|line| match line.strip_suffix(b"\n") {
        Some(line) => [line.strip_suffix(b"\r").unwrap_or(line), b"\r\n"].concat(),
        None => line.to_vec(),
    });
    Cow::Owned(lines.collect::<Vec<_>>().concat())
}

/// `mail` with its own header, except for what is said about the form, and what it wraps.
fn unwrapped(mail: &Mail<'_>, content: &[u8]) -> Vec<u8> {
    let root = mail.root_part();
    let header = root.headers.iter().filter(|field| {
        let name = field.name.as_str().to_ascii_lowercase();
        !name.starts_with("content-")
    });
    let raw = &mail.raw_message;
    let mut opened = Vec::with_capacity(content.len() + 1024);
    for field in header {
        let range = field.offset_field as usize..field.offset_end as usize;
        opened.extend_from_slice(raw.get(range).unwrap_or_default());
    }
    opened.extend_from_slice(content);
    opened
}
