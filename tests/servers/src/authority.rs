//! A certificate authority for one test, and the one server certificate it issues.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// An authority with a certificate for `localhost` and `127.0.0.1`.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Makes a new one; nobody else trusts it.
    ///
    /// # Errors
    /// The temporary folder could not be written.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("ca").tempdir()?;
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        // OpenSSL takes a certificate that is named as its issuer for one that signed itself.
        params.distinguished_name.push(DnType::CommonName, "an authority for one test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let authority = CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)?;

        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &authority))
            .map_err(io::Error::other)?;

        std::fs::write(folder.path().join("ca.pem"), authority.pem())?;
        std::fs::write(folder.path().join("server.pem"), certificate.pem())?;
        std::fs::write(folder.path().join("server.key"), key.serialize_pem())?;
        Ok(Self { folder })
    }

    /// The authority's own certificate, for `ca_file`.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The certificate, which clients may show as well.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The certificate's key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }

    /// The folder with the files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
