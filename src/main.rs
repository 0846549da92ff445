//! viadukt
fn main() {}
