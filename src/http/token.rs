//! The token that shows that someone may read the data folder, and so may operate viadukt.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use viadukt_api::env::Entropy;

/// A random token, new at each start of the process.
pub struct AdminToken(SecretString);

impl AdminToken {
    /// The file in the data folder that holds it.
    pub const FILE: &'static str = "admin.token";

    /// Makes a token and writes it into `data_dir`, for its owner alone to read.
    pub fn create(data_dir: &Path, entropy: &dyn Entropy) -> io::Result<Self> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // A reader never sees half a token: the file gets its name when it is complete.
        let unfinished = data_dir.join("admin.token.new");
        match fs::remove_file(&unfinished) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?
            .write_all(token.as_bytes())?;
        fs::rename(&unfinished, data_dir.join(Self::FILE))?;
        Ok(Self(token.into()))
    }

    /// Reads the token that the running process wrote into `data_dir`.
    pub fn read(data_dir: &Path) -> io::Result<Self> {
        Ok(Self(fs::read_to_string(data_dir.join(Self::FILE))?.into()))
    }

    /// A token that people chose.
    pub fn chosen(secret: SecretString) -> Self {
        Self(secret)
    }

    /// Whether `presented` is the token; takes the same time whatever was presented.
    pub fn matches(&self, presented: &str) -> bool {
        // BLAKE3 hashes compare in constant time; hashing hides the length as well.
        blake3::hash(presented.as_bytes()) == blake3::hash(self.0.expose_secret().as_bytes())
    }

    /// The value of an `Authorization` header (RFC 6750 2.1).
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0.expose_secret())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use viadukt_api::Env;

    use super::*;

    #[test]
    fn the_token_is_for_the_owner_and_new_at_each_start() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = Env::system().entropy;
        let first = AdminToken::create(folder.path(), &*entropy).unwrap();
        let second = AdminToken::create(folder.path(), &*entropy).unwrap();
        let read = AdminToken::read(folder.path()).unwrap();
        let presented = read.header();
        let presented = presented.strip_prefix("Bearer ").unwrap();
        assert!(second.matches(presented));
        assert!(!first.matches(presented));
        assert!(!second.matches(&presented[1..]));
        let mode = fs::metadata(folder.path().join(AdminToken::FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
