//! Ports for servers, such as no other process takes before the server does.

use std::fs::{File, TryLockError};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below what the kernel gives to outgoing connections and to whoever asks for any port
/// (`ip_local_port_range`, 32768 and up by default): what is free here stays free, also while a
/// server is stopped and started again.
const PORTS: Range<u16> = 12_000..32_000;

/// Ports that a process claims at once; the largest scene of the tests needs fewer.
const BLOCK: u16 = 40;

/// What is left of this process's blocks, and the locks that make them its own: they end with it,
/// however it ends.
static OURS: Mutex<(Range<u16>, Vec<File>)> = Mutex::new((0..0, Vec::new()));

/// A port of 127.0.0.1 that nobody listens on, and that no other process which asks here is given
/// while this one lives.
///
/// # Errors
/// When the locks beside the temporary files cannot be made, or every port is taken.
pub fn free_port() -> io::Result<u16> {
    let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    let (left, locks) = &mut *ours;
    loop {
        if let Some(port) = left.find(|port| listenable(*port)) {
            return Ok(port);
        }
        let (block, lock) = claim()?;
        *left = block;
        locks.push(lock);
    }
}

fn listenable(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The first block of ports that no living process has.
fn claim() -> io::Result<(Range<u16>, File)> {
    let folder = std::env::temp_dir().join("viadukt-ports");
    std::fs::create_dir_all(&folder)?;
    for start in PORTS.step_by(BLOCK.into()) {
        let lock = File::create(folder.join(start.to_string()))?;
        match lock.try_lock() {
            Ok(()) => return Ok((start..start + BLOCK, lock)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("every port that the tests may use is taken: end what still runs of them"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_are_given_once_and_can_be_listened_on() {
        let ports: BTreeSet<u16> = (0..3 * BLOCK).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), usize::from(3 * BLOCK));
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }

    #[test]
    fn a_block_belongs_to_one_at_a_time() {
        let (first, lock) = claim().unwrap();
        let (second, _other) = claim().unwrap();
        assert_ne!(first, second);
        drop(lock);
    }
}
