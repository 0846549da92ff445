//! The key file: one secret, from which every key of the store and the spool is derived. Those
//! that a store cannot do without elsewhere it brings along, see `secrets`.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use viadukt_api::env::Entropy;
use zeroize::Zeroizing;

use super::{SledStore, disk};

type Secret = Zeroizing<[u8; 32]>;

/// The keys derived from the key file. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Keys {
    pub(super) records: Secret,
    pub(super) content: Secret,
    names: Secret,
    lookups: Secret,
    fingerprint: [u8; 8],
}

impl Keys {
    /// Reads the key file at `path`. Where neither it nor a store in the folder `store` exists,
    /// it is created with mode 0600: a new key for an existing store would open nothing.
    pub fn load_or_create(
        path: &Path,
        store: &Path,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        match read(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                if SledStore::exists(store) {
                    return Err(KeyError::Missing {
                        path: path.to_owned(),
                        store: store.to_owned(),
                    });
                }
                create(path, entropy).map(|secret| Self::derive(&secret))
            }
            secret => secret.map(|secret| Self::derive(&secret)),
        }
    }

    /// Keys that no file has, for what need not be read again.
    pub fn passing(entropy: &dyn Entropy) -> Self {
        let mut secret = Secret::default();
        entropy.fill(secret.as_mut_slice());
        Self::derive(&secret)
    }

    /// A keyed hash of `bytes`, so that a person's address never stands as a plain key in the
    /// store. `label` says what is looked up: the same bytes under another label give another
    /// hash.
    pub fn lookup(&self, label: &str, bytes: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.lookups);
        // The length keeps label and bytes from running into each other.
        hasher.update(&(label.len() as u64).to_le_bytes());
        hasher.update(label.as_bytes());
        hasher.update(bytes);
        hasher.finalize().into()
    }

    /// Starts the keyed hash by which the spool names a payload.
    pub(super) fn name_hasher(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.names)
    }

    /// Tells one key file from another without giving it away, in hexadecimal digits.
    pub(super) fn fingerprint(&self) -> String {
        to_hex(&self.fingerprint)
    }

    /// What a store brings along wherever it is moved, see [`super::secrets`]: the keys by which
    /// its records look each other up, and by which its spool files are named.
    pub(super) fn inner(&self) -> Zeroizing<[u8; 64]> {
        let mut inner = Zeroizing::new([0; 64]);
        let (lookups, names) = inner.split_at_mut(32);
        lookups.copy_from_slice(self.lookups.as_slice());
        names.copy_from_slice(self.names.as_slice());
        inner
    }

    /// These keys, but for what a store brings along.
    pub(super) fn with_inner(&self, inner: &[u8; 64]) -> Self {
        let mut keys = self.clone();
        let (lookups, names) = inner.split_at(32);
        keys.lookups.copy_from_slice(lookups);
        keys.names.copy_from_slice(names);
        keys
    }

    /// The subkeys, one context each as BLAKE3's `derive_key` asks for. A context never changes.
    fn derive(secret: &Secret) -> Self {
        let key = |context| Zeroizing::new(blake3::derive_key(context, secret.as_slice()));
        let mut fingerprint = [0; 8];
        fingerprint.copy_from_slice(&key("viadukt 2026 key fingerprint v1")[..8]);
        Self {
            records: key("viadukt 2026 store records v1"),
            content: key("viadukt 2026 spool content v1"),
            names: key("viadukt 2026 spool names v1"),
            lookups: key("viadukt 2026 store lookups v1"),
            fingerprint,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Other users of the machine may read the key file.
    #[error("key file {path}: others may read it (mode {mode:04o}); run: chmod 600 {path}")]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error(
        "key file {path}: expected one line of 64 hexadecimal digits; restore it from your backup"
    )]
    Malformed {
        /// The key file.
        path: PathBuf,
    },
    /// There is a store but no key file.
    #[error(
        "key file {path} is missing, and the store in {store} cannot be read without it; \
         restore it from your backup"
    )]
    Missing {
        /// The key file.
        path: PathBuf,
        /// The store's folder.
        store: PathBuf,
    },
    /// It could not be read or written.
    #[error("key file {path}: {source}")]
    Io {
        /// The key file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// `bytes` in lower-case hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Secret, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.mode() & 0o7777;
    // A group may, as with every other secret: that is how Kubernetes hands out files.
    if mode & 0o007 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(io::read_to_string(file).map_err(io)?);
    parse(text.trim_ascii_end()).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
}

fn parse(text: &str) -> Option<Secret> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut secret = Secret::default();
    for (byte, digits) in secret.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(secret)
}

fn create(path: &Path, entropy: &dyn Entropy) -> Result<Secret, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let mut secret = Secret::default();
    entropy.fill(secret.as_mut_slice());
    let line = Zeroizing::new(to_hex(secret.as_slice()) + "\n");

    if let Some(folder) = path.parent() {
        disk::create_folder(folder).map_err(io)?;
    }
    disk::replace_file(path, line.as_bytes()).map_err(io)?;
    Ok(secret)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use viadukt_api::Env;

    use super::*;

    fn load(path: &Path) -> Result<Keys, KeyError> {
        Keys::load_or_create(path, &path.with_file_name("store"), &*Env::system().entropy)
    }

    #[test]
    fn a_new_key_file_is_for_the_owner_alone_and_gives_the_same_keys_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.key");
        let first = load(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = load(&path).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.lookup("mail", b"a@example.org"), again.lookup("mail", b"a@example.org"));
        assert_eq!(format!("{first:?}"), "Keys(…)");
    }

    #[test]
    fn lookups_differ_by_label_and_by_key() {
        let dir = tempfile::tempdir().unwrap();
        let one = load(&dir.path().join("one")).unwrap();
        let two = load(&dir.path().join("two")).unwrap();
        assert_ne!(one.lookup("ab", b"c"), one.lookup("a", b"bc"));
        assert_ne!(one.lookup("ab", b"c"), two.lookup("ab", b"c"));
        assert_ne!(one.records, one.content);
    }

    #[test]
    fn a_key_file_that_everybody_may_read_is_refused_with_the_command_to_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.key");
        load(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        load(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = load(&path).unwrap_err().to_string();
        assert!(error.contains("mode 0644") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn half_a_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.key");
        load(&path).unwrap();
        fs::write(&path, "0123").unwrap();
        assert!(matches!(load(&path), Err(KeyError::Malformed { .. })));
    }

    #[test]
    fn no_new_key_is_made_for_an_existing_store() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("store")).unwrap();
        fs::write(dir.path().join("store/db"), "x").unwrap();
        let path = dir.path().join("store.key");
        assert!(matches!(load(&path), Err(KeyError::Missing { .. })));
        assert!(!path.exists());
    }
}
