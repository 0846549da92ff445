//! `viadukt sms parts`: how a text would be cut, without configuration or network.

use viadukt_api::Tool;

pub(crate) const TOOLS: &[Tool] = &[crate::gateway::PARSE_HOOK];
