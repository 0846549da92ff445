//! What a fuzz target calls: any call, to any preset, as if its signature were good.

use http::{HeaderMap, HeaderValue, Method};
use viadukt_api::{Call, Timestamp};

use super::call::value;
use super::hook::Arrival;
use super::preset::{PRESETS, preset};
use super::tool::SavedCall;

/// The first byte chooses the preset and the kind of body, the rest is query and body, with a
/// line end between; and the whole is read as a request in a file.
pub(crate) fn call(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let (name, _) = PRESETS[usize::from(*choice) % PRESETS.len()];
    let Ok(declaration) = preset(name) else { return };
    let content_type = match choice / 64 {
        0 => "text/plain",
        1 => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    let mut halves = rest.splitn(2, |byte| *byte == b'\n');
    let query = String::from_utf8_lossy(halves.next().unwrap_or_default()).into_owned();
    let body = halves.next().unwrap_or_default().to_vec().into();
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let (url, path) = (format!("https://amt.example/?{query}"), "message".to_owned());
    let from = [127, 0, 0, 1].into();
    let mut call = Call { method: Method::POST, path, query, url, headers, body, from };
    let arrival = Arrival::new(Timestamp(0), &call.url);
    for path in ["message", "receipt"] {
        path.clone_into(&mut call.path);
        let Ok(value) = value(&call) else { continue };
        if let Some(hook) = declaration.hook(path, &value) {
            let read = hook.read(&value, arrival);
            assert!(read == hook.read(&value, arrival), "the same call, the same meaning");
        }
    }
    if let Ok(saved) = SavedCall::read(rest, None) {
        let _either = saved.meaning(&declaration, Timestamp(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough to know that the target works; `fuzz/` runs for hours.
    #[test]
    fn strange_calls_do_no_harm() {
        for choice in 0..=255 {
            for rest in [&b""[..], b"\n", b"a=%ff%&=&=\n[]", b"token=x&text=%00\n{\"results\":[1]}"]
            {
                call(&[&[choice], rest].concat());
            }
        }
    }
}
