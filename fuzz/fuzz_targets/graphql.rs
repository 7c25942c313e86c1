#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    guard_fuzz::argument(&["curl", "https://backboard.railway.com/graphql/v2", "-d"], data);
});
