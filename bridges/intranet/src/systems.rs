//! The kinds of systems: one line each.

use crate::system::SystemKind;

/// Everything that a system can be configured to speak.
pub(crate) const SYSTEMS: &[SystemKind] = &[];
