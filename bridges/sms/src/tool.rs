//! `viadukt sms parts`: how a text would be cut, without configuration or network.

use viadukt_api::Tool;

use crate::gateway::PARSE_HOOK;

pub(crate) const TOOLS: &[Tool] = &[PARSE_HOOK];
