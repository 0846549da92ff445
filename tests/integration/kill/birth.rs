//! Killed during its very first start, while it makes its device, its identity, its recovery
//! key and its room, the bridge ends up with one of each.

use anyhow::{Context, Result, ensure};
use matrix_sdk::Client;
use matrix_sdk::encryption::recovery::RecoveryState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::{Duration, sleep};
use viadukt_testbed::{Bridge, Testbed};

use super::{SEED, from_env, program};

/// Newborn bridges, each with an account of its own.
const LIVES: usize = 8;
/// Kills before one is let live.
const KILLS: usize = 2;
/// Within this time after its start, in milliseconds, it is killed.
const INFANCY: u64 = 1_500;
const PASSWORD: &str = "neugeboren";

#[tokio::test]
async fn killed_at_its_first_start_it_has_one_room_one_device_and_one_key() -> Result<()> {
    let seed = from_env("VIADUKT_SEED", SEED)?;
    let mut random = StdRng::seed_from_u64(seed);
    let testbed = Testbed::start().await?;
    let clerk = testbed.clerk().await?;
    for life in 0..LIVES {
        let name = format!("neugeboren{life}");
        testbed.synapse.register(&name, PASSWORD).await?;
        let mut bridge = newborn(&testbed, &name)?;
        let mut moments = Vec::new();
        for _ in 0..KILLS {
            let moment = Duration::from_millis(random.random_range(0..INFANCY));
            moments.push(moment);
            bridge.start()?;
            sleep(moment).await;
            bridge.kill9().await?;
        }
        let about = || format!("{name} of seed {seed}, killed after {moments:?}");
        bridge.start()?;
        bridge.ready().await.with_context(about)?;
        clerk.join(&name).await.with_context(about)?;
        one_of_each(&testbed, &name).await.with_context(about)?;
    }
    Ok(())
}

/// A bridge with nothing but a new account.
fn newborn(testbed: &Testbed, name: &str) -> Result<Bridge> {
    let mut bridge = testbed.bridge(program())?;
    let folder = testbed.folder().join(name);
    std::fs::create_dir(&folder)?;
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD)?;
    bridge.mail_config()?.insert("room_name".into(), name.into());
    bridge.config.insert("data_dir".into(), path(&folder.join("data")));
    let matrix = bridge.config.get_mut("matrix").and_then(toml::Value::as_table_mut);
    let matrix = matrix.context("no [matrix]")?;
    matrix.insert("user".into(), testbed.synapse.user_id(name).into());
    matrix.insert("password_file".into(), path(&password));
    matrix.insert("recovery_key_file".into(), path(&folder.join("recovery.key")));
    Ok(bridge)
}

fn path(path: &std::path::Path) -> toml::Value {
    path.display().to_string().into()
}

/// Looks at the account from another device of it.
async fn one_of_each(testbed: &Testbed, name: &str) -> Result<()> {
    let client = Client::builder().homeserver_url(testbed.synapse.url()).build().await?;
    client.matrix_auth().login_username(name, PASSWORD).send().await?;
    client.sync_once(Default::default()).await?;
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    let key = std::fs::read_to_string(testbed.folder().join(name).join("recovery.key"))?;
    client.encryption().recovery().recover(key.trim()).await.context("the recovery key")?;
    let recovered = client.encryption().recovery().state();
    ensure!(recovered == RecoveryState::Enabled, "recovery is {recovered:?}");

    let user = client.user_id().context("not logged in")?;
    let devices = client.encryption().get_user_devices(user).await?;
    let others: Vec<_> =
        devices.devices().filter(|device| Some(device.device_id()) != client.device_id()).collect();
    ensure!(others.len() == 1, "{} devices", others.len());
    ensure!(others.iter().all(|device| device.is_cross_signed_by_owner()), "an unsigned device");
    let rooms = client.joined_rooms();
    ensure!(rooms.len() == 1, "{} rooms", rooms.len());
    Ok(())
}
