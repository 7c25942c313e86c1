//! Command lines and the class that each must have.

use guard::effect::Class::{self, Irreversible, ReadOnly, Recoverable, Reversible};

use super::Machine;

fn check(class: Class, lines: &str) {
    let machine = Machine::new(&[]);
    machine.write("work/empty.txt", "");
    machine.write("work/precious.txt", "work of a day");
    machine.write("work/site/index.html", "<html>");
    machine.write(
        "work/rds.json",
        r#"{"DBInstanceIdentifier":"prod","SkipFinalSnapshot":true}"#,
    );
    machine.write(
        "work/safe.json",
        r#"{"DBInstanceIdentifier":"prod","FinalDBSnapshotIdentifier":"last"}"#,
    );
    machine.write("work/dry.json", r#"{"DryRun":true,"InstanceIds":["i-1"]}"#);
    machine.write("work/drop.sql", "DROP TABLE logs");
    machine.write("work/read.sql", "SELECT 1");
    let mut wrong = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let found = machine.assess(line);
        if found.class() != class {
            wrong.push(format!(
                "{line}\n    {:?} {:?}",
                found.class(),
                reasons(&found)
            ));
        }
    }
    assert!(wrong.is_empty(), "not {class}:\n{}", wrong.join("\n"));
}

fn reasons(found: &guard::effect::Assessment) -> Vec<String> {
    let effects = found.effects.iter().map(|effect| effect.rule.to_string());
    let opaque = found.opaque.iter().map(|opaque| opaque.reason.clone());
    effects.chain(opaque).collect()
}

#[test]
fn what_only_reads() {
    check(
        ReadOnly,
        r#"
        aws
        aws help
        aws --version
        aws --vers
        aws s3
        aws s3 help
        aws s3 ls
        aws s3 ls s3://bucket --recursive --human-readable --summarize
        aws s3 presign s3://bucket/key --expires-in 600
        aws s3 rm help
        aws s3 rm s3://bucket --recursive --dryrun
        aws s3 rm s3://bucket --recursive --dryr
        aws s3 --dryrun rm s3://bucket --recursive
        aws s3 sync ./site s3://bucket --delete --dryrun
        aws s3 mv s3://a/b s3://c/d --dryrun
        aws s3 cp s3://bucket/key -
        aws s3 cp s3://bucket/key new.txt
        aws s3 cp s3://bucket/key /tmp/x
        aws s3 cp s3://bucket/key ./site
        aws s3 sync s3://bucket ./not-there
        aws s3 sync s3://bucket ./not-there --delete
        aws s3 cp s3://bucket/key empty.txt
        aws s3api list-buckets
        aws s3api list-objects-v2 --bucket b --prefix x --query 'Contents[].Key' --output text
        aws s3api get-object --bucket b --key k new.bin
        aws s3api get-object --bucket b --key k /dev/stdout
        aws s3api head-object --bucket b --key k
        aws sts get-caller-identity
        aws sts get-caller-identity --query Account --output text
        aws --region eu-west-1 --output json sts get-caller-identity
        aws sts assume-role --role-arn arn:aws:iam::123456789012:role/x --role-session-name y
        aws sts decode-authorization-message --encoded-message x
        aws ec2 describe-instances --filters 'Name=tag:Name,Values=web' --query 'Reservations[]'
        aws ec2 describe-instances --instance-ids $ID
        aws ec2 terminate-instances help
        aws ec2 terminate-instances --instance-ids i-1 --dry-run
        aws ec2 terminate-instances --instance-ids i-1 --dry
        aws ec2 terminate-instances --no-dry-run --dry-run --instance-ids i-1
        aws ec2 terminate-instances --cli-input-json file://dry.json
        aws ec2 delete-volume --volume-id vol-1 --dry-run
        aws rds delete-db-instance --generate-cli-skeleton
        aws rds delete-db-instance --generate-cli-skeleton input
        aws rds delete-db-instance --generate-cli output
        aws rds describe-db-instances
        aws rds generate-db-auth-token --hostname h --port 5432 --username u
        aws rds wait db-instance-available --db-instance-identifier x
        aws cloudformation wait stack-delete-complete --stack-name x
        aws cloudformation describe-stacks --stack-name x
        aws cloudformation validate-template --template-body file://t.yaml
        aws cloudformation describe-stack-events --stack-name x
        aws logs tail /aws/lambda/x --follow --since 1h
        aws logs filter-log-events --log-group-name x --filter-pattern ERROR
        aws logs start-query --log-group-name x --start-time 0 --end-time 1 --query-string 'fields @message'
        aws logs get-query-results --query-id x
        aws dynamodb scan --table-name t
        aws dynamodb query --table-name t --key-condition-expression 'pk = :p'
        aws dynamodb get-item --table-name t --key '{"id":{"S":"1"}}'
        aws dynamodb batch-get-item --request-items file://x.json
        aws dynamodb transact-get-items --transact-items file://x.json
        aws dynamodb execute-statement --statement 'SELECT * FROM "t" WHERE pk = 1'
        aws secretsmanager get-secret-value --secret-id x
        aws ssm get-parameter --name /x --with-decryption
        aws ssm get-parameters-by-path --path /x
        aws ssm describe-instance-information
        aws ecr get-login-password
        aws ecr describe-images --repository-name x
        aws eks list-clusters
        aws eks get-token --cluster-name x
        aws lambda list-functions
        aws lambda get-function --function-name f
        aws lambda invoke --function-name f --invocation-type DryRun out.json
        aws iam list-users
        aws iam simulate-principal-policy --policy-source-arn x --action-names s3:GetObject
        aws iam get-account-authorization-details
        aws kms decrypt --ciphertext-blob fileb://x --query Plaintext
        aws kms encrypt --key-id x --plaintext y
        aws athena get-query-results --query-execution-id x
        aws athena start-query-execution --query-string 'SELECT 1' --work-group primary
        aws athena start-query-execution --query-string file://read.sql
        aws rds-data execute-statement --resource-arn a --secret-arn s --sql 'select 1'
        aws redshift-data execute-statement --cluster-identifier c --sql 'select count(*) from t'
        aws ce get-cost-and-usage --time-period Start=2026-01-01,End=2026-02-01 --granularity MONTHLY --metrics x
        aws pricing get-products --service-code AmazonEC2
        aws configure list
        aws configure get region
        aws configure list-profiles
        aws sqs get-queue-url --queue-name x
        aws sqs receive-message --queue-url x
        aws sns list-topics
        aws route53 list-resource-record-sets --hosted-zone-id Z
        aws cloudwatch get-metric-statistics --namespace AWS/EC2 --metric-name x
        aws bedrock-runtime invoke-model --model-id m --body '{}' out.json
        aws organizations describe-organization
        aws support describe-cases
        aws history list
        aws codecommit credential-helper get
        aws opensearch upgrade-domain --domain-name d --target-version 2 --perform-check-only
        aws deploy list-applications
        aws configservice describe-config-rules
        aws s3control list-jobs --account-id 1
        awslocal s3 ls
        "#,
    );
}

#[test]
fn what_has_an_inverse() {
    check(
        Reversible,
        r#"
        aws sso login --profile dev
        aws s3 mb s3://new-bucket
        aws s3api create-bucket --bucket b
        aws s3api put-object --bucket b --key k --body f --if-none-match '*'
        aws ec2 run-instances --image-id ami-1 --instance-type t3.micro
        aws ec2 start-instances --instance-ids i-1
        aws ec2 create-tags --resources i-1 --tags Key=a,Value=b
        aws ec2 create-snapshot --volume-id vol-1
        aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 --cidr 10.0.0.0/8
        aws rds create-db-snapshot --db-instance-identifier x --db-snapshot-identifier y
        aws rds start-db-instance --db-instance-identifier x
        aws dynamodb create-table --table-name t
        aws dynamodb create-backup --table-name t --backup-name b
        aws dynamodb put-item --table-name t --item '{}' --condition-expression 'attribute_not_exists(id)'
        aws lambda create-function --function-name f
        aws lambda publish-version --function-name f
        aws iam create-role --role-name r --assume-role-policy-document file://x.json
        aws iam attach-role-policy --role-name r --policy-arn a
        aws ecr create-repository --repository-name r
        aws logs create-log-group --log-group-name g
        aws cloudformation create-stack --stack-name s --template-body file://t.yaml
        aws cloudformation create-change-set --stack-name s --change-set-name c
        aws cloudformation deploy --stack-name s --template-file t.yaml --no-execute-changeset
        aws cloudfront create-invalidation --distribution-id D --paths '/*'
        aws route53 change-resource-record-sets --hosted-zone-id Z --change-batch '{"Changes":[{"Action": "CREATE","ResourceRecordSet":{"Name":"delete.example"}}]}'
        aws acm request-certificate --domain-name x.example
        aws ssm put-parameter --name /x --value y --type String
        aws secretsmanager create-secret --name x --secret-string y
        aws eks update-kubeconfig --name c
        aws ecs deploy --service s --task-definition t.json --codedeploy-application a --codedeploy-deployment-group g
        aws configure set region eu-west-1
        aws configure set profile.dev.region eu-west-1
        aws kms create-key
        aws kms enable-key --key-id k
        aws sns subscribe --topic-arn t --protocol email --notification-endpoint x@example.com
        aws sqs create-queue --queue-name q
        aws athena start-query-execution --query-string 'CREATE TABLE x AS SELECT 1'
        aws dynamodb update-continuous-backups --table-name t --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true
        "#,
    );
}

#[test]
fn what_can_be_made_again() {
    check(
        Recoverable,
        r#"
        aws s3 cp ./site/index.html s3://bucket/index.html
        aws s3 sync ./site s3://bucket
        aws s3 cp s3://bucket/key ./site --recursive
        aws s3 sync s3://bucket ./site
        aws route53 change-resource-record-sets --hosted-zone-id Z --change-batch '{"Changes":[{"Action":"UPSERT"}]}'
        aws route53 change-resource-record-sets --hosted-zone-id Z --change-batch file://not-there.json
        aws s3 mv s3://a/b s3://c/d
        aws s3 mv --recursive s3://a s3://c
        aws s3api put-object --bucket b --key k --body f
        aws s3api put-bucket-policy --bucket b --policy '{"Effect":"Deny","Principal":"*"}'
        aws ec2 stop-instances --instance-ids i-1
        aws ec2 reboot-instances --instance-ids i-1
        aws ec2 delete-security-group --group-id sg-1
        aws ec2 cancel-spot-fleet-requests --spot-fleet-request-ids s --no-terminate-instances
        aws rds delete-db-instance --db-instance-identifier x --final-db-snapshot-identifier last
        aws rds delete-db-instance --db-inst x --final last
        aws rds delete-db-instance --cli-input-json file://safe.json
        aws rds delete-db-instance --db-instance-identifier x --skip-final-snapshot --no-delete-automated-backups
        aws rds modify-db-instance --db-instance-identifier x --backup-retention-period 7
        aws redshift delete-cluster --cluster-identifier c --final-cluster-snapshot-identifier s
        aws autoscaling update-auto-scaling-group --auto-scaling-group-name g --desired-capacity 4
        aws autoscaling delete-auto-scaling-group --auto-scaling-group-name g
        aws ecr delete-repository --repository-name r
        aws lambda update-function-code --function-name f --zip-file fileb://f.zip
        aws cloudformation deploy --stack-name s --template-file t.yaml
        aws cloudformation update-stack --stack-name s --template-body file://t.yaml
        aws cloudfront update-distribution --id D --distribution-config file://d.json
        aws iam detach-role-policy --role-name r --policy-arn a
        aws dynamodb put-item --table-name t --item '{}'
        aws dynamodb update-item --table-name t --key '{}'
        aws dynamodb execute-statement --statement "UPDATE t SET a = 1 WHERE pk = 1"
        aws configure set aws_secret_access_key x
        aws cloudwatch delete-alarms --alarm-names a
        aws kms disable-key --key-id k
        aws ec2 delete-key-pair --key-name k
        "#,
    );
}

#[test]
fn what_is_gone_for_good() {
    check(
        Irreversible,
        r#"
        aws s3 rb s3://bucket
        aws s3 rb s3://bucket --force
        aws s3 rb --force s3://bucket
        aws s3 rb s3://bucket --fo
        aws s3 rm s3://bucket --recursive
        aws s3 rm s3://bucket --recurs
        aws s3 rm s3://bucket/key
        aws s3 rm --recursive --quiet s3://bucket/prefix/
        aws s3 rm s3://$BUCKET --recursive
        aws s3 rm s3://bucket $FLAGS
        aws s3 sync ./site s3://bucket --delete
        aws s3 sync --delete ./site s3://bucket
        aws s3 sync ./site s3://bucket --del
        aws s3 sync ./empty s3://bucket --delete --exclude '*.log'
        aws s3 sync s3://bucket ./site --delete
        aws s3 sync ./site s3://bucket $EXTRA
        aws s3 mv s3://bucket/key /dev/null
        aws s3 cp s3://bucket/key precious.txt
        aws s3 cp s3://bucket/index.html ./site
        aws s3 cp s3://bucket/x/index.html site/
        aws s3api get-object --bucket b --key k precious.txt
        aws s3api delete-object --bucket b --key k
        aws s3api delete-object --bucket b --key k --version-id v
        aws s3api delete-objects --bucket b --delete file://x.json
        aws s3api delete-bucket --bucket b
        aws s3api put-bucket-policy --bucket b --policy '{"Effect":"Allow","Principal":"*"}'
        aws s3api put-bucket-acl --bucket b --acl public-read
        aws ec2 terminate-instances --instance-ids i-1
        aws ec2 terminate-instances --instance-i i-1 i-2
        aws ec2 terminate-instances --dry-run --no-dry-run --instance-ids i-1
        aws ec2 terminate-instances --instance-ids i-1 $DRY
        aws ec2 delete-volume --volume-id vol-1
        aws ec2 delete-snapshot --snapshot-id snap-1
        aws ec2 deregister-image --image-id ami-1 --delete-associated-snapshots
        aws ec2 release-address --allocation-id e-1
        aws ec2 cancel-spot-fleet-requests --spot-fleet-request-ids s --terminate-instances
        aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 --cidr 0.0.0.0/0
        aws ec2 modify-snapshot-attribute --snapshot-id s --group-names all
        aws ec2 purchase-reserved-instances-offering --reserved-instances-offering-id o --instance-count 1
        aws rds delete-db-instance --db-instance-identifier prod --skip-final-snapshot
        aws rds delete-db-instance --db-instance-identifier prod --skip-final
        aws rds delete-db-instance --db-instance-identifier prod
        aws rds delete-db-instance --db-instance-identifier prod --no-skip-final-snapshot --skip-final-snapshot
        aws rds delete-db-instance --cli-input-json file://rds.json
        aws rds delete-db-instance --cli-input-json '{"DBInstanceIdentifier":"prod","SkipFinalSnapshot":true}'
        aws rds delete-db-instance --cli-input-json file://not-there.json
        aws rds delete-db-instance --cli-input-yaml 'DBInstanceIdentifier: prod'
        aws --profile prod --region=eu-west-1 rds delete-db-instance --db-instance-identifier x
        aws rds --profile prod delete-db-instance --db-instance-identifier x
        aws rds delete-db-instance --db-instance-identifier x --prof prod --regio eu-west-1
        aws rds delete-db-cluster --db-cluster-identifier c --skip-final-snapshot
        aws rds delete-db-snapshot --db-snapshot-identifier s
        aws rds modify-db-instance --db-instance-identifier x --backup-retention-period 0
        aws rds modify-db-instance --db-instance-identifier x --backup-ret 0 --apply-immediately
        aws dynamodb delete-table --table-name t
        aws dynamodb delete-item --table-name t --key '{"id":{"S":"1"}}'
        aws dynamodb batch-write-item --request-items '{"t":[{"DeleteRequest":{"Key":{}}}]}'
        aws dynamodb delete-backup --backup-arn a
        aws dynamodb update-continuous-backups --table-name t --point-in-time-recovery-specification PointInTimeRecoveryEnabled=false
        aws dynamodb execute-statement --statement "DELETE FROM t WHERE pk = 1"
        aws kms schedule-key-deletion --key-id k --pending-window-in-days 7
        aws kms delete-imported-key-material --key-id k
        aws secretsmanager delete-secret --secret-id s
        aws secretsmanager delete-secret --secret-id s --force-delete-without-recovery
        aws ssm delete-parameter --name /x
        aws lambda delete-function --function-name f
        aws logs delete-log-group --log-group-name g
        aws logs put-retention-policy --log-group-name g --retention-in-days 1
        aws cloudformation delete-stack --stack-name s
        aws ecr batch-delete-image --repository-name r --image-ids imageTag=latest
        aws ecr delete-repository --repository-name r --force
        aws ecr delete-repository --repository-name r --fo
        aws eks delete-cluster --name c
        aws efs delete-file-system --file-system-id f
        aws elasticache delete-replication-group --replication-group-id r
        aws es delete-elasticsearch-domain --domain-name d
        aws opensearch delete-domain --domain-name d
        aws opensearch upgrade-domain --domain-name d --target-version 2
        aws redshift delete-cluster --cluster-identifier c --skip-final-cluster-snapshot
        aws backup delete-recovery-point --backup-vault-name v --recovery-point-arn a
        aws backup delete-backup-vault --backup-vault-name v
        aws route53 delete-hosted-zone --id Z
        aws cognito-idp delete-user-pool --user-pool-id p
        aws iam delete-user --user-name u
        aws iam delete-role --role-name r
        aws iam delete-access-key --access-key-id A --user-name u
        aws iam create-access-key --user-name u
        aws sqs purge-queue --queue-url q
        aws sqs delete-queue --queue-url q
        aws sns delete-topic --topic-arn t
        aws sns publish --topic-arn t --message m
        aws sesv2 send-email --from-email-address a --destination d --content c
        aws kinesis delete-stream --stream-name s
        aws autoscaling delete-auto-scaling-group --auto-scaling-group-name g --force-delete
        aws autoscaling set-desired-capacity --auto-scaling-group-name g --desired-capacity 0
        aws organizations close-account --account-id 123456789012
        aws emr terminate-clusters --cluster-ids j-1
        aws glacier delete-archive --vault-name v --account-id - --archive-id a
        aws workspaces terminate-workspaces --terminate-workspace-requests WorkspaceId=w
        aws athena start-query-execution --query-string 'DROP TABLE logs'
        aws athena start-query-execution --query-string file://drop.sql
        aws finspace delete-kx-cluster --environment-id e --cluster-name c
        aws newservice delete-everything --name x
        aws newservice purge-cache
        aws lambda invoke --function-name f out.json
        aws ssm start-session --target i-1
        aws ssm send-command --document-name Custom --targets Key=tag:a,Values=b
        aws stepfunctions start-execution --state-machine-arn a
        aws ecs run-task --task-definition t
        aws newservice frobnicate
        aws $SERVICE delete-table
        aws dynamodb $OPERATION --table-name t
        /usr/local/bin/aws s3 rb s3://bucket --force
        awslocal s3 rb s3://bucket --force
        AWS_PROFILE=prod aws s3 rb s3://bucket
        sudo aws s3 rb s3://bucket
        bash -c 'aws s3 rb s3://bucket --force'
        for b in a b; do aws s3 rb s3://$b --force; done
        "#,
    );
}

#[test]
fn what_runs_on_another_machine_is_followed() {
    let machine = Machine::new(&[]);
    for (line, class) in [
        (
            r#"aws ssm send-command --instance-ids i-1 --document-name AWS-RunShellScript --parameters '{"commands":["rm -rf /srv/data"]}'"#,
            Irreversible,
        ),
        (
            r#"aws ssm send-command --instance-ids i-1 --document-name AWS-RunShellScript --parameters commands='["uptime"]'"#,
            ReadOnly,
        ),
        (
            "aws ecs execute-command --cluster c --task t --interactive --command 'rm -rf /srv/data'",
            Irreversible,
        ),
        (
            "aws ecs execute-command --cluster c --task t --interactive --command 'ls -la'",
            ReadOnly,
        ),
    ] {
        assert_eq!(
            machine.class(line),
            class,
            "{line}: {:?}",
            machine.assess(line)
        );
    }
}

#[test]
fn aliases_are_followed() {
    let machine = Machine::new(&[]);
    machine.write(
        ".aws/cli/alias",
        "[toplevel]\nnuke = s3 rb --force\nwho = sts get-caller-identity\nsh = !rm -rf ~/work\n\
         deep = nuke\nloop = loop\nmulti =\n  !f() {\n    aws s3 rb s3://$1 --force\n  }; f\n\
         [command ec2]\nkill = terminate-instances --instance-ids\n",
    );
    for (line, class) in [
        ("aws nuke s3://b", Irreversible),
        ("aws deep s3://b", Irreversible),
        ("aws who", ReadOnly),
        ("aws sh", Irreversible),
        ("aws multi b", Irreversible),
        ("aws ec2 kill i-1", Irreversible),
        ("aws loop describe-things", ReadOnly),
    ] {
        assert_eq!(
            machine.class(line),
            class,
            "{line}: {:?}",
            machine.assess(line)
        );
    }
}
