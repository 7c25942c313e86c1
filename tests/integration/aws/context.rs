//! Where a call would act, and how that is known.

use guard::effect::Tier;

use super::Machine;

const CONFIG: &str = "[default]\nregion = us-east-1\n[profile prod]\nregion = eu-west-1\n\
    role_arn = arn:aws:iam::123456789012:role/admin\n[profile dev]\nsso_account_id = 210987654321\n\
    [profile box]\nendpoint_url = http://localhost:4566\n";

fn target(machine: &Machine, line: &str) -> (Option<String>, Option<String>, Tier) {
    let found = machine.assess(line);
    let target = found
        .effects
        .first()
        .unwrap_or_else(|| panic!("{line}: {found:?}"))
        .target
        .clone();
    (target.environment, target.name, target.tier)
}

#[test]
fn the_place_is_what_flags_variables_and_files_say() {
    let some = |text: &str| Some(text.to_owned());
    for (environment, line, expected) in [
        (
            &[][..],
            "aws --profile prod dynamodb delete-table --table-name users",
            (some("prod/eu-west-1"), some("users"), Tier::Production),
        ),
        (
            &[],
            "AWS_PROFILE=dev aws dynamodb delete-table --table-name users --region eu-north-1",
            (some("dev/eu-north-1"), some("users"), Tier::Development),
        ),
        (
            &[("AWS_PROFILE", "prod")],
            "aws s3 rb s3://logs",
            (some("prod"), some("logs"), Tier::Production),
        ),
        (
            // Keys of the environment win over its profile.
            &[
                ("AWS_PROFILE", "dev"),
                ("AWS_ACCESS_KEY_ID", "ASIAY34FZKBOKMUTVV7A"),
            ],
            "aws s3 rb s3://logs",
            (some("609629065308"), some("logs"), Tier::Unknown),
        ),
        (
            // A profile that is named wins over both.
            &[("AWS_ACCESS_KEY_ID", "ASIAY34FZKBOKMUTVV7A")],
            "aws s3 rb s3://logs --profile prod",
            (some("prod"), some("logs"), Tier::Production),
        ),
        (
            &[],
            "aws s3 rb s3://shop-production-assets",
            (None, some("shop-production-assets"), Tier::Production),
        ),
        (
            // A development name in a production profile is still production.
            &[],
            "aws --profile prod s3 rb s3://test-data",
            (some("prod"), some("test-data"), Tier::Production),
        ),
        (
            &[],
            "aws --endpoint-url http://127.0.0.1:5000 s3 rb s3://prod",
            (some("127.0.0.1:5000"), some("prod"), Tier::Local),
        ),
        (
            &[("AWS_ENDPOINT_URL_S3", "http://localhost:9000")],
            "aws s3 rb s3://data",
            (some("localhost:9000"), some("data"), Tier::Local),
        ),
        (
            &[("AWS_ENDPOINT_URL_S3", "http://localhost:9000")],
            "aws sqs purge-queue --queue-url q --region us-east-1",
            (some("us-east-1"), some("q"), Tier::Unknown),
        ),
        (
            // The CLI's version 1 goes to the real RDS all the same.
            &[("AWS_ENDPOINT_URL", "http://localhost:4566")],
            "aws rds delete-db-instance --db-instance-identifier d --region us-east-1",
            (some("us-east-1"), some("d"), Tier::Unknown),
        ),
        (
            &[],
            "aws --profile box s3 rb s3://data",
            (some("localhost:4566"), some("data"), Tier::Local),
        ),
        (
            &[],
            "awslocal s3 rb s3://data",
            (some("localhost"), some("data"), Tier::Local),
        ),
        (
            &[],
            "aws --endpoint-url https://minio.example s3 rb s3://data",
            (None, some("data"), Tier::Unknown),
        ),
        (
            &[],
            "aws sns delete-topic --topic-arn arn:aws:sns:eu-west-1:123456789012:orders",
            (
                some("123456789012"),
                some("arn:aws:sns:eu-west-1:123456789012:orders"),
                Tier::Unknown,
            ),
        ),
        (
            &[],
            "aws amplify delete-branch --app-id d1 --branch-name main --region eu-west-1",
            (some("eu-west-1"), some("d1/main"), Tier::Unknown),
        ),
    ] {
        let machine = Machine::new(environment);
        machine.write(".aws/config", CONFIG);
        let found = target(&machine, line);
        let found = match &found.0 {
            // The default profile's region belongs to every call that names no other.
            Some(environment) if environment == "us-east-1" && expected.0.is_none() => {
                (None, found.1, found.2)
            }
            _ => found,
        };
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn each_thing_of_a_list_is_a_target() {
    let machine = Machine::new(&[]);
    for line in [
        "aws ec2 terminate-instances --instance-ids i-1 i-2",
        r#"aws ec2 terminate-instances --instance-ids '["i-1","i-2"]'"#,
        r#"aws ec2 terminate-instances --cli-input-json '{"InstanceIds":["i-1","i-2"]}'"#,
    ] {
        let found = machine.assess(line);
        let names: Vec<_> = found
            .effects
            .iter()
            .filter_map(|effect| effect.target.name.as_deref())
            .collect();
        assert_eq!(names, ["i-1", "i-2"], "{line}");
    }
}

#[test]
fn no_secret_gets_into_an_effect() {
    let machine = Machine::new(&[
        ("AWS_ACCESS_KEY_ID", "AKIAY34FZKBOKMUTVV7A"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
        ("AWS_SESSION_TOKEN", "FwoGZXIvYXdzE"),
    ]);
    machine.write(
        ".aws/credentials",
        "[prod]\naws_access_key_id = AKIAY34FZKBOKMUTVV7A\naws_secret_access_key = wJalrXUtnFEMI\n",
    );
    for line in [
        "aws s3 rb s3://b",
        "aws --profile prod s3 rb s3://b",
        "aws --endpoint-url http://me:hunter2@localhost:1 s3 rb s3://b",
    ] {
        let shown = format!("{:?}", machine.assess(line));
        for secret in ["AKIAY34FZKBOKMUTVV7A", "wJalr", "FwoGZ", "hunter2"] {
            assert!(!shown.contains(secret), "{line} shows {secret}");
        }
    }
}
