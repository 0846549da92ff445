//! A signature over the body alone: HMAC-SHA256 in a header, in hexadecimal with or without
//! `sha256=` before it, or in base64. GitHub
//! (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>), Gitea and
//! Forgejo (`X-Gitea-Signature`, `X-Forgejo-Signature`), Shopify and many more.

use viadukt_api::Call;
use viadukt_api::config::Fields;

use crate::guard::digest::{self, HmacSha256};
use crate::guard::{Letter, NO_SIGNATURE, Scheme, Signed, header};

/// The header that bears it.
pub(super) struct BodySignature {
    header: String,
}

impl BodySignature {
    pub(super) fn parse(fields: &Fields<'_>) -> Self {
        let header = fields.or("signature_header", "X-Hub-Signature-256".to_owned());
        if header.parse::<http::HeaderName>().is_err() {
            fields.object("signature_header", "expected the name of a header");
        }
        Self { header }
    }

    #[cfg(test)]
    pub(super) fn of(header: &str) -> Self {
        Self { header: header.to_owned() }
    }
}

impl Scheme for BodySignature {
    fn check(&self, call: &Call, secret: &str) -> Signed {
        let written = header(call, &self.header).ok_or(NO_SIGNATURE)?.trim();
        let written = written.strip_prefix("sha256=").unwrap_or(written);
        let signature = digest::from_hex(written).or_else(|_| digest::from_base64(written))?;
        digest::verify::<HmacSha256>(secret.as_bytes(), &[&call.body], &signature)?;
        Ok(None)
    }

    fn header(&self) -> &str {
        &self.header
    }

    fn sign(&self, letter: &Letter<'_>, secret: &str) -> Result<Vec<(String, String)>, String> {
        let signature = digest::sign_hex::<HmacSha256>(secret.as_bytes(), &[letter.body])?;
        Ok(vec![(self.header.clone(), format!("sha256={signature}"))])
    }
}
