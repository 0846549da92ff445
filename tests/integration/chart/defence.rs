//! What the chart keeps shut: the Pod Security Standard "restricted", and the network.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Release, chart};

/// The volumes that the standard allows.
const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>, with what it
/// takes over from "baseline", and a root file system that nobody can write to besides.
#[tokio::test]
async fn every_pod_is_restricted() -> Result<()> {
    for release in Release::all().await? {
        for pod in release.pods()? {
            let spec = &pod["spec"];
            let what = format!("{}: {}", release.case, pod["metadata"]);
            assert_eq!(spec["automountServiceAccountToken"], false, "{what}");
            assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{what}");
            assert_ne!(spec["securityContext"]["runAsUser"], 0, "{what}");
            let profile = &spec["securityContext"]["seccompProfile"];
            assert_eq!(profile["type"], "RuntimeDefault", "{what}");
            for shared in ["hostNetwork", "hostPID", "hostIPC"] {
                assert!(spec[shared].is_null(), "{what}: {shared}");
            }
            for volume in entries(&spec["volumes"]) {
                let mut kinds = volume.as_object().context("a volume")?.keys();
                let known = |kind: &String| kind == "name" || VOLUMES.contains(&kind.as_str());
                assert!(kinds.all(known), "{what}: {volume}");
            }
            for container in entries(&spec["initContainers"]).chain(entries(&spec["containers"])) {
                check_container(container, &what);
            }
        }
    }
    Ok(())
}

fn check_container(container: &Value, what: &str) {
    let security = &container["securityContext"];
    assert_eq!(security["allowPrivilegeEscalation"], false, "{what}");
    assert_eq!(security["readOnlyRootFilesystem"], true, "{what}");
    assert_eq!(security["capabilities"], json!({ "drop": ["ALL"] }), "{what}");
    assert!(security["privileged"].is_null() || security["privileged"] == false, "{what}");
    assert!(security["runAsUser"].is_null() || security["runAsUser"] != 0, "{what}");
    assert!(entries(&container["ports"]).all(|port| port["hostPort"].is_null()), "{what}");
    assert!(!container["resources"]["limits"]["memory"].is_null(), "{what}");
}

#[tokio::test]
async fn the_network_is_shut_but_for_whom_the_values_name() -> Result<()> {
    let release = Release::of(&chart(), "minimal", &[]).await?;
    let policy = release.the("NetworkPolicy")?;
    let spec = &policy["spec"];
    assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
    let pod = &release.the("StatefulSet")?["spec"]["selector"]["matchLabels"];
    assert_eq!(&spec["podSelector"]["matchLabels"], pod);

    // In comes `helm test` alone.
    let [rule] = &entries(&spec["ingress"]).collect::<Vec<_>>()[..] else {
        panic!("{spec}");
    };
    let [from] = &entries(&rule["from"]).collect::<Vec<_>>()[..] else { panic!("{rule}") };
    let test = &release.the("Pod")?["metadata"]["labels"];
    for (label, value) in from["podSelector"]["matchLabels"].as_object().context("no labels")? {
        assert_eq!(&test[label], value, "{label}");
    }

    // Out go names, and what the values name.
    let out: Vec<_> = entries(&spec["egress"]).map(|rule| &rule["ports"]).collect();
    let dns = json!([{ "port": 53, "protocol": "UDP" }, { "port": 53, "protocol": "TCP" }]);
    let expected = [dns, json!([{ "port": 443 }]), json!([{ "port": 993 }, { "port": 465 }])];
    assert_eq!(out, expected.iter().collect::<Vec<_>>());
    assert!(entries(&spec["egress"]).all(|rule| entries(&rule["to"]).count() > 0), "{spec}");
    Ok(())
}

#[tokio::test]
async fn the_public_listener_is_open_only_where_there_is_one_and_to_whom_it_is() -> Result<()> {
    let rules = async |more: &str| -> Result<Vec<Value>> {
        let release = Release::of(&chart(), "sms-http", &[more]).await?;
        let ingress = &release.the("NetworkPolicy")?["spec"]["ingress"];
        Ok(entries(ingress).map(|rule| rule["ports"].clone()).collect())
    };
    let (internal, public) = (json!([{ "port": 9090 }]), json!([{ "port": 8085 }]));
    assert_eq!(rules("{}").await?, [internal.clone(), public]);
    assert_eq!(rules("networkPolicy: {ingress: {public: []}}").await?, [internal]);
    let release = Release::of(&chart(), "minimal", &[]).await?;
    assert_eq!(release.of_kind("Service").len(), 1, "the internal one");
    Ok(())
}

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
