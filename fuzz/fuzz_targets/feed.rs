#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| viadukt_intranet::fuzz::feed(data));
