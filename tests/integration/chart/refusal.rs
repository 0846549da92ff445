//! Values that are wrong are refused with words that help.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use viadukt_testbed::servers::helm;

use super::{cases, chart};

/// What is put over the case "everything", and what must be said about it.
const WRONG: &[(&str, &str)] = &[
    // The schema.
    ("replicas: 2", "additional properties 'replicas' not allowed"),
    ("drainSeconds: 20s", "at '/drainSeconds': got string, want integer"),
    ("image: {pullPolicy: Sometimes}", "at '/image/pullPolicy': value must be one of 'Always'"),
    ("persistence: {size: big}", "at '/persistence/size': 'big' does not match pattern"),
    ("persistence: {accessMode: ReadWriteMany}", "at '/persistence/accessMode': value must be"),
    ("networkPolicy: {egress: {mail: {ports: [0]}}}", "egress/mail/ports/0': minimum: got 0"),
    ("networkPolicy: {egress: {mail: {to: []}}}", "egress/mail/to': minItems: got 0, want 1"),
    (
        "networkPolicy: {egress: {mail: {to: [{host: mx.amt.example}]}}}",
        "egress/mail/to/0': additional properties 'host' not allowed",
    ),
    ("podDisruptionBudget: {maxUnavailable: 2}", "maxUnavailable': value must be one of 0, 1"),
    ("securityContext: {readOnlyRootFilesystem: false}", "FileSystem': value must be true"),
    ("podSecurityContext: {runAsNonRoot: false}", "runAsNonRoot': value must be true"),
    (
        "config: {matrix: {password_file: {vault: a}}}",
        "at '/config/matrix/password_file': additional properties 'vault' not allowed",
    ),
    // The templates, where a schema could say only that something does not fit.
    ("image: {repository: ''}", "image.repository is missing"),
    ("config: {matrix: {homeserver: null}}", "config.matrix.homeserver is missing"),
    ("config: {bridges: null}", "config.bridges is empty"),
    ("config: {data_dir: /data}", "config.data_dir is the chart's to set: the volume has its"),
    ("config: {limits: {drain_deadline: 5m}}", "Kubernetes must wait longer; set drainSeconds"),
    ("config: {http: {listen: '[::]:80'}}", "config.http.listen is the chart's to set"),
    (
        "config: {matrix: {password_file: {configMap: b}}}",
        "config.matrix.password_file: expected one of `secret` and `configMap`",
    ),
    ("caBundle: {secret: a}", "caBundle: expected one of `secret` and `configMap`"),
    ("networkPolicy: {egress: null}", "networkPolicy.egress names nobody"),
    ("config: {public: {base_url: ''}}", "ingress.enabled needs config.public.base_url"),
    ("config: {public: {base_url: https://amt.example/sms}}", "write an Ingress of your own"),
];

#[tokio::test]
async fn wrong_values_are_refused_with_clear_words() -> Result<()> {
    let everything = cases()?.remove("everything").context("no case everything")?;
    let layers = |wrong: &str| vec![everything.clone(), wrong.to_owned()];
    let releases: Vec<_> = WRONG.iter().map(|(wrong, _)| layers(wrong)).collect();
    for ((wrong, words), rendered) in WRONG.iter().zip(helm::render(&chart(), &releases).await?) {
        let said = rendered.result.err().with_context(|| format!("{wrong} was taken"))?;
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "{wrong}: {said}");
    }
    Ok(())
}

/// Somebody who writes a secret where its file belongs, or leaves the `_file` away, must not find
/// it in a ConfigMap.
#[tokio::test]
async fn a_secret_that_is_written_into_the_values_never_comes_to_a_config_map() -> Result<()> {
    let everything = cases()?.remove("everything").context("no case everything")?;
    let read = helm::render(&chart(), &[vec![everything]]).await?;
    let values = &read.first().context("no answer")?.values;
    let mut mistakes = Vec::new();
    plant(&values["config"], &mut |planted| {
        mistakes.push(json!({ "config": planted }));
    });
    assert!(mistakes.len() > 15, "only {}", mistakes.len());
    let releases: Vec<_> =
        mistakes.iter().map(|mistake| vec![values.to_string(), mistake.to_string()]).collect();
    for (mistake, rendered) in mistakes.iter().zip(helm::render(&chart(), &releases).await?) {
        let said = rendered.result.err().with_context(|| format!("{mistake} was taken"))?;
        assert!(said.contains("secret"), "{mistake}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    Ok(())
}

/// Calls `with` with a change of `table` for each place where a file is named: once the secret in
/// the file's place, once under the option's name without `_file`.
fn plant(table: &Value, with: &mut dyn FnMut(Value)) {
    for (option, value) in table.as_object().into_iter().flatten() {
        if option.ends_with("_files") {
            with(json!({ option: ["hunter2"] }));
        } else if let Some(plain) = option.strip_suffix("_file") {
            with(json!({ option: "hunter2" }));
            if ["password", "token", "secret"].contains(&plain) {
                with(json!({ plain: "hunter2" }));
            }
        } else {
            plant(value, &mut |inner| with(json!({ option: inner })));
        }
    }
}
