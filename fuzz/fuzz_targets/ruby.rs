#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    guard_fuzz::argument(&["ruby", "-e"], data);
});
