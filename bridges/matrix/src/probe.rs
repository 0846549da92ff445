//! What the doctor asks: is the homeserver there, does it know us, is our device in order.
//! Reads no crypto store, which the running hub may hold.

use std::time::Duration;

use matrix_sdk::reqwest::Method;
use serde_json::{Value, json};
use viadukt_api::{Probe, Timestamp};

use crate::account::one_time_key_count;
use crate::http::{ANSWER_DEADLINE, Http};
use crate::trouble::{Trouble, Verdict};

/// How far the clocks may be apart.
const MOST_SKEW: Duration = Duration::from_secs(60);

/// Asks everything; `token` is that of the present login, if there is one.
pub(crate) async fn run(http: &Http, token: Option<&str>, now: Timestamp) -> Vec<Probe> {
    let mut probes = vec![probe("matrix homeserver", versions(http).await)];
    if probes.iter().any(|probe| probe.result.is_err()) {
        return probes;
    }
    probes.push(probe("matrix clock", clock(http, now).await));
    let Some(token) = token else {
        probes.push(probe("matrix login", login_flows(http).await));
        return probes;
    };
    let who = http.get("/_matrix/client/v3/account/whoami", Some(token)).await;
    match who {
        Ok(who) => {
            probes.push(probe("matrix login", Ok("the access token is valid".to_owned())));
            probes.push(probe("matrix device", device(http, token, &who).await));
            probes.push(probe("matrix one-time keys", one_time_keys(http, token).await));
            probes.push(probe("matrix media", media(http, token).await));
        }
        Err(verdict) => probes.push(probe("matrix login", Err(said(verdict)))),
    }
    probes
}

fn probe(what: &str, result: Result<String, String>) -> Probe {
    Probe { what: what.to_owned(), result }
}

fn said(verdict: Verdict) -> String {
    match Trouble::from(verdict) {
        Trouble::Wait { what, .. } => format!("{what}; check matrix.homeserver and the network"),
        Trouble::Shut { what, remedy } => format!("{what}; {remedy}"),
        Trouble::Accept(error) => error.to_string(),
    }
}

async fn versions(http: &Http) -> Result<String, String> {
    let answer = http.get("/_matrix/client/versions", None).await.map_err(said)?;
    let newest = answer["versions"].as_array().and_then(|all| all.last()?.as_str());
    match newest {
        Some(version) => Ok(format!("speaks Matrix up to {version}")),
        None => Err("no Matrix homeserver answers there; check matrix.homeserver".to_owned()),
    }
}

async fn clock(http: &Http, now: Timestamp) -> Result<String, String> {
    let request =
        http.request(Method::GET, "/_matrix/client/versions", None).timeout(ANSWER_DEADLINE);
    let response = crate::http::answer(request).await.map_err(said)?;
    let date = response.headers().get("date").and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(http_date) else {
        return Ok("the homeserver does not say what time it has".to_owned());
    };
    let skew = now.since(theirs).max(theirs.since(now));
    if skew > MOST_SKEW {
        return Err(format!("{} s apart from the homeserver's; check NTP here", skew.as_secs()));
    }
    Ok(format!("within {} s of the homeserver's", MOST_SKEW.as_secs()))
}

/// Reads `Tue, 15 Nov 1994 08:12:31 GMT` (RFC 9110 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    let mut parts = text.split_whitespace().skip(1);
    let day: i64 = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i64::try_from(months.iter().position(|name| *name == month)?).ok()? + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut time = parts.next()?.split(':').map(str::parse::<i64>);
    let (hours, minutes, seconds) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    // Days since 1970 by Howard Hinnant's `days_from_civil`.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + hours * 3_600 + minutes * 60 + seconds;
    Some(Timestamp(u64::try_from(seconds).ok()? * 1000))
}

async fn login_flows(http: &Http) -> Result<String, String> {
    let answer = http.get("/_matrix/client/v3/login", None).await.map_err(said)?;
    let flows = answer["flows"].as_array().cloned().unwrap_or_default();
    if flows.iter().any(|flow| flow["type"] == "m.login.password") {
        return Ok("not logged in yet; the homeserver takes passwords".to_owned());
    }
    Err("the homeserver takes no passwords; make a token for a device and use token_file"
        .to_owned())
}

/// Whether our device carries a signature by our identity's self-signing key.
async fn device(http: &Http, token: &str, who: &Value) -> Result<String, String> {
    let (Some(user), Some(device)) = (who["user_id"].as_str(), who["device_id"].as_str()) else {
        return Err("the access token belongs to no device; log in with one".to_owned());
    };
    let question = json!({ "device_keys": { user: [device] } });
    let keys = http.post("/_matrix/client/v3/keys/query", Some(token), &question);
    let keys = keys.await.map_err(said)?;
    let signing = keys["self_signing_keys"][user]["keys"].as_object();
    let signatures = keys["device_keys"][user][device]["signatures"][user].as_object();
    let signed = signing.zip(signatures).is_some_and(|(signing, signatures)| {
        signing.keys().any(|key| signatures.contains_key(key))
    });
    if signed {
        return Ok("the bot's device is cross-signed".to_owned());
    }
    Err("the bot's device is not cross-signed; start viadukt with its recovery_key_file".to_owned())
}

async fn one_time_keys(http: &Http, token: &str) -> Result<String, String> {
    match one_time_key_count(http, token).await.map_err(said)? {
        0 => Err("the homeserver has none of the bot's device, so nobody can share keys with it; \
                  start viadukt and ask again"
            .to_owned()),
        count => Ok(format!("the homeserver has {count}")),
    }
}

async fn media(http: &Http, token: &str) -> Result<String, String> {
    let answer = http.get("/_matrix/client/v1/media/config", Some(token)).await.map_err(said)?;
    Ok(match answer["m.upload.size"].as_u64() {
        Some(limit) => format!("takes attachments up to {} MB", limit / 1_000_000),
        None => "names no limit for attachments".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read() {
        let at = |text| http_date(text).map(|time| time.0 / 1000);
        assert_eq!(at("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(at("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(at("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(at("today"), None);
    }
}
