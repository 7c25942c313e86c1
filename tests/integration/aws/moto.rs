//! The real `aws` against a real (simulated) cloud on loopback: what guard says of a command is
//! compared with what the server has lost after it ran.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use guard::effect::Class::{self, Irreversible, ReadOnly, Recoverable, Reversible};

use super::Machine;

const NEEDED: &str = "this test needs a real aws and moto: pip install awscli 'moto[server]'";

/// Ends with the test, whatever happens.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        // Through python, so that the child is the server itself and not a launcher of it.
        let child = Command::new("python3")
            .args([
                "-m",
                "moto.server",
                "-H",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(NEEDED);
        let mut server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{NEEDED}");
            assert!(Instant::now() < deadline, "moto did not answer in time");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }
}

/// Makes state and lists it, in one long-lived process.
struct Driver {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Driver {
    fn start(url: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/aws/driver.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect(NEEDED);
        Self {
            requests: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn ask(&mut self, request: &serde_json::Value) -> serde_json::Value {
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the driver failed at {request}; {NEEDED}");
        let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{answer}");
        answer
    }

    fn state(&mut self, service: &str) -> Vec<String> {
        serde_json::from_value(self.ask(&serde_json::json!({"list": service}))).unwrap()
    }
}

/// A command, what is there before it, and what guard must say of it.
struct Form {
    /// `kind name` pairs; `{name}` in the command is the id that AWS chose.
    made: &'static str,
    command: &'static str,
    class: Class,
    /// What must be there afterwards for a recoverable loss to be one.
    kept: Option<&'static str>,
}

const fn form(class: Class, made: &'static str, command: &'static str) -> Form {
    Form {
        made,
        command,
        class,
        kept: None,
    }
}

const fn kept(made: &'static str, command: &'static str, kept: &'static str) -> Form {
    Form {
        made,
        command,
        class: Recoverable,
        kept: Some(kept),
    }
}

const FORMS: &[Form] = &[
    // s3
    form(ReadOnly, "objects data", "aws s3 ls s3://data --recursive"),
    form(ReadOnly, "objects data", "aws s3 presign s3://data/a.txt"),
    form(ReadOnly, "objects data", "aws s3 cp s3://data/a.txt -"),
    form(
        ReadOnly,
        "objects data",
        "aws s3 rm s3://data --recursive --dryrun",
    ),
    form(
        ReadOnly,
        "objects data",
        "aws s3 sync empty s3://data --delete --dryr",
    ),
    form(ReadOnly, "objects data", "aws s3 sync s3://data fresh"),
    form(Reversible, "", "aws s3 mb s3://made"),
    form(Irreversible, "bucket data", "aws s3 rb s3://data"),
    form(Irreversible, "objects data", "aws s3 rb s3://data --force"),
    form(Irreversible, "objects data", "aws s3 rm s3://data/a.txt"),
    form(
        Irreversible,
        "objects data",
        "aws s3 rm s3://data --recursive",
    ),
    form(
        Irreversible,
        "objects data",
        "aws s3 rm s3://data --recurs --quiet",
    ),
    form(
        Irreversible,
        "objects data",
        "aws s3 rm --recursive s3://data --exclude '*' --include 'dir/*'",
    ),
    form(
        Irreversible,
        "objects data",
        "aws s3 sync empty s3://data --delete",
    ),
    form(
        Irreversible,
        "objects data",
        "aws s3 sync --del empty s3://data",
    ),
    form(
        Irreversible,
        "objects data",
        "aws s3 mv s3://data/a.txt /dev/null",
    ),
    kept(
        "objects data",
        "aws s3 mv s3://data/a.txt s3://data/moved.txt",
        "object:data/moved.txt",
    ),
    kept(
        "objects data",
        "aws s3 cp one.txt s3://data/new.txt",
        "object:data/new.txt",
    ),
    kept(
        "objects data",
        "aws s3 sync site s3://data",
        "object:data/index.html",
    ),
    form(
        Irreversible,
        "objects data",
        "aws s3api delete-object --bucket data --key a.txt",
    ),
    form(
        Irreversible,
        "objects data",
        r#"aws s3api delete-objects --bucket data --delete '{"Objects":[{"Key":"a.txt"}]}'"#,
    ),
    form(
        Irreversible,
        "bucket data",
        "aws s3api delete-bucket --bucket data",
    ),
    form(
        ReadOnly,
        "objects data",
        "aws s3api list-objects-v2 --bucket data",
    ),
    // ec2
    form(ReadOnly, "instance i", "aws ec2 describe-instances"),
    form(
        Reversible,
        "",
        "aws ec2 run-instances --image-id ami-12c6146b --count 1",
    ),
    form(
        Irreversible,
        "instance i",
        "aws ec2 terminate-instances --instance-ids {i}",
    ),
    form(
        Irreversible,
        "instance i",
        "aws ec2 terminate-instances --instance-i {i}",
    ),
    form(
        Irreversible,
        "instance i",
        r#"aws ec2 terminate-instances --cli-input-json '{"InstanceIds":["{i}"]}'"#,
    ),
    form(
        ReadOnly,
        "instance i",
        "aws ec2 terminate-instances --instance-ids {i} --dry-run",
    ),
    kept(
        "instance i",
        "aws ec2 stop-instances --instance-ids {i}",
        "instance:{i}",
    ),
    form(
        Irreversible,
        "volume v",
        "aws ec2 delete-volume --volume-id {v}",
    ),
    form(
        Irreversible,
        "snapshot s",
        "aws ec2 delete-snapshot --snapshot-id {s}",
    ),
    form(
        Irreversible,
        "address a",
        "aws ec2 release-address --allocation-id {a}",
    ),
    form(
        Reversible,
        "volume v",
        "aws ec2 create-snapshot --volume-id {v}",
    ),
    // dynamodb
    form(ReadOnly, "table t", "aws dynamodb scan --table-name t"),
    form(
        Irreversible,
        "table t",
        "aws dynamodb delete-table --table-name t",
    ),
    form(
        Irreversible,
        "table t",
        r#"aws dynamodb delete-item --table-name t --key '{"id":{"S":"1"}}'"#,
    ),
    form(
        Irreversible,
        "table t",
        r#"aws dynamodb batch-write-item --request-items '{"t":[{"DeleteRequest":{"Key":{"id":{"S":"1"}}}}]}'"#,
    ),
    form(
        Reversible,
        "table t",
        r#"aws dynamodb put-item --table-name t --item '{"id":{"S":"2"}}' --condition-expression 'attribute_not_exists(id)'"#,
    ),
    form(
        Irreversible,
        "table t",
        r#"aws dynamodb execute-statement --statement "DELETE FROM \"t\" WHERE id = '1'""#,
    ),
    form(
        ReadOnly,
        "table t",
        r#"aws dynamodb execute-statement --statement "SELECT * FROM \"t\" WHERE id = '1'""#,
    ),
    // rds
    form(ReadOnly, "database d", "aws rds describe-db-instances"),
    form(
        Irreversible,
        "database d",
        "aws rds delete-db-instance --db-instance-identifier d --skip-final-snapshot",
    ),
    form(
        Irreversible,
        "database d",
        "aws rds delete-db-instance --db-inst d --no-skip-final-snapshot --skip-final",
    ),
    kept(
        "database d",
        "aws rds delete-db-instance --db-instance-identifier d --final-db-snapshot-identifier last",
        "database-snapshot:last",
    ),
    form(
        Irreversible,
        "database_snapshot s",
        "aws rds delete-db-snapshot --db-snapshot-identifier s",
    ),
    form(
        Irreversible,
        "cluster c",
        "aws rds delete-db-cluster --db-cluster-identifier c --skip-final-snapshot",
    ),
    form(
        Reversible,
        "database d",
        "aws rds create-db-snapshot --db-instance-identifier d --db-snapshot-identifier s",
    ),
    // keys, secrets, parameters
    form(
        Irreversible,
        "key k",
        "aws kms schedule-key-deletion --key-id {k} --pending-window-in-days 7",
    ),
    kept("key k", "aws kms disable-key --key-id {k}", "key:{k}"),
    form(
        Irreversible,
        "secret s",
        "aws secretsmanager delete-secret --secret-id s",
    ),
    form(
        Irreversible,
        "secret s",
        "aws secretsmanager delete-secret --secret-id s --force-delete-without-recovery",
    ),
    form(
        ReadOnly,
        "secret s",
        "aws secretsmanager get-secret-value --secret-id s",
    ),
    form(
        Irreversible,
        "parameter /p",
        "aws ssm delete-parameter --name /p",
    ),
    form(ReadOnly, "parameter /p", "aws ssm get-parameter --name /p"),
    // identities
    form(Irreversible, "user u", "aws iam delete-user --user-name u"),
    form(Irreversible, "role r", "aws iam delete-role --role-name r"),
    form(
        Irreversible,
        "access_key u",
        "aws iam delete-access-key --user-name u --access-key-id {u}",
    ),
    form(ReadOnly, "user u", "aws iam list-users"),
    form(
        Irreversible,
        "pool p",
        "aws cognito-idp delete-user-pool --user-pool-id {p}",
    ),
    // queues, topics, streams, logs
    form(
        Irreversible,
        "queue q",
        "aws sqs purge-queue --queue-url {q}",
    ),
    form(
        Irreversible,
        "queue q",
        "aws sqs delete-queue --queue-url {q}",
    ),
    form(
        Irreversible,
        "topic t",
        "aws sns delete-topic --topic-arn {t}",
    ),
    form(
        Irreversible,
        "stream s",
        "aws kinesis delete-stream --stream-name s",
    ),
    form(
        Irreversible,
        "log_group g",
        "aws logs delete-log-group --log-group-name g",
    ),
    form(
        Irreversible,
        "log_group g",
        "aws logs delete-log-stream --log-group-name g --log-stream-name s",
    ),
    form(ReadOnly, "log_group g", "aws logs describe-log-groups"),
    // code, stacks, images, networks
    form(
        Irreversible,
        "function f",
        "aws lambda delete-function --function-name f",
    ),
    form(
        Irreversible,
        "stack s",
        "aws cloudformation delete-stack --stack-name s",
    ),
    form(
        Irreversible,
        "repository repo",
        "aws ecr delete-repository --repository-name repo --force",
    ),
    form(
        Irreversible,
        "repository repo",
        "aws ecr batch-delete-image --repository-name repo --image-ids imageTag=latest",
    ),
    form(
        Irreversible,
        "zone example.com",
        "aws route53 delete-hosted-zone --id {example.com}",
    ),
    form(
        Irreversible,
        "file_system f",
        "aws efs delete-file-system --file-system-id {f}",
    ),
    form(Irreversible, "eks c", "aws eks delete-cluster --name c"),
    kept(
        "alarm a",
        "aws cloudwatch delete-alarms --alarm-names a",
        "",
    ),
    form(ReadOnly, "", "aws sts get-caller-identity"),
];

fn run(command: &str, url: &str, machine: &Machine) -> Output {
    let home = std::env::var("HOME").unwrap_or_default();
    Command::new("bash")
        .args(["-c", command])
        .current_dir(machine.home.path().join("work"))
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("HOME", home)
        .output()
        .unwrap()
}

#[test]
fn guard_says_what_the_server_loses() {
    let server = Server::start();
    let mut driver = Driver::start(&server.url);
    let mut wrong = Vec::new();
    let mut lossy = 0;
    for form in FORMS {
        let machine = Machine::new(&[("AWS_ENDPOINT_URL", &server.url)]);
        machine.write("work/one.txt", "one");
        machine.write("work/site/index.html", "<html>");
        std::fs::create_dir(machine.home.path().join("work/empty")).unwrap();
        driver.ask(&serde_json::json!({"reset": true}));
        let pairs: Vec<Vec<&str>> = form
            .made
            .split(", ")
            .filter(|made| !made.is_empty())
            .map(|made| made.split(' ').collect())
            .collect();
        let ids = driver.ask(&serde_json::json!({"make": pairs}));
        let fill = |text: &str| {
            let ids = ids.as_object().unwrap();
            ids.iter().fold(text.to_owned(), |text, (name, id)| {
                text.replace(&format!("{{{name}}}"), id.as_str().unwrap())
            })
        };
        let service = form.command.split(' ').nth(1).unwrap().to_owned();
        let mut command = fill(form.command);
        if matches!(service.as_str(), "rds" | "sqs") {
            // The CLI's version 1 ignores a configured endpoint for these.
            command.push_str(&format!(" --endpoint-url {}", server.url));
        }
        let before = driver.state(&service);

        let found = machine.assess(&command);
        if found.class() != form.class {
            wrong.push(format!("{command}: guard says {}", found.class()));
        }

        let output = run(&command, &server.url, &machine);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_dry = told.contains("DryRunOperation");
        if !output.status.success() && !is_dry {
            wrong.push(format!("{command}: aws failed: {told}; {NEEDED}"));
            continue;
        }
        let after = driver.state(&service);
        let lost: Vec<_> = before.iter().filter(|item| !after.contains(item)).collect();
        lossy += usize::from(!lost.is_empty());
        let fits = match (form.class, form.kept) {
            (Irreversible, _) => !lost.is_empty(),
            (ReadOnly, _) => before == after,
            (Reversible, _) => lost.is_empty(),
            (Recoverable, kept) => {
                let kept = fill(kept.unwrap_or_default());
                kept.is_empty() || after.iter().any(|item| item.starts_with(&kept))
            }
        };
        if !fits {
            wrong.push(format!("{command}: {} but lost {lost:?}", form.class));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lossy >= 40, "only {lossy} forms lost anything");
}

/// The shape of a refusal: nothing has run.
const REFUSED: i32 = 126;

#[test]
fn what_loses_something_is_refused_and_the_rest_runs() {
    let server = Server::start();
    let mut driver = Driver::start(&server.url);
    let made = [
        ["objects", "data"],
        ["table", "t"],
        ["instance", "i"],
        ["key", "k"],
        ["database", "d"],
    ];
    driver.ask(&serde_json::json!({"reset": true}));
    let ids = driver.ask(&serde_json::json!({"make": made}));
    let id = |name: &str| ids[name].as_str().unwrap().to_owned();
    let services = ["s3", "dynamodb", "ec2", "kms", "rds"];
    let state = |driver: &mut Driver| -> Vec<String> {
        services
            .iter()
            .flat_map(|service| driver.state(service))
            .collect()
    };
    let before = state(&mut driver);
    let machine = Machine::new(&[]);
    std::fs::create_dir(machine.home.path().join("work/empty")).unwrap();
    let guard = |command: &str| {
        let quoted = shell_words::quote(command).into_owned();
        let program = shell_words::quote(env!("CARGO_BIN_EXE_guard"));
        let state = machine.home.path().join("state");
        let script = format!(
            "XDG_STATE_HOME={} {program} -c {quoted} </dev/null",
            shell_words::quote(state.to_str().unwrap()),
        );
        run(&script, &server.url, &machine)
    };
    for command in [
        "aws s3 rb s3://data --force".to_owned(),
        "aws s3 rm s3://data --recursive".to_owned(),
        "aws s3 sync empty s3://data --delete".to_owned(),
        "aws dynamodb delete-table --table-name t".to_owned(),
        format!("aws ec2 terminate-instances --instance-i {}", id("i")),
        format!("aws kms schedule-key-deletion --key-id {}", id("k")),
        "aws rds delete-db-instance --db-instance-identifier d --skip-final".to_owned(),
    ] {
        let output = guard(&command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(REFUSED), "{command}: {told}");
    }
    assert_eq!(state(&mut driver), before);
    let output = guard("aws s3 ls s3://data && aws dynamodb list-tables --output text");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.contains("a.txt") && shown.contains("TABLENAMES\tt"),
        "{shown}"
    );
}
