"""Makes state in a moto server and lists what is there; one JSON request a line on stdin.

{"reset": true}           forgets everything
{"make": [[kind, name]]}  makes things; answers the ids that AWS chose, by name
{"list": service}         answers what could be lost there, one string each
"""

import hashlib
import io
import json
import sys
import urllib.request
import zipfile

import boto3

ENDPOINT = sys.argv[1]
ROLE = "arn:aws:iam::123456789012:role/runner"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
TEMPLATE = json.dumps(
    {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "of-stack"}}}}
)


def client(name):
    if name not in client.known:
        client.known[name] = boto3.client(
            name,
            endpoint_url=ENDPOINT,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
    return client.known[name]


client.known = {}


def instance(_):
    found = client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    return found["Instances"][0]["InstanceId"]


def volume(_):
    return client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]


def snapshot(_):
    return client("ec2").create_snapshot(VolumeId=volume(_))["SnapshotId"]


def image(_):
    return client("ec2").create_image(InstanceId=instance(_), Name="image")["ImageId"]


def address(_):
    return client("ec2").allocate_address(Domain="vpc")["AllocationId"]


def group(name):
    return client("ec2").create_security_group(GroupName=name, Description="x")["GroupId"]


def table(name):
    client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("dynamodb").put_item(TableName=name, Item={"id": {"S": "1"}, "v": {"S": "old"}})


def database(name):
    client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=10,
        MasterUsername="root",
        MasterUserPassword="password1",
    )


def database_snapshot(name):
    database(name + "-source")
    client("rds").create_db_snapshot(
        DBInstanceIdentifier=name + "-source", DBSnapshotIdentifier=name
    )


def cluster(name):
    client("rds").create_db_cluster(
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        MasterUsername="root",
        MasterUserPassword="password1",
    )


def bucket(name):
    client("s3").create_bucket(Bucket=name)


def objects(name):
    bucket(name)
    for key in ("a.txt", "dir/b.txt"):
        client("s3").put_object(Bucket=name, Key=key, Body=b"content of " + key.encode())


def function(name):
    role("runner")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.py", "def run(event, context): pass")
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="main.run",
        Code={"ZipFile": data.getvalue()},
    )


def role(name):
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)


def user(name):
    client("iam").create_user(UserName=name)


def access_key(name):
    user(name)
    return client("iam").create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]


def key(_):
    return client("kms").create_key()["KeyMetadata"]["KeyId"]


def secret(name):
    client("secretsmanager").create_secret(Name=name, SecretString="s")


def parameter(name):
    client("ssm").put_parameter(Name=name, Value="v", Type="String")


def queue(name):
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="m")
    return url


def topic(name):
    return client("sns").create_topic(Name=name)["TopicArn"]


def log_group(name):
    client("logs").create_log_group(logGroupName=name)
    client("logs").create_log_stream(logGroupName=name, logStreamName="s")


def stack(name):
    client("cloudformation").create_stack(StackName=name, TemplateBody=TEMPLATE)


def repository(name):
    client("ecr").create_repository(repositoryName=name)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []})
    client("ecr").put_image(repositoryName=name, imageTag="latest", imageManifest=manifest)


def stream(name):
    client("kinesis").create_stream(StreamName=name, ShardCount=1)


def zone(name):
    made = client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return made["HostedZone"]["Id"].rsplit("/", 1)[-1]


def file_system(name):
    return client("efs").create_file_system(CreationToken=name)["FileSystemId"]


def pool(name):
    return client("cognito-idp").create_user_pool(PoolName=name)["UserPool"]["Id"]


def alarm(name):
    client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )


def eks(name):
    client("eks").create_cluster(
        name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]}
    )


def list_s3():
    storage = client("s3")
    for found in storage.list_buckets()["Buckets"]:
        name = found["Name"]
        yield f"bucket:{name}"
        for entry in storage.list_objects_v2(Bucket=name).get("Contents", []):
            body = storage.get_object(Bucket=name, Key=entry["Key"])["Body"].read()
            yield f"object:{name}/{entry['Key']}:{hashlib.sha256(body).hexdigest()[:12]}"


def list_ec2():
    ec2 = client("ec2")
    for reservation in ec2.describe_instances()["Reservations"]:
        for found in reservation["Instances"]:
            if found["State"]["Name"] not in ("terminated", "shutting-down"):
                yield f"instance:{found['InstanceId']}"
    for found in ec2.describe_volumes()["Volumes"]:
        yield f"volume:{found['VolumeId']}"
    for found in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        yield f"snapshot:{found['SnapshotId']}"
    for found in ec2.describe_addresses()["Addresses"]:
        yield f"address:{found['AllocationId']}"


def list_dynamodb():
    db = client("dynamodb")
    for name in db.list_tables()["TableNames"]:
        yield f"table:{name}"
        for item in db.scan(TableName=name)["Items"]:
            yield f"item:{name}:{json.dumps(item, sort_keys=True)}"


def list_rds():
    rds = client("rds")
    for found in rds.describe_db_instances()["DBInstances"]:
        yield f"database:{found['DBInstanceIdentifier']}"
    for found in rds.describe_db_snapshots()["DBSnapshots"]:
        yield f"database-snapshot:{found['DBSnapshotIdentifier']}"
    for found in rds.describe_db_clusters()["DBClusters"]:
        yield f"database-cluster:{found['DBClusterIdentifier']}"
    for found in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        yield f"database-cluster-snapshot:{found['DBClusterSnapshotIdentifier']}"


def list_lambda():
    for found in client("lambda").list_functions()["Functions"]:
        yield f"function:{found['FunctionName']}"


def list_iam():
    iam = client("iam")
    for found in iam.list_roles()["Roles"]:
        yield f"role:{found['RoleName']}"
    for found in iam.list_users()["Users"]:
        yield f"user:{found['UserName']}"
        for access in iam.list_access_keys(UserName=found["UserName"])["AccessKeyMetadata"]:
            yield f"access-key:{access['AccessKeyId']}"


def list_kms():
    kms = client("kms")
    for found in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=found["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            yield f"key:{found['KeyId']}"


def list_secretsmanager():
    for found in client("secretsmanager").list_secrets()["SecretList"]:
        yield f"secret:{found['Name']}"


def list_ssm():
    for found in client("ssm").describe_parameters()["Parameters"]:
        yield f"parameter:{found['Name']}"


def list_sqs():
    sqs = client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        yield f"queue:{url}"
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for number in range(int(attributes["ApproximateNumberOfMessages"])):
            yield f"message:{url}:{number}"


def list_sns():
    for found in client("sns").list_topics()["Topics"]:
        yield f"topic:{found['TopicArn']}"


def list_logs():
    logs = client("logs")
    for found in logs.describe_log_groups()["logGroups"]:
        name = found["logGroupName"]
        yield f"log-group:{name}"
        for inner in logs.describe_log_streams(logGroupName=name)["logStreams"]:
            yield f"log-stream:{name}/{inner['logStreamName']}"


def list_cloudformation():
    for found in client("cloudformation").list_stacks()["StackSummaries"]:
        if found["StackStatus"] != "DELETE_COMPLETE":
            yield f"stack:{found['StackName']}"
    yield from list_sqs()


def list_ecr():
    ecr = client("ecr")
    for found in ecr.describe_repositories()["repositories"]:
        name = found["repositoryName"]
        yield f"repository:{name}"
        for inner in ecr.list_images(repositoryName=name)["imageIds"]:
            yield f"image:{name}:{inner.get('imageTag')}"


def list_kinesis():
    kinesis = client("kinesis")
    for name in kinesis.list_streams()["StreamNames"]:
        found = kinesis.describe_stream(StreamName=name)["StreamDescription"]
        if found["StreamStatus"] != "DELETING":
            yield f"stream:{name}"


def list_route53():
    for found in client("route53").list_hosted_zones()["HostedZones"]:
        yield f"zone:{found['Id']}"


def list_efs():
    for found in client("efs").describe_file_systems()["FileSystems"]:
        yield f"file-system:{found['FileSystemId']}"


def list_cognito_idp():
    for found in client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]:
        yield f"user-pool:{found['Id']}"


def list_eks():
    for name in client("eks").list_clusters()["clusters"]:
        yield f"cluster:{name}"


def list_cloudwatch():
    for found in client("cloudwatch").describe_alarms()["MetricAlarms"]:
        yield f"alarm:{found['AlarmName']}"


def list_sts():
    return []


def answer(request):
    if "reset" in request:
        post = urllib.request.Request(ENDPOINT + "/moto-api/reset", method="POST")
        urllib.request.urlopen(post).read()
        return {}
    if "make" in request:
        return {name: globals()[kind](name) or name for kind, name in request["make"]}
    name = request["list"].replace("s3api", "s3").replace("-", "_")
    return sorted(set(globals()["list_" + name]()))


for line in sys.stdin:
    try:
        found = answer(json.loads(line))
    except Exception as error:
        found = {"error": f"{line.strip()}: {error}"}
    print(json.dumps(found), flush=True)
