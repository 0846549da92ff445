//! TLS towards a far side: whom it must prove to be, and how we prove who we are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Fields;

/// Our own certificate, where a far side asks for one, and its key: PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those that link it to the authority.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

impl Identity {
    /// Reads `certificate_file` and `key_file`: both or neither.
    pub fn read(fields: &Fields<'_>) -> Option<Self> {
        let certificate_file = fields.optional("certificate_file");
        match (certificate_file, fields.optional("key_file")) {
            (Some(certificate_file), Some(key_file)) => {
                let identity = Self { certificate_file, key_file };
                let tried = identity.clone();
                fields.later("certificate_file", move || {
                    client(Trust::Alone(None), Some(&tried)).map(drop)
                });
                Some(identity)
            }
            (None, None) => None,
            (Some(_), None) => {
                fields.object("key_file", "missing: the key of `certificate_file`");
                None
            }
            (None, Some(_)) => {
                fields.object("certificate_file", "missing: the certificate of `key_file`");
                None
            }
        }
    }
}

/// Reads the option `ca_file`, for [`Trust`].
pub fn read_ca_file(fields: &Fields<'_>) -> Option<PathBuf> {
    let file = fields.optional::<PathBuf>("ca_file")?;
    let tried = file.clone();
    fields.later("ca_file", move || roots(Trust::Alone(Some(&tried))).map(drop));
    Some(file)
}

/// Which authorities are believed. The files are `ca_file` of the configuration, in PEM.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'f> {
    /// The system's, and besides them those in a file.
    Besides(Option<&'f Path>),
    /// Those in a file alone; without one, the system's.
    Alone(Option<&'f Path>),
}

/// The settings of a client that believes whom `trust` names, and that shows `identity` to who
/// asks for it.
///
/// # Errors
/// A file that cannot be read, by the option that names it.
pub fn client(trust: Trust<'_>, identity: Option<&Identity>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots(trust)?);
    let Some(Identity { certificate_file, key_file }) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|e| at("key_file", key_file, &e))?;
    builder
        .with_client_auth_cert(certificates("certificate_file", certificate_file)?, key)
        .map_err(|e| at("certificate_file", certificate_file, &e))
}

fn roots(trust: Trust<'_>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (Trust::Besides(file) | Trust::Alone(file)) = trust;
    if matches!(trust, Trust::Besides(_) | Trust::Alone(None)) {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(file) = file {
        for certificate in certificates("ca_file", file)? {
            roots.add(certificate).map_err(|e| at("ca_file", file, &e))?;
        }
    }
    Ok(roots)
}

fn certificates(option: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|e| at(option, file, &e))?;
    match certificates.is_empty() {
        true => Err(at(option, file, &"there is no certificate in it")),
        false => Ok(certificates),
    }
}

fn at(option: &str, file: &Path, what: &dyn fmt::Display) -> String {
    format!("{option} {}: {what}", file.display())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::config::Findings;

    #[test]
    fn what_cannot_be_read_is_named_by_its_option() {
        let nowhere = Path::new("/nowhere.pem");
        let error = client(Trust::Besides(Some(nowhere)), None).unwrap_err();
        assert!(error.starts_with("ca_file /nowhere.pem: "), "{error}");
        let identity = Identity { certificate_file: nowhere.into(), key_file: nowhere.into() };
        let error = client(Trust::Besides(None), Some(&identity)).unwrap_err();
        assert!(error.starts_with("key_file /nowhere.pem: "), "{error}");
        assert!(client(Trust::Besides(None), None).is_ok());
    }

    #[test]
    fn a_file_alone_takes_the_place_of_the_systems_authorities() {
        let own = tempfile::NamedTempFile::new().unwrap();
        let key = rcgen::generate_simple_self_signed(["amt.example".to_owned()]).unwrap();
        std::fs::write(own.path(), key.cert.pem()).unwrap();
        assert_eq!(roots(Trust::Alone(Some(own.path()))).unwrap().len(), 1);
        let of_system = roots(Trust::Alone(None)).unwrap().len();
        assert_eq!(roots(Trust::Besides(Some(own.path()))).unwrap().len(), of_system + 1);
    }

    #[test]
    fn a_certificate_comes_with_its_key() {
        let findings = Findings::default();
        let table = toml::de::DeTable::parse("certificate_file = 'a.pem'").unwrap();
        let fields = Fields::new(table.get_ref(), table.span(), "", &findings);
        assert_eq!(Identity::read(&fields), None);
        assert_eq!(findings.into_sorted()[0].path, "key_file");
    }
}
