//! Signatures against published vectors, or against what the provider's own client computes:
//! `docs/sms-gateways.md` says which is which.

use http::{HeaderMap, HeaderName, Method};

use super::*;

/// A call with a body of the given kind and these headers.
fn call(url: &str, content_type: &str, body: &str, headers: &[(&str, &str)]) -> Call {
    let mut map = HeaderMap::new();
    map.insert(http::header::CONTENT_TYPE, content_type.parse().unwrap());
    for (name, value) in headers {
        map.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    Call {
        method: Method::POST,
        path: String::new(),
        query: url.split_once('?').map_or("", |(_, query)| query).to_owned(),
        url: url.to_owned(),
        headers: map,
        body: body.to_owned().into(),
        from: [192, 0, 2, 1].into(),
    }
}

fn guard(scheme: Scheme, secret: &str) -> Guard {
    let shape = SignatureShape { scheme, skew: Duration::from_secs(300) };
    Guard { shape, secret: SecretString::from(secret), user: "kannel".to_owned() }
}

/// What is said of `call` at the second `now`; `None` lets it pass.
fn said(guard: &Guard, call: &Call, now: u64) -> Option<&'static str> {
    match guard.check(call, Timestamp(now * 1000)) {
        Ok(()) => None,
        Err(HookError::Unauthorised(why)) => Some(why),
        Err(other) => panic!("{other}"),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

const TWILIO_FORM: &str = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234\
                           &From=%2B14158675309&To=%2B18005551212";

#[test]
fn twilio_as_published() {
    let guard = guard(Scheme::Twilio, "12345");
    let signed = |url: &str, body: &str, signature: &str| {
        said(&guard, &call(url, FORM, body, &[("X-Twilio-Signature", signature)]), 0)
    };
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    let published = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    assert_eq!(signed(url, TWILIO_FORM, published), None);
    let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
    assert_eq!(signed(with_port, TWILIO_FORM, published), None);
    assert_eq!(signed(url, TWILIO_FORM, "kvajT1Ptam85bY51eRf/AJRuM3w="), None, "signed with port");
    let doubles = "B=%C3%BC&A=2&A=1&A=2";
    assert_eq!(signed("https://a.example/", doubles, "OllLbosu6/ompvorA8xvEZaMf5M="), None);

    let wrong = Some("the signature does not fit");
    assert_eq!(signed(url, &TWILIO_FORM.replace("1234&", "1235&"), published), wrong);
    assert_eq!(signed("https://mycompany.com/myapp.php?foo=1", TWILIO_FORM, published), wrong);
    assert_eq!(signed(url, TWILIO_FORM, "no base64"), wrong);
    let unsigned = call(url, FORM, TWILIO_FORM, &[]);
    assert_eq!(said(&guard, &unsigned, 0), Some("the signature is missing"));
}

#[test]
fn twilio_with_json() {
    let guard = guard(Scheme::Twilio, "12345");
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=\
               0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    let signature = [("X-Twilio-Signature", "a9nBmqA0ju/hNViExpshrM61xv4=")];
    let signed = |body: &str| said(&guard, &call(url, JSON, body, &signature), 0);
    assert_eq!(signed(r#"{"property": "value", "boolean": true}"#), None);
    assert_eq!(
        signed(r#"{"property": "other", "boolean": true}"#),
        Some("the signature does not fit")
    );
    // The signature of an empty form says nothing about a body of another kind.
    let signature = [("X-Twilio-Signature", "GDqU+MaaVBJb4yQ2BF3OdZkFDHo=")];
    let smuggled = call("https://a.example/", JSON, "{}", &signature);
    assert!(said(&guard, &smuggled, 0).is_some());
}

#[test]
fn vonage_in_every_way_an_account_can_be_set() {
    let fields = "msisdn=447700900001&to=447700900000&messageId=0A0000000123ABCD1\
                  &text=Hello+world&type=text&keyword=HELLO&api-key=abcd1234\
                  &message-timestamp=2020-01-01+12%3A00%3A00+%2B0000&timestamp=1578787200\
                  &nonce=aaaaaaaa-bbbb-cccc-dddd-0123456789ab&extra=a%26b%3Dc";
    for (hash, sig) in [
        (Hash::Plain, "2e7d63d70e39355f0ea878fe83574dff"),
        (Hash::Md5, "c8dcbba5959d7dd2ee2c864a528c52bf"),
        (Hash::Sha1, "b6f2b89410490fee4fe8fa8534c17031dbe313ff"),
        (Hash::Sha256, "BC07E5CC1C1464E27E722E26EA25F1E15C8271D48DA35A93F5648ACCBFEB9DF1"),
        (
            Hash::Sha512,
            "2d261fe0821d2a580928db62d453941f54dd7571af2e0a58465da8cd9c26172d\
             5d5920cf1202fa3e3c5dd20e5b9715a55d73336e4da84ca9b626f1b9fc387eca",
        ),
    ] {
        let guard = guard(Scheme::Vonage(hash), "my_secret_key_for_testing");
        let url = "https://amt.example/hooks/sms/message";
        let good = call(url, FORM, &format!("{fields}&sig={sig}"), &[]);
        assert_eq!(said(&guard, &good, 1_578_787_200), None, "{hash:?}");
        assert_eq!(
            said(&guard, &good, 1_578_787_501),
            Some("signed too long ago, or the clocks differ")
        );
        let changed = fields.replace("Hello+world", "Hello+you");
        let changed = call(url, FORM, &format!("{changed}&sig={sig}"), &[]);
        assert_eq!(said(&guard, &changed, 1_578_787_200), Some("the signature does not fit"));
        let by_get = format!("{url}?{fields}&sig={sig}");
        assert_eq!(said(&guard, &call(&by_get, "text/plain", "", &[]), 1_578_787_200), None);
    }
}

#[test]
fn vonage_with_json() {
    let guard = guard(Scheme::Vonage(Hash::Sha256), "my_secret_key_for_testing");
    let body = r#"{"msisdn":"447700900001","to":"447700900000","messageId":"0A0000000123ABCD1",
        "text":"Hello world","type":"text","keyword":"HELLO","api-key":"abcd1234",
        "message-timestamp":"2020-01-01 12:00:00 +0000","timestamp":"1578787200",
        "nonce":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","extra":"a&b=c",
        "sig":"bc07e5cc1c1464e27e722e26ea25f1e15c8271d48da35a93f5648accbfeb9df1"}"#;
    let call = call("https://amt.example/hooks/sms/message", JSON, body, &[]);
    assert_eq!(said(&guard, &call, 1_578_787_200), None);
}

#[test]
fn seven_as_its_client_verifies_it() {
    let guard = guard(Scheme::Seven, "signing-key");
    let body = r#"{"data":{"id":"681590","sender":"SMS","system":"491771783130","text":"Hello World","time":"1605878104","message_type":"SMS"},"webhook_event":"sms_mo","webhook_timestamp":"2020-12-02 11:55:44"}"#;
    let headers = [
        ("X-Timestamp", "1634641200"),
        ("X-Nonce", "fpPRhAd1s8GXacfR39mWqKPynmmXfJnc"),
        ("X-Signature", "7a7aa7f2f7f49d81ea1c605443d03ed63b4f27c56cb9c08e18fbd4900142f6cc"),
    ];
    let url = "https://amt.example/hooks/sms/message";
    let good = call(url, JSON, body, &headers);
    assert_eq!(said(&guard, &good, 1_634_641_230), None);
    assert!(said(&guard, &good, 1_634_641_200 + 301).is_some_and(|why| why.contains("too long")));
    assert!(said(&guard, &good, 1_634_641_200 - 301).is_some_and(|why| why.contains("clocks")));
    let elsewhere = call("https://amt.example/hooks/other/message", JSON, body, &headers);
    assert_eq!(said(&guard, &elsewhere, 1_634_641_230), Some("the signature does not fit"));
}

#[test]
fn sms_gate_as_its_documentation_computes_it() {
    let guard = guard(Scheme::SmsGate, "key");
    let headers = [
        ("X-Timestamp", "1719045971"),
        ("X-Signature", "1287e0141f1ea6b0b0e27de3df10f75e03156b95380a6a5e5fbfd9238ab930f0"),
    ];
    let url = "https://amt.example/hooks/sms/";
    let good = call(url, JSON, r#"{"event":"sms:received"}"#, &headers);
    assert_eq!(said(&guard, &good, 1_719_045_971), None);
    let changed = call(url, JSON, r#"{"event":"sms:failed"}"#, &headers);
    assert_eq!(said(&guard, &changed, 1_719_045_971), Some("the signature does not fit"));
}

#[test]
fn bird_as_its_documentation_computes_it() {
    let guard = guard(Scheme::Bird, "secureSigningKey");
    let headers = [
        ("messagebird-request-timestamp", "1671697970"),
        ("messagebird-signature", "dsGhM7ldaLn+yiTAPhvccsrxfLHRZisk4OtcIgpOrBQ="),
    ];
    let url = "https://domain.com/webhook/bird";
    let body = r#"{"service":"channels","event":"sms.inbound","payload":{}}"#;
    assert_eq!(said(&guard, &call(url, JSON, body, &headers), 1_671_697_970), None);
    let changed = call(url, JSON, &body.replace("inbound", "outbound"), &headers);
    assert_eq!(said(&guard, &changed, 1_671_697_970), Some("the signature does not fit"));
    let timeless = call(url, JSON, body, &headers[1..]);
    assert_eq!(said(&guard, &timeless, 1_671_697_970), Some("the signed time is missing"));
}

#[test]
fn a_token_in_a_header_or_a_field() {
    let guard_at = |place| guard(Scheme::Token(place), "geheim");
    let field = guard_at(TokenPlace::Field("token".to_owned()));
    let url = |token: &str| format!("https://amt.example/hooks/sms/message?token={token}");
    let get = |token: &str| call(&url(token), "text/plain", "", &[]);
    assert_eq!(said(&field, &get("geheim"), 0), None);
    assert_eq!(said(&field, &get("geheim2"), 0), Some("the token is not the one"));
    assert_eq!(said(&field, &get(""), 0), Some("the token is not the one"));
    let form = call("https://amt.example/", FORM, "text=a&token=geheim", &[]);
    assert_eq!(said(&field, &form, 0), None);
    let none = call("https://amt.example/", FORM, "text=a", &[]);
    assert_eq!(said(&field, &none, 0), Some("the token is missing"));
    let header = guard_at(TokenPlace::Header("X-Token".to_owned()));
    let headed = call("https://amt.example/", FORM, "", &[("X-Token", "geheim")]);
    assert_eq!(said(&header, &headed, 0), None);
}

#[test]
fn basic() {
    let guard = guard(Scheme::Basic, "cannel");
    let call = |value| call("https://amt.example/", FORM, "", &[("Authorization", value)]);
    assert_eq!(said(&guard, &call("Basic a2FubmVsOmNhbm5lbA=="), 0), None);
    assert_eq!(
        said(&guard, &call("Basic a2FubmVsOmthbm5lbA=="), 0),
        Some("the token is not the one")
    );
}
