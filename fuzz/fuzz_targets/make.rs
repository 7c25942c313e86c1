#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let script = format!("cat > Makefile <<'GUARD'\n{text}\nGUARD\nmake all clean\n");
    guard_fuzz::judged(&guard::judge::Subject::script(script));
});
