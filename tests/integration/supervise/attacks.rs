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

/// An approval, or a policy, that somebody below the supervisor writes.
#[test]
fn guards_own_files_are_not_written_unasked() {
    let place = Place::new();
    place.age();
    // So that the directory is there.
    let first = place.supervised(&["true"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let state = place.path("home/.local/state/guard");
    for way in [
        "printf forged > S/approvals-x",
        "printf forged >> S/approvals-x",
        "echo forged > n; mv n S/approvals-x",
        "echo forged > n; helper rename n S/approvals-x",
        "echo forged > n; ln n S/approvals-x",
        "ln -s /etc/passwd S/approvals-x",
        "python3 -c 'open(\"S/approvals-x\", \"w\")'",
        "helper creat S/approvals-x",
        "cd S; : > approvals-x",
    ] {
        let script = way.replace('S', state.to_str().unwrap());
        let hidden = encoded(&script);
        let hidden = format!("eval \"$(helper text {})\"", shell_words::quote(&hidden));
        let output = place.supervised(&["bash", "-c", &hidden]);
        let made = std::fs::symlink_metadata(state.join("approvals-x"));
        assert!(made.is_err(), "{way}: {}", said(&output));
        assert!(
            said(&output).contains("guard: STOPPED"),
            "{way}: {}",
            said(&output)
        );
    }
}

#[test]
fn packs_are_not_changed_from_below() {
    let place = Place::new();
    place.age();
    std::fs::write(place.path("work/acme.toml"), "schema = 1\n").unwrap();
    let hidden = encoded("guard pack add ./acme.toml; guard pack remove x");
    let hidden = format!("eval \"$(helper text '{hidden}')\"");
    let output = place.supervised(&["bash", "-c", &hidden]);
    let heard = said(&output);
    assert_eq!(heard.matches("below a supervisor").count(), 2, "{heard}");
}

#[test]
fn arguments_that_change_after_they_were_judged_do_not_run() {
    let place = Place::new();
    place.age();
    let output = place.supervised(&["helper", "race", "1500", "/bin/rm"]);
    assert!(place.is_whole(), "{}", said(&output));
}
