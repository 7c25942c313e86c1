#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    guard_fuzz::argument(&["zsh", "-lc"], text.as_bytes());
});
