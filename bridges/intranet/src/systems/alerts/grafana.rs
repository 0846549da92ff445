//! How Grafana signs: hexadecimal HMAC-SHA256 over the body or, with a header for the time, over
//! time and body with a colon between ("HMAC signature" in its webhook notifier).

use viadukt_api::Call;
use viadukt_api::config::Fields;

use crate::guard::digest::{self, HmacSha256};
use crate::guard::{Letter, NO_SIGNATURE, Scheme, Signed, header, seconds};

/// The headers, as the contact point names them.
pub(super) struct GrafanaSignature {
    header: String,
    timestamp_header: Option<String>,
}

impl GrafanaSignature {
    pub(super) fn parse(fields: &Fields<'_>) -> Self {
        let header = fields.or("signature_header", "X-Grafana-Alerting-Signature".to_owned());
        let timestamp_header = fields.optional::<String>("timestamp_header");
        for (key, name) in
            [("signature_header", Some(&header)), ("timestamp_header", timestamp_header.as_ref())]
        {
            if name.is_some_and(|name| name.parse::<http::HeaderName>().is_err()) {
                fields.object(key, "expected the name of a header");
            }
        }
        Self { header, timestamp_header }
    }

    #[cfg(test)]
    pub(super) fn of(header: &str, timestamp_header: Option<&str>) -> Self {
        let timestamp_header = timestamp_header.map(str::to_owned);
        Self { header: header.to_owned(), timestamp_header }
    }
}

impl Scheme for GrafanaSignature {
    fn check(&self, call: &Call, secret: &str) -> Signed {
        let signature = digest::from_hex(header(call, &self.header).ok_or(NO_SIGNATURE)?)?;
        let key = secret.as_bytes();
        let Some(name) = &self.timestamp_header else {
            digest::verify::<HmacSha256>(key, &[&call.body], &signature)?;
            return Ok(None);
        };
        let (timestamp, at) = seconds(call, name)?;
        let signed = [timestamp.as_bytes(), b":", &call.body];
        digest::verify::<HmacSha256>(key, &signed, &signature)?;
        Ok(Some(at))
    }

    fn header(&self) -> &str {
        &self.header
    }

    fn sign(&self, letter: &Letter<'_>, secret: &str) -> Result<Vec<(String, String)>, String> {
        let key = secret.as_bytes();
        let Some(name) = &self.timestamp_header else {
            let signature = digest::sign_hex::<HmacSha256>(key, &[letter.body])?;
            return Ok(vec![(self.header.clone(), signature)]);
        };
        let timestamp = letter.seconds();
        let signed = [timestamp.as_bytes(), b":", letter.body];
        let signature = digest::sign_hex::<HmacSha256>(key, &signed)?;
        Ok(vec![(name.clone(), timestamp), (self.header.clone(), signature)])
    }
}
