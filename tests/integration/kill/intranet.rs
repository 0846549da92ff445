//! The same with applications and doors of the intranet.

use anyhow::Result;
use rand::SeedableRng;
use rand::rngs::StdRng;
use viadukt_testbed::talk::intranet::FarEnds;
use viadukt_testbed::talk::{IntranetTalk, judge};

use super::{SEED, Table, from_env, live_and_die, plan, sentence};
use crate::intranet::scene::Scene;

/// Kills at random moments when `VIADUKT_ROUNDS` asks for no other number.
const ROUNDS: usize = 2;

#[tokio::test]
async fn killed_at_any_moment_it_loses_no_word_and_doubles_none_untold() -> Result<()> {
    let (rounds, seed) = (from_env("VIADUKT_ROUNDS", ROUNDS)?, from_env("VIADUKT_SEED", SEED)?);
    let mut random = StdRng::seed_from_u64(seed);
    let plan = plan(rounds, &mut random);
    let mut scene = Scene::with_applications().await?;
    let Scene { bridge, clerk, application, broker, doors, hooks, room, testbed, .. } = &mut scene;
    let far = FarEnds { hooks, application, publisher: broker.publisher(), doors };
    let mut talk = IntranetTalk::begin(testbed, clerk, far, room.clone(), seed).await?;
    bridge.kill9().await?;

    let recoveries = live_and_die(bridge, &plan, &mut random, &mut talk).await?;
    let findings = judge(&mut talk).await?;
    sentence(bridge, &Table { seed, plan: &plan, findings: &findings, recoveries: &recoveries })
        .await
}
