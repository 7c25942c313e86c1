//! Packs that a machine or a person adds: what they may do, and that they can never grant.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use guard::packs::examples::{self, Scene};
use guard::packs::{Entry, Packs, library};
use guard::rules::check;

const ACME: &str = r#"
schema = 1
[pack]
name = "acme"
version = "1.0.0"
summary = "a made-up cloud"
[[cli]]
programs = ["acme"]
packages = ["@acme/cli"]
[[cli.command]]
path = "wipe"
[[cli.rule]]
id = "wipe"
command = ["wipe"]
class = "irreversible"
action = "wipe"
target = { kind = "cloud", name = [{ operand = 0 }] }
summary = "wipes the cloud"
source = "its manual"
match = ["acme wipe prod"]
no-match = ["acme list"]
"#;

/// A person's machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let place = tempfile::Builder::new()
            .prefix("added-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let machine = Self(place.unwrap());
        fs::create_dir_all(machine.pack("acme").parent().unwrap()).unwrap();
        machine
    }

    fn pack(&self, name: &str) -> PathBuf {
        let packs = self.0.path().join(".config/guard/packs");
        packs.join(format!("{name}.toml"))
    }

    fn guard(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_guard"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap()
    }

    /// The status and everything that was said.
    fn check(&self, script: &str) -> (i32, String) {
        let output = self.guard(&["check", "-c", script]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        (output.status.code().unwrap(), said)
    }
}

#[test]
fn an_added_pack_decides_for_a_program_that_nobody_knows() {
    let machine = Machine::new();
    assert_eq!(machine.check("acme wipe prod").0, 0);
    fs::write(machine.pack("acme"), ACME).unwrap();
    for script in [
        "acme wipe prod",
        "cd infra && sudo acme wipe prod",
        "npx @acme/cli wipe prod",
        "X=wipe; /opt/acme/bin/acme $X prod",
    ] {
        let (status, said) = machine.check(script);
        assert_eq!(status, 126, "{script}: {said}");
        assert!(said.contains("acme/wipe"), "{said}");
    }
    assert_eq!(machine.check("acme list; echo acme wipe prod").0, 0);
    // What runs is stopped as well.
    let output = machine.guard(&["-c", "acme wipe prod"]);
    assert_eq!(output.status.code(), Some(126), "{output:?}");
}

#[test]
fn a_broken_pack_is_loud_and_its_last_good_copy_asks_on() {
    let machine = Machine::new();
    fs::write(machine.pack("acme"), ACME).unwrap();
    assert_eq!(machine.check("acme wipe prod").0, 126);
    fs::write(machine.pack("acme"), ACME.replace("class", "clas")).unwrap();
    let (status, said) = machine.check("acme wipe prod");
    assert_eq!(status, 126, "{said}");
    assert!(
        said.contains("the pack `acme` is broken, its last good copy is used"),
        "{said}"
    );
    let list = machine.guard(&["rules", "list", "acme"]);
    let said = String::from_utf8(list.stderr).unwrap();
    assert_eq!(list.status.code(), Some(1));
    assert!(said.contains("did you mean `class`?"), "{said}");
    assert!(said.contains("last good copy"), "{said}");
}

#[test]
fn a_change_of_packs_or_of_what_was_compiled_is_a_question() {
    let machine = Machine::new();
    fs::write(machine.pack("acme"), ACME).unwrap();
    assert_eq!(machine.check("acme list").0, 0);
    for script in [
        "rm ~/.config/guard/packs/acme.toml",
        "echo > ~/.config/guard/packs/new.toml",
        "mv ~/.config/guard/packs /tmp/elsewhere",
        "cp x ~/.local/state/guard/packs/compiled",
        "rm -r ~/.local/state/guard/packs",
        "git clone https://example.com/x ~/.config/guard/packs/y",
        "tar -xf x.tar -C ~/.config/guard/packs",
        "ln -s /tmp/x ~/.config/guard/other",
    ] {
        let (status, said) = machine.check(script);
        assert_eq!(status, 126, "{script}: {said}");
    }
    for script in [
        "ls ~/.config/guard/packs",
        "cat ~/.config/guard/packs/acme.toml",
    ] {
        assert_eq!(machine.check(script).0, 0, "{script}");
    }
}

/// A pack that calls every program of guard's own packs harmless.
fn hostile(first: &str) -> guard::rules::schema::Pack {
    let packs = Packs::built_in();
    let mut names: Vec<&str> = packs.programs().map(|(name, _)| name).collect();
    names.dedup();
    let packages: Vec<&String> = packs
        .programs()
        .filter_map(|(_, entry)| match entry {
            Entry::Cli(index) => packs.cli(index),
            Entry::ReadOnly(_) | Entry::Reversible(_) => None,
        })
        .flat_map(|(_, cli)| &cli.packages)
        .collect();
    let quoted = names.iter().map(|name| format!("{name:?}"));
    let quoted = quoted.collect::<Vec<_>>().join(", ");
    let mut unique: Vec<String> = packages.iter().map(|name| format!("{name:?}")).collect();
    unique.sort();
    unique.dedup();
    let header = "schema = 1\n[pack]\nname = \"hostile\"\nversion = \"1.0.0\"\nsummary = \"x\"\n";
    let body = match first {
        "read-only" => format!("read-only = [{quoted}]\n{header}"),
        "reversible" => format!("reversible = [{quoted}]\n{header}"),
        _ => format!(
            "{header}[[cli]]\nprograms = [\"true-of-hostile\", {quoted}]\npackages = [{}]\n\
             unknown-command = \"operand\"\n\
             flags = [\"-r\", \"-f\", \"--force\", \"-y/--yes\"]\n\
             harmless = [\"-r\", \"-f\", \"--force\", \"--yes\"]\n\
             read-only = [\"*\"]\n\
             [[cli.write]]\nto = [{{ operands = 0 }}]\nfrom = \"stdin\"\n",
            unique.join(", ")
        ),
    };
    let body = body.replacen("schema = 1\n", "", 1);
    check::read(&format!("schema = 1\n{body}")).unwrap()
}

/// Law 4: whatever an added pack says, every question that guard asks without it stays.
#[test]
fn no_added_pack_takes_a_question_away() {
    let mut asked = 0;
    for kind in ["read-only", "reversible", "cli"] {
        let scene = Scene::new(vec![hostile(kind)]).unwrap();
        for loaded in library::built_in() {
            let pack = loaded.pack.unwrap();
            for rule in examples::rules(&pack) {
                for example in examples::of(&pack, rule).filter(|example| example.fires) {
                    if let Err(why) = example.check(&scene) {
                        panic!("with a hostile pack ({kind}): {why}");
                    }
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 1500, "{asked}");
}

#[test]
fn a_new_pack_passes_its_own_tests() {
    let machine = Machine::new();
    let made = machine.guard(&["rules", "new", "my-cloud"]);
    assert!(made.status.success(), "{made:?}");
    for command in ["lint", "test"] {
        let output = machine.guard(&["rules", command, "./my-cloud.toml"]);
        assert!(output.status.success(), "{command}: {output:?}");
    }
    let again = machine.guard(&["rules", "new", "my-cloud"]);
    assert_eq!(again.status.code(), Some(1));
    let own = machine.guard(&["rules", "new", "shell"]);
    assert_eq!(own.status.code(), Some(1));
    let explained = machine.guard(&["rules", "explain", "--json", "--", "rm", "-rf", "x"]);
    let said = String::from_utf8(explained.stdout).unwrap();
    let found: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(found["packs"][0]["pack"], "shell");
    assert_eq!(found["packs"][0]["readings"][0]["operands"][0], "x");
}

const API: &str = r#"
schema = 1
[pack]
name = "acme"
version = "1.0.0"
summary = "a made-up cloud"
docs = "https://acme.io/docs"
[[api]]
hosts = ["api.acme.io"]
reversible = ["DELETE /clusters/{name}"]
[[api.rule]]
id = "cluster-delete"
command = ["DELETE /clusters/{name}"]
class = "recoverable"
action = "delete"
target = { kind = "cluster", name = [{ option = "name" }] }
summary = "Deletes the cluster."
source = "its manual"
match = ["curl -X DELETE https://api.acme.io/clusters/a"]
no-match = ["echo clusters"]
[[api.rule]]
id = "cluster-delete-again"
command = ["DELETE /clusters/{name}"]
when = { option = { name = "force", is = ["true"] } }
class = "irreversible"
action = "delete"
target = { kind = "cluster", name = [{ option = "name" }] }
summary = "deletes the cluster at once"
source = "its manual"
match = ["curl -X DELETE https://api.acme.io/clusters/a?force=true"]
no-match = ["curl https://api.acme.io/clusters/a"]
"#;

#[test]
fn what_a_pack_says_of_requests_is_listed_explained_and_linted() {
    let machine = Machine::new();
    fs::write(machine.pack("acme"), API).unwrap();
    let said = |arguments: &[&str]| {
        let output = machine.guard(arguments);
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8(said).unwrap()
    };
    let linted = said(&["rules", "lint", "acme"]);
    for advice in [
        "the text ends with a period",
        "the summary begins with a capital letter",
        "does not say what brings it back",
        "no `no-match` of rule `cluster-delete` sends the server anything",
        "`DELETE /clusters/{name}` is listed as harmless, too",
        "the rule is never reached: `cluster-delete` is first",
    ] {
        assert!(linted.contains(advice), "{advice}: {linted}");
    }
    let listed = said(&["rules", "list", "api.acme.io"]);
    assert!(listed.contains("acme/cluster-delete-again"), "{listed}");
    let request = "curl -X DELETE -d force=true https://api.acme.io/clusters/a";
    let explained = said(&["rules", "explain", "-c", request]);
    for line in [
        "request    DELETE https://api.acme.io/clusters/a",
        "pack acme (user): it is reversible",
        "applies    acme/cluster-delete: ",
    ] {
        assert!(explained.contains(line), "{line}: {explained}");
    }
    let known = said(&[
        "rules",
        "explain",
        "--",
        "gh",
        "api",
        "-XDELETE",
        "repos/a/b",
    ]);
    let line = "applies    api-platforms/github-repository-delete";
    assert!(known.contains(line), "{known}");
}
