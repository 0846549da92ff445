//! The gateway as a whole: cases as files, a gateway that misbehaves, and calls from outside.

mod calls;
mod cases;
mod contract;
mod sends;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use viadukt_api::client::Client;
use viadukt_api::contract::{Memory, context, delivery_id};
use viadukt_api::egress::Egress;
use viadukt_api::env::Clock;
use viadukt_api::tls::{self, Trust};
use viadukt_api::{Context, Env, Timestamp, WorkerName};

use super::declaration::Declaration;
use super::filling::Settings;
use super::preset::preset;
use super::signature::Guard;
use super::{Gateway, Outgoing};

/// A clock that stands still.
struct Standing(u64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(self.0 * 1000)
    }
}

fn name() -> WorkerName {
    "sms".parse().unwrap()
}

/// What a gateway under test is built with, at the second `now`.
fn bench(memory: &Arc<Memory>, now: u64) -> Context {
    let mut context = context(&name(), memory);
    context.env = Env { clock: Arc::new(Standing(now)), ..context.env };
    context
}

fn settings(secret: &str) -> Settings {
    let text = |text: &str| Some(text.to_owned());
    Settings {
        account: text("ACCOUNT"),
        user: text("USER"),
        service: None,
        secret: Some(SecretString::from("PASSWORD")),
        hooks_url: text("https://amt.example/hooks/sms"),
        hook_secret: Some(SecretString::from(secret)),
    }
}

/// A gateway as the preset declares it, at `base`, in whose hooks `secret` is shared.
fn gateway(preset_name: &str, base: &str, secret: &str, context: Context) -> Gateway {
    declared(preset(preset_name).unwrap(), base, secret, context)
}

fn declared(declaration: Declaration, base: &str, secret: &str, context: Context) -> Gateway {
    let guard = declaration.signature.clone().map(|shape| Guard {
        shape,
        secret: SecretString::from(secret),
        user: String::new(),
    });
    let client = Client::new(
        tls::client(Trust::Besides(None), None).unwrap(),
        Egress::anywhere(),
        Duration::from_secs(2),
    );
    let client = client.unwrap();
    let base = base.parse().unwrap();
    Gateway::new(context, declaration, settings(secret), base, client, guard, 4)
}

fn sms(text: &str) -> Outgoing {
    Outgoing {
        id: delivery_id(1),
        reference: "r7XKq2vT9mZa".to_owned(),
        to: "+491701234567".to_owned(),
        from: "+4915799912345".to_owned(),
        text: text.to_owned(),
        validity: None,
        repeated: false,
    }
}
