#![no_main]

#[path = "../laws/house.rs"]
mod house;
#[path = "../laws/webhook.rs"]
mod law;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| law::holds(bytes));
