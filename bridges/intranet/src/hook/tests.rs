//! A bridge with hooks, called as the public listener calls it.

use std::sync::Arc;
use std::time::Duration;

use toml::de::DeTable;
use viadukt_api::config::{Fields, Finding, Findings};
use viadukt_api::contract::{self, Memory};
use viadukt_api::{
    Act, Answer, Call, Clock, Env, HookError, Inbox, Kind, Protection, Section, Timestamp, Worker,
    WorkerName,
};

use crate::Intranet;
use crate::systems::tests;

const START: Timestamp = Timestamp(1_795_521_600_000);
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A clock that stands.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The section, or what is wrong with it.
fn section(table: &str) -> Result<Box<dyn Section>, Vec<Finding>> {
    let document = DeTable::parse(table).unwrap();
    let findings = Findings::default();
    let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
    let section = Intranet.parse(&"monitoring".parse().unwrap(), &fields);
    fields.finish();
    let found = findings.into_sorted();
    if found.is_empty() { Ok(section.unwrap()) } else { Err(found) }
}

/// A bridge at one moment, upon a memory that outlives it.
struct Bridge {
    worker: Arc<dyn Worker>,
    inbox: Inbox,
    durable: Arc<Memory>,
}

impl Bridge {
    async fn at(now: Timestamp, durable: &Arc<Memory>, table: &str) -> Self {
        let name: WorkerName = "monitoring".parse().unwrap();
        let mut context = contract::context(&name, durable);
        context.env = Env { clock: Arc::new(At(now)), ..context.env };
        let worker = section(table).unwrap().build(context).await.unwrap();
        let inbox = Inbox::new(name, Arc::clone(durable) as _);
        Self { worker, inbox, durable: Arc::clone(durable) }
    }

    async fn call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, HookError> {
        let call = Call { path: path.to_owned(), ..tests::call(headers, body) };
        self.worker.hooks().unwrap().call(call, &self.inbox).await
    }

    /// What was accepted so far, as messages.
    fn said(&self) -> Vec<viadukt_api::Message> {
        let items = self.durable.items();
        items.iter().map(|item| self.worker.normalise(&item.raw).unwrap()).collect()
    }
}

/// A secret in a file.
fn file(folder: &tempfile::TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn door(folder: &tempfile::TempDir, more: &str) -> String {
    let token = file(folder, "token", TOKEN);
    format!("[systems.door]\nspeaks = 'webhook'\ntoken_files = ['{token}']\n{more}\n")
}

#[tokio::test]
async fn a_call_becomes_a_message_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let table =
        door(&folder, "title = 'East door'\nlevel = 'high'\nstream = 'site'\nseverity = 'p'");
    let bridge = Bridge::at(START, &Arc::default(), &table).await;
    let answer = bridge
        .call(
            &format!("door/{TOKEN}"),
            &[],
            "{\"text\": \"**open**\", \"site\": \"Ulm\", \"p\": \"warn\"}",
        )
        .await
        .unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "ok"));
    let [message] = <[_; 1]>::try_from(bridge.said()).unwrap();
    assert_eq!(message.content.text, "open");
    assert_eq!(message.sender.address.as_str(), "door/Ulm");
    assert_eq!(message.sender.name.as_deref(), Some("East door"));
    assert_eq!(message.severity, Some(viadukt_api::Severity::Warning));
    assert_eq!(message.level, Some(viadukt_api::Level::High));
    assert_eq!(message.protection, Protection::TLS_TO_US);
    assert!(message.automatic.is_some());
}

#[tokio::test]
async fn who_proves_nothing_brings_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Bridge::at(START, &Arc::default(), &door(&folder, "")).await;
    for path in ["door", "door/wrong", "door/", "window", ""] {
        assert!(bridge.call(path, &[], "{\"text\":\"x\"}").await.is_err(), "{path}");
    }
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    for body in ["{\"text\":", "", &"[".repeat(10_000)] {
        let refused = bridge.call("door", &headers, body).await;
        assert!(matches!(refused, Err(HookError::Malformed(_))));
    }
    assert!(bridge.said().is_empty());
}

#[tokio::test]
async fn what_is_signed_is_taken_once_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let secret = file(&folder, "secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let table =
        format!("[systems.door]\nspeaks = 'standard-webhooks'\nsecret_files = ['{secret}']");
    let body = "{\"test\": 2432232314}";
    let headers = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let signed = Timestamp(1_614_265_330_000);
    let durable = Arc::default();
    for seconds in [0, 1, 299] {
        let now = signed.plus(Duration::from_secs(seconds));
        let bridge = Bridge::at(now, &durable, &table).await;
        bridge.call("door", &headers, body).await.unwrap();
        assert_eq!(bridge.said().len(), 1);
    }
    let late = Bridge::at(signed.plus(Duration::from_secs(301)), &durable, &table).await;
    assert!(matches!(late.call("door", &headers, body).await, Err(HookError::Unauthorised(_))));
}

#[tokio::test]
async fn the_same_words_with_a_token_are_a_second_event_unless_an_id_tells() {
    let folder = tempfile::tempdir().unwrap();
    let durable: Arc<Memory> = Arc::default();
    for (second, options, expected) in
        [(0, "", 1), (1, "", 2), (2, "id = 'n'", 3), (3, "id = 'n'", 3)]
    {
        let now = START.plus(Duration::from_secs(second));
        let bridge = Bridge::at(now, &durable, &door(&folder, options)).await;
        bridge.call(&format!("door/{TOKEN}"), &[], "{\"text\":\"x\",\"n\":7}").await.unwrap();
        assert_eq!(bridge.said().len(), expected);
    }
}

#[tokio::test]
async fn a_hook_that_ends_warns_once_and_then_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let table = door(&folder, "expires = '2026-12-08'\nowner = '@anna:amt.example'");
    let end = Timestamp(1_796_688_000_000);
    let day = |days: u64| Timestamp(end.0 - days * 86_400_000);
    let durable: Arc<Memory> = Arc::default();
    for (now, warnings) in [(day(15), 0), (day(14), 1), (day(13), 1)] {
        let bridge = Bridge::at(now, &durable, &table).await;
        let stop = tokio_util::sync::CancellationToken::new();
        let (worker, inbox, stopped) =
            (Arc::clone(&bridge.worker), bridge.inbox.clone(), stop.clone());
        let running = tokio::spawn(async move { worker.run(inbox, stopped).await });
        if warnings > 0 {
            durable.wait_for(warnings).await;
        }
        stop.cancel();
        running.await.unwrap().unwrap();
        let said = bridge.said();
        assert_eq!(said.len(), warnings);
        for message in said {
            let Act::Tell(reason) = message.act else { panic!("no warning") };
            assert_eq!(reason.key, "intranet-hook-expires-owned");
            assert!(reason.args.contains(&("owner".to_owned(), "@anna:amt.example".to_owned())));
        }
    }
    let path = format!("door/{TOKEN}");
    let last = Bridge::at(Timestamp(end.0 - 1), &durable, &table).await;
    assert!(last.call(&path, &[], "x").await.is_ok());
    let gone = Bridge::at(end, &durable, &table).await;
    assert!(matches!(gone.call(&path, &[], "x").await, Err(HookError::Expired)));
    assert!(matches!(gone.call("door", &[], "x").await, Err(HookError::Unauthorised(_))));
}

#[tokio::test]
async fn a_template_that_does_not_fit_puts_the_call_aside_and_names_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let template = file(&folder, "door.j2", "Door {{ door.name }}\n");
    let example = file(&folder, "door.json", "{\"door\":{\"name\":\"East\"}}");
    let options = format!(
        "template_file = '{template}'\nexample_file = '{example}'\nowner = '@anna:amt.example'"
    );
    let bridge = Bridge::at(START, &Arc::default(), &door(&folder, &options)).await;
    let path = format!("door/{TOKEN}");
    bridge.call(&path, &[], "{\"text\":\"x\",\"door\":{\"name\":\"*West*\"}}").await.unwrap();
    assert_eq!(bridge.said()[0].content.text, "Door *West*");
    bridge.call(&path, &[], "{\"text\":\"x\"}").await.unwrap();
    let items = bridge.durable.items();
    let unreadable = bridge.worker.normalise(&items[1].raw).unwrap_err();
    assert_eq!(unreadable.reason.key, "intranet-template-fails-owned");
    let error = &unreadable.reason.args[1].1;
    assert!(error.starts_with(&format!("{template}:1:9: undefined value")), "{error}");
}

#[test]
fn check_tries_a_template_with_its_example() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(&folder, "good.j2", "{{ door.name }} {{ headers['x-event'] }}");
    let bad = file(&folder, "bad.j2", "\n{{ door.nam }}");
    let example = file(&folder, "door.json", "{\"door\":{\"name\":\"East\"}}");
    for (template, example, expected) in [
        (&good, &example, ""),
        (&bad, &example, ":2:4: undefined value"),
        (&good, &"/nowhere.json".to_owned(), "/nowhere.json: "),
        (&"/nowhere.j2".to_owned(), &example, "/nowhere.j2: "),
    ] {
        let options = format!(
            "template_file = '{template}'\nexample_file = '{example}'\nheaders = ['X-Event']"
        );
        let table = door(&folder, &options);
        let document = DeTable::parse(&table).unwrap();
        let findings = Findings::default();
        let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
        assert!(Intranet.parse(&"monitoring".parse().unwrap(), &fields).is_some());
        let [later] = <[_; 1]>::try_from(findings.later()).unwrap();
        assert_eq!(later.path, "systems.door.template_file");
        assert!(table[later.span.clone()].contains(template.as_str()));
        let found = (later.look)().err().unwrap_or_default();
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{found}");
    }
}

#[test]
fn tables_are_checked_without_io() {
    let secret = "secret_files = ['x']";
    for (table, expected) in [
        ("speaks = 'webhook'", "nobody may call without a proof"),
        ("speaks = 'alertmanager'\nsecret_files = ['x']", "nobody may call without a proof"),
        ("speaks = 'talk'", "this system would do nothing"),
        ("speaks = 'webhook'\nuser = 'x'\nsecret_files = ['x']", "goes with `token_files` alone"),
        (&format!("speaks = 'webhook'\n{secret}\nstream = 'a.b['"), "expected a field"),
        (&format!("speaks = 'webhook'\n{secret}\nends = 'a'"), "`matter` must say"),
        (&format!("speaks = 'webhook'\n{secret}\nexpires = '2027'"), "expected a day"),
        (&format!("speaks = 'webhook'\n{secret}\ntemplate_file = 'x'"), "needs `example_file`"),
        (&format!("speaks = 'webhook'\n{secret}\nheaders = ['Authorization']"), "secrets are not"),
        (
            "speaks = 'webhook'\ntoken_files = ['x']\ntoken_header = 'X-T'\nheaders = ['x-t']",
            "secrets are not",
        ),
        (
            &format!(
                "speaks = 'webhook'\n{secret}\nsignature_header = 'X-Gitea-Signature'\n\
                 headers = ['X-Gitea-Signature']"
            ),
            "secrets are not",
        ),
        (
            &format!("speaks = 'fit-connect'\n{secret}\nheaders = ['Callback-Authentication']"),
            "secrets are not",
        ),
        (&format!("speaks = 'webhook'\n{secret}\nmarkup = 'rst'"), "expected \"markdown\""),
        (&format!("speaks = 'webhook'\n{secret}\nnotice = 'group'"), "unknown option"),
        ("speaks = 'alertmanager'\ntoken_files = ['x']\nnotice = 'all'", "expected \"group\""),
    ] {
        let found = section(&format!("[systems.door]\n{table}")).err().unwrap();
        let found: Vec<_> = found.into_iter().map(|finding| finding.message).collect();
        assert!(found.iter().any(|message| message.contains(expected)), "{table}: {found:?}");
    }
}

#[tokio::test]
async fn a_weak_secret_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    for (speaks, option, secret) in [
        ("webhook", "token_files", "short"),
        ("webhook", "secret_files", "short"),
        ("standard-webhooks", "secret_files", "no base64 at all, but long"),
    ] {
        let secret = file(&folder, "weak", secret);
        let table = format!("[systems.door]\nspeaks = '{speaks}'\n{option} = ['{secret}']");
        let name: WorkerName = "monitoring".parse().unwrap();
        let context = contract::context(&name, &Arc::default());
        let error = section(&table).unwrap().build(context).await.err().unwrap().to_string();
        assert!(error.contains("system door") && error.contains(&secret), "{error}");
    }
}
