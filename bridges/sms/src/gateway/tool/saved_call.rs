//! A call that somebody saved in a file: a whole request, or its body alone.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use viadukt_api::{Call, Timestamp};

use crate::gateway::call::value;
use crate::gateway::declaration::Declaration;
use crate::gateway::hook::{Arrival, Brought};

/// A call in a file.
pub(crate) struct SavedCall {
    pub(crate) call: Call,
    /// Only the body is known, not the address.
    is_body: bool,
}

impl SavedCall {
    pub(crate) fn read(bytes: &[u8], url: Option<&str>) -> Result<Self, String> {
        let from = std::net::IpAddr::from([127, 0, 0, 1]);
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let words: Vec<_> = line.split_whitespace().collect();
        let [method, target, version] = words.as_slice() else { return Ok(Self::body(bytes, url)) };
        if !version.starts_with("HTTP/") {
            return Ok(Self::body(bytes, url));
        }
        let (head, body) =
            split_head(bytes).ok_or("the request has no empty line after its headers")?;
        let headers = headers(&String::from_utf8_lossy(head))?;
        let method = method.parse::<Method>().map_err(|_| "the method is none of HTTP's")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let url = url.map_or_else(|| format!("https://{host}{target}"), str::to_owned);
        let path = hook_path(path).to_owned();
        // Editors end a file with a line end that no gateway sent.
        let (query, body) = (query.to_owned(), body.trim_ascii_end().to_vec().into());
        Ok(Self { call: Call { method, path, query, url, headers, body, from }, is_body: false })
    }

    fn body(bytes: &[u8], url: Option<&str>) -> Self {
        let text = bytes.trim_ascii();
        let content_type = match text.first() {
            Some(b'{' | b'[') => "application/json",
            _ => "application/x-www-form-urlencoded",
        };
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let call = Call {
            method: Method::POST,
            path: String::new(),
            query: String::new(),
            url: url.unwrap_or("https://localhost/").to_owned(),
            headers,
            body: text.to_vec().into(),
            from: std::net::IpAddr::from([127, 0, 0, 1]),
        };
        Self { call, is_body: true }
    }

    pub(crate) fn meaning(
        &self,
        declaration: &Declaration,
        now: Timestamp,
    ) -> Result<Vec<Brought>, String> {
        let value = value(&self.call).map_err(|e| e.to_string())?;
        let hook = if self.is_body {
            declaration.likely_hook(&value)
        } else {
            declaration.hook(&self.call.path, &value)
        };
        let hook = hook.ok_or("no hook of this gateway is meant for such a call")?;
        hook.read(&value, Arrival::new(now, &self.call.url)).map_err(str::to_owned)
    }
}

/// What follows `/hooks/NAME/`, or the last part of any other path.
fn hook_path(path: &str) -> &str {
    match path.split_once("/hooks/") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path.rsplit('/').next().unwrap_or_default(),
    }
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    [b"\r\n\r\n".as_slice(), b"\n\n"].into_iter().find_map(|gap| {
        let at = bytes.windows(gap.len()).position(|window| window == gap)?;
        Some((bytes.get(..at)?, bytes.get(at + gap.len()..)?))
    })
}

fn headers(head: &str) -> Result<HeaderMap, String> {
    let fields = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().parse::<HeaderName>().ok()?;
        Some((name, HeaderValue::try_from(value.trim()).ok()?))
    });
    fields.collect::<Option<_>>().ok_or_else(|| "a header is none of HTTP's".to_owned())
}
