//! What `tests/setup` installed into the user's cache.

use std::path::PathBuf;

/// The folder of the package `name`, whose version is a part of it; the same as in `tests/setup`.
pub(crate) fn installed(name: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("viadukt").join(name)
}
