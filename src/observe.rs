//! Every metric and event name of viadukt.
