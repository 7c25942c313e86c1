//! What a process of the same user may try against its supervisor.

use super::place::{Place, encoded, said};

/// The supervisor is the parent of the shell's parent's … child: the shell's own parent.
fn against(place: &Place, way: &str) -> String {
    let rest = encoded("rm -rf d");
    let script = format!("helper {way} $PPID; eval \"$(helper text '{rest}')\"; cat d/keep");
    said(&place.supervised(&["bash", "-c", &script]))
}

#[test]
fn the_supervisor_cannot_be_ended_stopped_or_read() {
    let place = Place::new();
    place.age();
    for way in [
        "kill",
        "stop",
        "tgkill",
        "ptrace",
        "seize",
        "pidfd",
        "memory-of",
        "prlimit",
    ] {
        let heard = against(&place, way);
        assert!(heard.contains("refused: "), "{way}: {heard}");
        assert!(heard.contains("irreplaceable"), "{way}: {heard}");
        assert!(place.is_whole(), "{way}: {heard}");
    }
}

#[test]
fn arguments_that_change_after_they_were_judged_do_not_run() {
    let place = Place::new();
    place.age();
    let output = place.supervised(&["helper", "race", "1500", "/bin/rm"]);
    assert!(place.is_whole(), "{}", said(&output));
}
