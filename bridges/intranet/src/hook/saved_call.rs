//! A call that somebody saved in a file: a whole request, or its body alone.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use viadukt_api::Call;

use super::Dialect;

/// A call in a file.
pub(crate) struct SavedCall(pub(crate) Call);

impl SavedCall {
    /// Reads `bytes`, which a system that speaks so is said to have sent, with `further` headers.
    ///
    /// # Errors
    /// It begins like a request and is none.
    pub(crate) fn read(
        bytes: &[u8],
        dialect: &dyn Dialect,
        further: HeaderMap,
    ) -> Result<Self, String> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [method, target, version] if version.starts_with("HTTP/") => {
                let (head, body) =
                    split_head(bytes).ok_or("the request has no empty line after its headers")?;
                let method = method.parse().map_err(|_| "the method is none of HTTP's")?;
                // Editors end a file with a line end that nobody sent.
                let mut headers = headers(head)?;
                headers.extend(further);
                Ok(Self::new(method, target, headers, body.trim_ascii_end()))
            }
            _ => {
                let body = bytes.trim_ascii();
                let said = HeaderValue::from_static(dialect.media_type(&further, body));
                let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, said)]);
                headers.extend(further);
                Ok(Self::new(Method::POST, "/", headers, body))
            }
        }
    }

    fn new(method: Method, target: &str, headers: HeaderMap, body: &[u8]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // What follows `/hooks/NAME/`.
        let path = path.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        Self(Call {
            method,
            path,
            query: query.to_owned(),
            url: format!("https://localhost{target}"),
            headers,
            body: body.to_vec().into(),
            from: std::net::IpAddr::from([127, 0, 0, 1]),
        })
    }
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    [b"\r\n\r\n".as_slice(), b"\n\n"].into_iter().find_map(|gap| {
        let at = bytes.windows(gap.len()).position(|window| window == gap)?;
        Some((bytes.get(..at)?, bytes.get(at + gap.len()..)?))
    })
}

fn headers(head: &[u8]) -> Result<HeaderMap, String> {
    let head = String::from_utf8_lossy(head).into_owned();
    let fields = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().parse::<HeaderName>().ok()?;
        Some((name, HeaderValue::try_from(value.trim()).ok()?))
    });
    fields.collect::<Option<_>>().ok_or_else(|| "a header is none of HTTP's".to_owned())
}
