#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    guard_fuzz::judged(&guard::judge::Subject::script(text));
});
