//! The header: for each recipient a stanza with the wrapped file key, then a check over all.

use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use viadukt_api::env::Entropy;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use super::{FileKey, Identity, Recipient, derive, invalid};

pub(super) const VERSION: &str = "age-encryption.org/v1\n";
const STANZA: &str = "-> ";
const X25519: &str = "X25519";
/// What the wrapping keys are derived for.
const LABEL: &str = "age-encryption.org/v1/X25519";
const END: &str = "---";
/// Lines of a body have at most 64 characters; a shorter one ends it.
const COLUMNS: usize = 64;
/// No header is longer: some hundred recipients.
const LONGEST: usize = 64 << 10;

pub(super) fn write(key: &FileKey, recipients: &[Recipient], entropy: &dyn Entropy) -> String {
    let mut header = VERSION.to_owned();
    for Recipient(recipient) in recipients {
        let mut random = Zeroizing::new([0; 32]);
        entropy.fill(random.as_mut_slice());
        let ephemeral = StaticSecret::from(*random);
        let share = PublicKey::from(&ephemeral);
        let cipher = wrapping(&ephemeral.diffie_hellman(recipient), &share, recipient);
        // It seals anything shorter than 256 GiB.
        let body = cipher.encrypt(&Nonce::default(), key.as_slice()).unwrap_or_default();
        let (share, body) = (BASE64.encode(share.as_bytes()), BASE64.encode(body));
        header += &format!("{STANZA}{X25519} {share}\n{body}\n");
    }
    header += END;
    let check = BASE64.encode(mac(key, &header).finalize().into_bytes());
    header + " " + &check + "\n"
}

/// Reads the header of `from` up to its end, and the file key with one of `identities`.
pub(super) fn read(from: &mut impl Read, identities: &[Identity]) -> io::Result<FileKey> {
    let mut lines = Lines { from, read: String::new() };
    if lines.next()? != VERSION.trim_end() {
        return Err(invalid("it is not encrypted in the age format, version 1"));
    }
    let mut found = None;
    loop {
        let line = lines.next()?;
        if let Some(check) = line.strip_prefix(END).and_then(|rest| rest.strip_prefix(' ')) {
            let key: FileKey = found.ok_or_else(|| invalid("no identity given may read it"))?;
            let end = lines.read.len() - check.len() - " \n".len();
            let check = BASE64.decode(check).map_err(|_| malformed())?;
            let header = lines.read.get(..end).unwrap_or_default();
            mac(&key, header).verify_slice(&check).map_err(|_| malformed())?;
            return Ok(key);
        }
        let arguments = line.strip_prefix(STANZA).ok_or_else(malformed)?;
        let mut body = String::new();
        loop {
            let line = lines.next()?;
            body += &line;
            if line.len() < COLUMNS {
                break;
            }
        }
        if let Some(share) = arguments.strip_prefix(X25519).and_then(|rest| rest.strip_prefix(' '))
        {
            let unwrapped = identities.iter().find_map(|identity| unwrap(share, &body, identity));
            found = found.or(unwrapped);
        }
    }
}

fn unwrap(share: &str, body: &str, Identity(identity): &Identity) -> Option<FileKey> {
    let share: [u8; 32] = BASE64.decode(share).ok()?.try_into().ok()?;
    let share = PublicKey::from(share);
    let shared = identity.diffie_hellman(&share);
    // A share of low order makes a secret that everybody knows (RFC 7748 6.1).
    if !shared.was_contributory() {
        return None;
    }
    let body: [u8; 32] = BASE64.decode(body).ok()?.try_into().ok()?;
    let cipher = wrapping(&shared, &share, &PublicKey::from(identity));
    let key = Zeroizing::new(cipher.decrypt(&Nonce::default(), body.as_slice()).ok()?);
    let mut unwrapped = FileKey::default();
    unwrapped.copy_from_slice(key.get(..16)?);
    Some(unwrapped)
}

/// The key that wraps a file key. It is used once, so the nonce may be zero.
fn wrapping(shared: &SharedSecret, share: &PublicKey, recipient: &PublicKey) -> ChaCha20Poly1305 {
    let salt = [share.as_bytes().as_slice(), recipient.as_bytes()].concat();
    let key = derive(shared.as_bytes(), &salt, LABEL);
    ChaCha20Poly1305::new((&*key).into())
}

fn mac(key: &FileKey, header: &str) -> Hmac<sha2::Sha256> {
    let derived = derive(key.as_slice(), &[], "header");
    // HMAC fills a key up to a whole block with zeros (RFC 2104 2).
    let mut block = Zeroizing::new([0; 64]);
    block[..derived.len()].copy_from_slice(derived.as_slice());
    let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new((&*block).into());
    mac.update(header.as_bytes());
    mac
}

fn malformed() -> io::Error {
    invalid("its age header was changed or damaged")
}

/// Lines, byte by byte: what follows the header must not be read.
struct Lines<'f, R> {
    from: &'f mut R,
    read: String,
}

impl<R: Read> Lines<'_, R> {
    fn next(&mut self) -> io::Result<String> {
        let start = self.read.len();
        let mut byte = [0];
        while byte != *b"\n" {
            self.from.read_exact(&mut byte).map_err(|_| malformed())?;
            if !byte.is_ascii() || self.read.len() == LONGEST {
                return Err(malformed());
            }
            self.read.push(char::from(byte[0]));
        }
        Ok(self.read[start..self.read.len() - 1].to_owned())
    }
}
