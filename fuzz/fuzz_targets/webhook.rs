#![no_main]
#![expect(clippy::expect_used, reason = "a fuzz target fails by panicking")]

#[path = "../laws/house.rs"]
mod house;
#[path = "../laws/webhook.rs"]
mod law;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| law::holds(bytes));
