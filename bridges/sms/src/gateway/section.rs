//! The options of `[bridges.NAME.http]`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use viadukt_api::client::Client;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::egress::Egress;
use viadukt_api::network::is_loopback;
use viadukt_api::tls::{self, Trust};
use viadukt_api::{BuildError, Context};

use super::Gateway;
use super::declaration::Declaration;
use super::filling::Settings;
use super::place::Setting;
use super::preset::preset;
use super::signature::{Guard, Scheme, SchemeName, SignatureShape};
use crate::transport::Transport;

/// A gateway's options, valid as far as they can be checked without files and network.
#[derive(Clone, Debug)]
pub(crate) struct GatewaySection {
    declared: Declared,
    url: Option<Url>,
    account: Option<String>,
    user: Option<String>,
    service: Option<String>,
    secret_file: Option<SecretFile>,
    hook_user: Option<String>,
    hook_secret_file: Option<SecretFile>,
    scheme: Option<SchemeName>,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    parallel: u32,
}

/// Where the declaration is.
#[derive(Clone, Debug)]
enum Declared {
    Here(Box<Declaration>),
    File(PathBuf),
}

impl GatewaySection {
    /// Reads the section; `None` when something needed is missing or unfit. The caller calls
    /// `finish`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let declared = Declared::parse(fields);
        let section = Self {
            declared: declared.clone().unwrap_or_else(|| Declared::File(PathBuf::new())),
            url: address(fields),
            account: fields.optional("account"),
            user: fields.optional("user"),
            service: fields.optional("service"),
            secret_file: fields.optional("secret_file"),
            hook_user: fields.optional("hook_user"),
            hook_secret_file: fields.optional("hook_secret_file"),
            scheme: fields.optional("signature"),
            ca_file: fields.optional("ca_file"),
            timeout: fields.or("timeout", Duration::from_secs(30)),
            parallel: fields.or("parallel", 4),
        };
        if section.scheme == Some(SchemeName(None)) {
            fields.object("signature", "a token's place is part of the gateway's declaration");
        }
        if !(1..=64).contains(&section.parallel) {
            fields.object("parallel", "expected a number from 1 to 64");
        }
        if let Some(Declared::Here(declaration)) = &declared {
            for (option, why) in section.lacks(declaration) {
                fields.object(option, why);
            }
        }
        declared.map(|_| section)
    }

    /// Whether the gateway will call: it must be able to prove who it is, and an operator's file
    /// is believed to declare that it calls. Else it is only for sending.
    pub(crate) fn is_called(&self) -> bool {
        let may_call = match &self.declared {
            Declared::Here(declaration) => !declaration.hooks.is_empty(),
            Declared::File(_) => true,
        };
        may_call && self.hook_secret_file.is_some()
    }

    /// Builds the way to the gateway: reads its secrets and the operator's declaration.
    pub(crate) fn build(&self, context: Context) -> Result<Arc<dyn Transport>, BuildError> {
        let worker = context.name.clone();
        let error = |what: String, remedy: &str| {
            let (worker, remedy) = (worker.clone(), remedy.to_owned());
            BuildError { worker, what, remedy }
        };
        let declaration = self.declaration().map_err(|what| {
            error(what, "mend the gateway's declaration; docs/sms-gateways.md explains it")
        })?;
        if let Some((option, why)) = self.lacks(&declaration).into_iter().next() {
            return Err(error(format!("http.{option}: {why}"), "set it"));
        }
        let secret = |file: &Option<SecretFile>| {
            let read = file.as_ref().map(SecretFile::read).transpose();
            read.map_err(|e| error(e.to_string(), "put the gateway's secret there"))
        };
        let hook_secret = secret(&self.hook_secret_file)?;
        let guard = self.guard(&declaration, hook_secret.clone());
        let settings = Settings {
            account: self.account.clone(),
            user: self.user.clone(),
            service: self.service.clone(),
            secret: secret(&self.secret_file)?,
            hooks_url: context.hooks_url.clone().filter(|_| guard.is_some()),
            hook_secret,
        };
        let base = match (&self.url, &declaration.url) {
            (Some(url), _) => Some(url.clone()),
            (None, usual) => usual.as_deref().and_then(|url| url.parse().ok()),
        };
        let base = base.ok_or_else(|| error("http.url: missing".to_owned(), "set it"))?;
        let client = tls::client(Trust::Besides(self.ca_file.as_deref()), None)
            .and_then(|tls| Client::new(tls, Egress::anywhere(), self.timeout))
            .map_err(|what| error(what, "name a file of certificates in PEM as `ca_file`"))?;
        let parallel = usize::try_from(self.parallel).unwrap_or(1);
        Ok(Arc::new(Gateway::new(context, declaration, settings, base, client, guard, parallel)))
    }

    /// By what callers are known; `None` when nobody may call.
    fn guard(&self, declaration: &Declaration, secret: Option<SecretString>) -> Option<Guard> {
        let shape = declaration.signature.clone().filter(|_| !declaration.hooks.is_empty())?;
        let shape = match &self.scheme {
            Some(SchemeName(Some(scheme))) => SignatureShape { scheme: scheme.clone(), ..shape },
            _ => shape,
        };
        let user = self.hook_user.clone().unwrap_or_default();
        Some(Guard { shape, secret: secret?, user })
    }

    fn declaration(&self) -> Result<Declaration, String> {
        match &self.declared {
            Declared::Here(declaration) => Ok((**declaration).clone()),
            Declared::File(path) => Declaration::load(path),
        }
    }

    /// The options that `declaration` needs and that are not set.
    fn lacks(&self, declaration: &Declaration) -> Vec<(&'static str, String)> {
        let is_set = |setting| match setting {
            Setting::Account => self.account.is_some(),
            Setting::User => self.user.is_some(),
            Setting::Service => self.service.is_some(),
            Setting::Secret => self.secret_file.is_some(),
            Setting::HooksUrl | Setting::HookSecret => self.hook_secret_file.is_some(),
        };
        let needs = declaration.request.needs().into_iter().filter(|setting| !is_set(*setting));
        let mut lacks: Vec<_> = needs
            .map(|setting| (setting.option(), "missing: this gateway needs it".to_owned()))
            .collect();
        lacks.dedup();
        let scheme = match (&self.scheme, &declaration.signature) {
            (Some(SchemeName(own)), _) => own.as_ref(),
            (None, declared) => declared.as_ref().map(|shape| &shape.scheme),
        };
        let needs_user = scheme == Some(&Scheme::Basic) && self.hook_secret_file.is_some();
        if needs_user && self.hook_user.is_none() {
            lacks.push(("hook_user", "missing: the user beside `hook_secret_file`".to_owned()));
        }
        if self.url.is_none() && declaration.url.is_none() {
            lacks.push(("url", "missing: where this gateway is".to_owned()));
        }
        lacks
    }
}

impl Declared {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let name = fields.optional::<String>("preset");
        let file = fields.optional::<PathBuf>("file");
        let table = fields.optional_table("gateway");
        match (name, file, table) {
            (Some(name), None, None) => match preset(&name) {
                Ok(declaration) => Some(Self::Here(Box::new(declaration))),
                Err(why) => {
                    fields.object("preset", why);
                    None
                }
            },
            (None, Some(file), None) => Some(Self::File(file)),
            (None, None, Some(table)) => {
                Declaration::parse(&table).map(|declaration| Self::Here(Box::new(declaration)))
            }
            (None, None, None) => {
                fields
                    .object("preset", "missing: a preset's name, or your own `file` or `gateway`");
                None
            }
            _ => {
                fields.object("preset", "one of `preset`, `file` and `gateway` is enough");
                None
            }
        }
    }
}

/// `url`; in clear on this machine only.
fn address(fields: &Fields<'_>) -> Option<Url> {
    let url = Url::parse(&fields.optional::<String>("url")?).ok();
    let is_safe = url.as_ref().is_some_and(|url| match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    });
    if is_safe {
        return url;
    }
    fields.object("url", "expected https://…, or http:// for 127.0.0.1, ::1 and localhost only");
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::io::Write;

    use viadukt_api::contract::{self, Memory, context};

    use super::*;

    fn parse(toml: &str) -> (Option<GatewaySection>, Vec<String>) {
        contract::parse(toml, "http", GatewaySection::parse)
    }

    fn findings(toml: &str) -> Vec<String> {
        parse(toml).1
    }

    #[test]
    fn a_preset_asks_for_what_it_needs() {
        let none: [&str; 0] = [];
        assert_eq!(findings("preset = 'twilio'\naccount = 'AC1'\nsecret_file = 'token'"), none);
        assert_eq!(
            findings("preset = 'kannel'\nuser = 'foo'"),
            [
                "http.secret_file: missing: this gateway needs it",
                "http.url: missing: where this gateway is",
            ]
        );
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(
            findings(
                "preset = 'pigeon'
                file = 'gateway.toml'
                url = 'http://gateway.example'
                signature = 'token'
                parallel = 0
                colour = 'blue'"
            ),
            [
                "http.preset: one of `preset`, `file` and `gateway` is enough",
                "http.url: expected https://…, or http:// for 127.0.0.1, ::1 and localhost only",
                "http.signature: a token's place is part of the gateway's declaration",
                "http.parallel: expected a number from 1 to 64",
                "http.colour: unknown option; known here: account, ca_file, file, gateway, \
                 hook_secret_file, hook_user, parallel, preset, secret_file, service, signature, \
                 timeout, url, user",
            ]
        );
        let basic = "preset = 'sms-gate'\nuser = 'a'\nsecret_file = 'b'\nsignature = 'basic'";
        assert_eq!(
            findings(&format!("{basic}\nhook_secret_file = 'c'")),
            ["http.hook_user: missing: the user beside `hook_secret_file`"]
        );
        assert!(findings("preset = 'pigeon'")[0].contains("\"twilio\""));
        assert!(findings("timeout = '30s'")[0].contains("missing: a preset's name"));
    }

    #[test]
    fn a_declaration_may_stand_in_the_configuration() {
        let toml = "url = 'https://gateway.example'
            [gateway.request]
            path = '/send'
            form = { to = '{to}', text = '{text}', key = '{secret}' }
            [gateway.answer]
            shape = 'text'
            taken = { starts = ['OK'] }";
        assert_eq!(findings(toml), ["http.secret_file: missing: this gateway needs it"]);
    }

    /// What is only for sending needs no listener, and tells the gateway no address of ours.
    #[test]
    fn it_is_called_when_there_is_a_secret_by_which_callers_are_known() {
        let is_called = |toml: &str| parse(toml).0.unwrap().is_called();
        let kannel = "preset = 'kannel'\nurl = 'http://127.0.0.1:1'\nuser = 'a'\nsecret_file = 'b'";
        assert!(!is_called(kannel));
        assert!(is_called(&format!("{kannel}\nhook_secret_file = 'c'")));
        let sipgate = "preset = 'sipgate'\nuser = 'a'\nsecret_file = 'b'\nservice = 's0'";
        assert!(!is_called(&format!("{sipgate}\nhook_secret_file = 'c'")));
        assert!(is_called("file = 'gateway.toml'\nhook_secret_file = 'c'"));
    }

    #[tokio::test]
    async fn an_operators_file_is_read_when_it_is_built() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        let build = |content: &str| {
            let mut file = std::fs::File::create(&path).unwrap();
            file.write_all(content.as_bytes()).unwrap();
            let toml = format!("file = '{}'\nurl = 'http://127.0.0.1:1'", path.display());
            let (section, findings) = parse(&toml);
            assert_eq!(findings, [""; 0]);
            let name = "sms".parse().unwrap();
            section.unwrap().build(context(&name, &Arc::new(Memory::default())))
        };
        let good = "[request]\npath = '/'\n[answer]\n";
        assert!(build(good).is_ok());
        let Err(error) = build("[request]\npath = '/{nobody}'\n[answer]\n") else {
            panic!("built")
        };
        assert!(error.what.contains("gateway.toml:2:8: request.path: {nobody}"), "{error}");
        let Err(error) = build(&good.replace("'/'", "'/{secret}'")) else { panic!("built") };
        assert!(error.what.contains("http.secret_file: missing"), "{error}");
    }
}
