//! Every published way round a coding agent's checks, and every incident: one row of
//! `docs/bypasses.md` and one test each. `GUARD_WRITE_DOCS=1` writes the table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guard::judge::{Subject, assess};
use guard::policy::{Decision, Policy};
use guard::report::Report;
use guard::resolve::Stdin;
use guard::world::System;
use serde::Deserialize;

const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";
const HEAD: &str = include_str!("bypasses/head.md");
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bypasses.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bypasses {
    bypass: Vec<Bypass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bypass {
    id: String,
    test: String,
    product: String,
    date: String,
    what: String,
    reference: String,
    source: String,
    command: String,
    published: Answer,
    needs: Option<String>,
    canary: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incidents {
    incident: Vec<Incident>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incident {
    id: String,
    test: String,
    name: String,
    date: String,
    what: String,
    exact: bool,
    source: String,
    command: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    dirty: BTreeMap<String, String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Asks,
    Allows,
}

impl Answer {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Allows => "allows",
        }
    }
}

fn bypasses() -> Vec<Bypass> {
    let corpus: Bypasses = toml::from_str(include_str!("../corpus/bypasses.toml")).unwrap();
    corpus.bypass
}

fn incidents() -> Vec<Incident> {
    let corpus: Incidents = toml::from_str(include_str!("../corpus/incidents.toml")).unwrap();
    corpus.incident
}

/// A repository in a home directory, outside of the temporary directory.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        // What lies below /tmp is nobody's loss, wherever the tests are built.
        let built = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let root = match built.starts_with("/tmp") || built.starts_with("/var/tmp") {
            true => std::env::home_dir().unwrap(),
            false => built.to_owned(),
        };
        let home = tempfile::tempdir_in(root).unwrap();
        let place = Self { home };
        place.write("README.md", "# shop\n");
        place.git(&["init", "--quiet", "--template=", "--initial-branch=main"]);
        // The build directory around it is ignored by git: what lies in it would be nobody's loss.
        place.git(&["init", "--quiet", "--template=", ".."]);
        place.commit();
        place
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("shop")
    }

    fn write(&self, name: &str, text: &str) {
        let path = match name.strip_prefix("~/") {
            Some(name) => self.home.path().join(name),
            None => self.directory().join(name),
        };
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let git = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@t"])
            .args(arguments)
            .current_dir(self.directory())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .status();
        assert!(git.unwrap().success(), "git {arguments:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=a commit"]);
    }

    fn answer(&self, command: &str, variables: &BTreeMap<String, String>) -> Answer {
        let own = [
            ("HOME", self.home.path().to_str().unwrap()),
            ("PATH", PROGRAMS),
        ];
        let variables = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let world = System::with_environment(self.directory(), own.into_iter().chain(variables));
        let assessment = assess(&Subject::script(command), Stdin::Empty, &world);
        let report = Report::new(command, &self.directory(), &assessment, &Policy::builtin());
        match report.verdict {
            Decision::Allow => Answer::Allows,
            _ => Answer::Asks,
        }
    }
}

fn is_installed(program: &str) -> bool {
    PROGRAMS
        .split(':')
        .any(|directory| Path::new(directory).join(program).exists())
}

/// What lies in the canary's directory, with what it holds.
fn held(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(held(&entry.path())),
            _ => {
                found.insert(entry.path(), fs::read(entry.path()).unwrap_or_default());
            }
        }
    }
    found
}

fn check_bypass(name: &str) {
    let bypass = bypasses().into_iter().find(|row| row.test == name).unwrap();
    let place = Place::new();
    let files = [
        "canary/a.txt",
        "canary/sub/b.txt",
        "canary/.hidden",
        "important_file.txt",
        "protected-file.txt",
        "~/wc_output",
    ];
    for file in files {
        place.write(file, "the only copy\n");
    }
    let none = BTreeMap::new();
    assert_eq!(
        place.answer(&bypass.command, &none),
        bypass.published,
        "{}",
        bypass.command
    );
    if bypass.canary.is_empty() {
        return;
    }
    assert_eq!(
        place.answer(&bypass.canary, &none),
        Answer::Asks,
        "{}",
        bypass.canary
    );
    if !bypass.needs.as_deref().is_none_or(is_installed) {
        return;
    }
    let canary = place.directory().join("canary");
    let before = held(&canary);
    let status = Command::new("timeout")
        .args(["--kill-after=1", "20", "/bin/bash", "-c", &bypass.canary])
        .env_clear()
        .env("PATH", PROGRAMS)
        .env("HOME", place.home.path())
        .env("TMPDIR", place.home.path())
        .env("TERM", "dumb")
        .current_dir(place.directory())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok());
    let after = held(&canary);
    let kept = before
        .iter()
        .all(|(path, bytes)| after.get(path) == Some(bytes));
    assert!(!kept, "under bash the canary survives: {}", bypass.canary);
}

fn check_incident(name: &str) {
    let incident = incidents()
        .into_iter()
        .find(|row| row.test == name)
        .unwrap();
    let place = Place::new();
    for file in incident.dirty.keys() {
        place.write(file, "as it was committed\n");
    }
    place.write("committed.txt", "\n");
    place.commit();
    for (file, text) in incident.files.iter().chain(&incident.dirty) {
        place.write(file, text);
    }
    assert_eq!(
        place.answer(&incident.command, &incident.env),
        Answer::Asks,
        "{}",
        incident.command
    );
}

/// Text in a cell of a table, as code.
fn code(text: &str) -> String {
    let mut shown: String = text
        .trim_matches([' ', '\n'])
        .chars()
        .flat_map(|c| match c {
            '\n' => "⏎ ".chars().collect::<Vec<_>>(),
            '\r' => "␍".chars().collect(),
            '\u{200b}' => "<U+200B>".chars().collect(),
            '|' => "\\|".chars().collect(),
            other => vec![other],
        })
        .collect();
    if let Some((end, _)) = shown.char_indices().nth(160) {
        shown.truncate(end);
        shown.push('…');
    }
    if shown.contains('`') {
        format!("`` {shown} ``")
    } else {
        format!("`{shown}`")
    }
}

fn table() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Published ways round\n\n");
    text.push_str(
        "| | product, date | the trick | as published | guard | at a canary | guard | test |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in bypasses() {
        let reference = match row.reference.as_str() {
            "" => String::new(),
            reference => format!(" ({reference})"),
        };
        let product = match row.source.starts_with("http") {
            true => format!("[{}]({})", row.product, row.source),
            false => format!("{} ({})", row.product, row.source),
        };
        let (canary, asks) = match row.canary.as_str() {
            "" => ("runs nothing in bash".to_owned(), ""),
            canary => (code(canary), Answer::Asks.as_str()),
        };
        writeln!(
            text,
            "| {} | {product}, {} | {}{reference} | {} | {} | {canary} | {asks} | `{}` |",
            row.id,
            row.date,
            row.what.replace('|', "\\|"),
            code(&row.command),
            row.published.as_str(),
            row.test
        )
        .unwrap();
    }
    text.push_str("\n## Incidents\n\n");
    text.push_str("| | incident, date | what happened | command | guard | test |\n|---|---|---|---|---|---|\n");
    for row in incidents() {
        let told = if row.exact { "" } else { " (put together)" };
        writeln!(
            text,
            "| {} | [{}]({}), {} | {} | {}{told} | asks | `{}` |",
            row.id,
            row.name,
            row.source,
            row.date,
            row.what,
            code(&row.command),
            row.test
        )
        .unwrap();
    }
    text
}

#[test]
fn the_table_is_what_the_tests_check() {
    let table = table();
    if std::env::var_os("GUARD_WRITE_DOCS").is_some() {
        fs::write(TABLE, &table).unwrap();
    }
    assert!(
        fs::read_to_string(TABLE).unwrap() == table,
        "GUARD_WRITE_DOCS=1 writes {TABLE}"
    );
    let rows: Vec<String> = bypasses()
        .into_iter()
        .map(|row| row.test)
        .chain(incidents().into_iter().map(|row| row.test))
        .collect();
    assert_eq!(rows, TESTS, "one row and one test each");
}

macro_rules! rows {
    ($check:ident, $($name:ident)*; $other:ident, $($second:ident)*) => {
        const TESTS: &[&str] = &[$(stringify!($name),)* $(stringify!($second),)*];
        $(#[test] fn $name() { $check(stringify!($name)); })*
        $(#[test] fn $second() { $other(stringify!($second)); })*
    };
}

rows! {
    check_bypass,
    b01_chained_command
    b02_leading_comments
    b03_fifty_no_ops
    b04_second_of_and
    b05_pipe_member
    b06_redirected_pipe
    b07_redirected_output
    b08_hash_in_a_word
    b09_pipe_with_errors
    b10_brace_with_empty
    b11_carriage_return
    b12_cluster_with_v
    b13_long_options
    b14_home_variable
    b15_quoted_operand
    b16_dot_glob
    b17_long_option_first
    b18_variable_as_name
    b19_trusted_base_name
    b20_unknown_wrapper
    b21_bash_c
    b22_xargs_from_file
    b23_brace_group
    b24_here_string
    b25_ansi_c_program
    b26_ansi_c_operand
    b27_ansi_c_after_command
    b28_substituted_program
    b29_back_quoted_program
    b30_assembled_program
    b31_variable_program
    b32_replaced_dollar_zero
    b33_brace_cross_product
    b34_zero_width_space
    b35_eval_remote
    b36_path_of_constants
    b37_eval_in_script
    b38_prompt_expansion
    b39_sed_writes
    b40_sed_writes_addressed
    b41_sed_flag_writes
    b42_sort_runs
    b43_second_line
    b44_forced_pager
    b45_find_writes
    b46_configuration_variable
    b47_poisoned_environment
    b48_substitution_in_path
    b49_closed_quote
    b50_man_runs
    b51_abbreviated_option
    b52_field_separator
    b53_go_test_exec
    b54_fd_runs
    b55_white_space
    b56_encoded
    b57_quoted_letters
    b58_shell_in_shell
    b59_env_in_front;
    check_incident,
    i01_railway_volume
    i02_drizzle_push
    i03_terraform_destroy
    i04_prisma_push
    i05_prisma_force_reset
    i06_prisma_accept_data_loss
    i07_supabase_linked_reset
    i08_supabase_local_reset
    i09_dropdb
    i10_drop_table
    i11_own_code_drops_tables
    i12_home_among_operands
    i13_home_of_wolak
    i14_directory_named_tilde
    i15_home_variable
    i16_remove_then_clone
    i17_case_of_a_path
    i18_xargs_from_file
    i19_photos
    i20_rmdir_of_a_drive
    i21_pycache_by_powershell
    i22_pycache_again
    i23_rd_backslash
    i24_project_directory
    i25_only_backup
    i26_moves_onto_one_name
    i27_documents
    i28_reset_hard
    i29_checkout_dot
    i30_restore
    i31_docker_prune
    i32_terraform_apply
    i33_memorystore
    i34_delete_stack
    i35_inbox
    i36_rotated_keys
    i37_forced_job
    i38_gitlab
    i39_tests_on_production
    i40_rake_on_production
    i41_undefined_directory
    i42_steamroot
    i43_stray_blank
    i44_volume_with_a_blank
    i45_toy_story
    i46_tests_with_credentials
    i47_sites_of_customers
    i48_sync_with_prune
    i49_too_many_servers
    i50_left_pad
    i51_compose_down
    i52_compose_down_in_script
}
