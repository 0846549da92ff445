//! Who signed what (RFC 5652 5), and who vouches for them (RFC 8550).

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use ring::digest;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, ring as algorithms};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{SubjectAltName, SubjectKeyIdentifier};

use super::{Signature, State};
use crate::clean;

/// More certificates are not looked at.
const MOST: usize = 20;
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const EMAIL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// id-kp-emailProtection (RFC 5280 4.2.1.12), as webpki wants it.
const EMAIL_PROTECTION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];

/// A digest and the signatures that are made over it. SHA-1 proves nothing any more.
type Method = (
    &'static str,
    &'static digest::Algorithm,
    &'static [&'static dyn SignatureVerificationAlgorithm],
);
const METHODS: [Method; 3] = [
    (
        "2.16.840.1.101.3.4.2.1",
        &digest::SHA256,
        &[
            algorithms::RSA_PKCS1_2048_8192_SHA256,
            algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            algorithms::ECDSA_P256_SHA256,
            algorithms::ECDSA_P384_SHA256,
        ],
    ),
    (
        "2.16.840.1.101.3.4.2.2",
        &digest::SHA384,
        &[
            algorithms::RSA_PKCS1_2048_8192_SHA384,
            algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
            algorithms::ECDSA_P256_SHA384,
            algorithms::ECDSA_P384_SHA384,
        ],
    ),
    (
        "2.16.840.1.101.3.4.2.3",
        &digest::SHA512,
        &[algorithms::RSA_PKCS1_2048_8192_SHA512, algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
    ),
];

/// What was signed, with its signatures.
pub(super) struct Signed {
    data: SignedData,
    /// What stands in it; `None`: it stands beside it.
    pub(super) content: Option<Vec<u8>>,
}

impl Signed {
    /// Reads a `ContentInfo`; `None` when it is nothing signed.
    pub(super) fn parse(cms: &[u8]) -> Option<Self> {
        let info = ContentInfo::from_der(&super::ber::to_der(cms)?).ok()?;
        if info.content_type != SIGNED_DATA {
            return None;
        }
        let data: SignedData = info.content.decode_as().ok()?;
        let content = match &data.encap_content_info.econtent {
            Some(content) => Some(content.decode_as::<OctetString>().ok()?.into_bytes()),
            None => None,
        };
        Some(Self { data, content })
    }

    /// What the first signature over `content` is worth at `now`.
    pub(super) fn check(
        &self,
        content: &[u8],
        anchors: &[TrustAnchor<'_>],
        now: UnixTime,
    ) -> Signature {
        let Some(signer) = self.data.signer_infos.0.iter().next() else {
            return Signature::nameless(State::Unreadable);
        };
        let oid = signer.digest_alg.oid.to_string();
        let Some(method) = METHODS.iter().find(|(known, ..)| *known == oid) else {
            return Signature::nameless(State::Unreadable);
        };
        let Some(signed) = signed_bytes(signer, content, method.1) else {
            return Signature::nameless(State::Broken);
        };
        let Some(found) = self.certificate_of(signer) else {
            return Signature::nameless(State::Unreadable);
        };
        match verify(&found, signer, &signed, method.2) {
            Ok(()) => {}
            // A length of salt that nobody expects is no sign of a change.
            Err(webpki::Error::InvalidSignatureForPublicKey)
                if signer.signature_algorithm.oid != RSA_PSS =>
            {
                return Signature::nameless(State::Broken);
            }
            Err(_) => return Signature::nameless(State::Unreadable),
        }
        let certificates = self.certificates();
        let is_vouched = EndEntityCert::try_from(&found).is_ok_and(|certificate| {
            let usage = KeyUsage::required_if_present(EMAIL_PROTECTION);
            let all = webpki::ALL_VERIFICATION_ALGS;
            certificate
                .verify_for_usage(all, anchors, &certificates, now, usage, None, None)
                .is_ok()
        });
        let state = if is_vouched { State::Valid } else { State::Unvouched };
        Signature { state, ..named(&found) }
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.each().filter_map(|certificate| certificate.to_der().ok()).map(Into::into).collect()
    }

    /// The one that `signer` says is theirs.
    fn certificate_of(&self, signer: &SignerInfo) -> Option<CertificateDer<'static>> {
        let is_theirs = |certificate: &&Certificate| {
            let body = &certificate.tbs_certificate;
            match &signer.sid {
                SignerIdentifier::IssuerAndSerialNumber(id) => {
                    body.issuer == id.issuer && body.serial_number == id.serial_number
                }
                SignerIdentifier::SubjectKeyIdentifier(id) => {
                    let own = body.get::<SubjectKeyIdentifier>().ok().flatten();
                    own.is_some_and(|(_, own)| own == *id)
                }
            }
        };
        self.each().find(is_theirs)?.to_der().ok().map(Into::into)
    }

    fn each(&self) -> impl Iterator<Item = &Certificate> {
        let all = self.data.certificates.iter().flat_map(|all| all.0.iter()).take(MOST);
        all.filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        })
    }
}

/// Whether the key in `certificate` made the signature, by one of `methods`.
fn verify(
    certificate: &CertificateDer<'_>,
    signer: &SignerInfo,
    signed: &[u8],
    methods: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), webpki::Error> {
    let certificate = EndEntityCert::try_from(certificate)?;
    let signature = signer.signature.as_bytes();
    let mut result = Err(webpki::Error::BadDer);
    for method in methods {
        match certificate.verify_signature(*method, signed, signature) {
            Ok(()) => return Ok(()),
            // The key is one for this method.
            Err(webpki::Error::InvalidSignatureForPublicKey) => {
                result = Err(webpki::Error::InvalidSignatureForPublicKey);
            }
            Err(_) => {}
        }
    }
    result
}

/// What a signature is over (RFC 5652 5.4): the content, or attributes that hold its digest;
/// `None` when that is another's.
fn signed_bytes(
    signer: &SignerInfo,
    content: &[u8],
    algorithm: &'static digest::Algorithm,
) -> Option<Vec<u8>> {
    let Some(attributes) = &signer.signed_attrs else { return Some(content.to_vec()) };
    let stated = attributes.iter().find(|attribute| attribute.oid == MESSAGE_DIGEST)?;
    let stated: OctetString = stated.values.iter().next()?.decode_as().ok()?;
    let is_its = stated.as_bytes() == digest::digest(algorithm, content).as_ref();
    is_its.then(|| attributes.to_der().ok()).flatten()
}

/// Whom a certificate names, and who issued it.
fn named(certificate: &CertificateDer<'_>) -> Signature {
    let Ok(certificate) = Certificate::from_der(certificate) else {
        return Signature::nameless(State::Unvouched);
    };
    let body = certificate.tbs_certificate;
    let of = |name: &x509_cert::name::Name, wanted: ObjectIdentifier| {
        let parts = name.0.iter().flat_map(|part| part.0.iter());
        let found = parts.filter(|part| part.oid == wanted).find_map(|part| {
            // All strings of names (RFC 5280 4.1.2.4) in use today are ASCII or UTF-8.
            std::str::from_utf8(part.value.value()).ok().map(clean::line)
        });
        found.filter(|text| !text.is_empty())
    };
    let alternative = body.get::<SubjectAltName>().ok().flatten();
    let mut addresses: Vec<String> = alternative
        .iter()
        .flat_map(|(_, names)| names.0.iter())
        .filter_map(|name| match name {
            GeneralName::Rfc822Name(address) => clean::address(address.as_str()),
            _ => None,
        })
        .collect();
    addresses.extend(of(&body.subject, EMAIL));
    let name = of(&body.subject, COMMON_NAME);
    let issuer = of(&body.issuer, COMMON_NAME);
    Signature { state: State::Unvouched, name, addresses, issuer }
}
