//! The table against the installed service models: nothing that `aws` can do is missing.

use std::process::Command;

use guard::payload::aws::model;

const LIST: &str = r#"
import botocore.session
from botocore import xform_name
session = botocore.session.get_session()
renamed = {"s3": "s3api", "codedeploy": "deploy", "config": "configservice"}
for name in session.get_available_services():
    for operation in session.get_service_model(name).operation_names:
        print(renamed.get(name, name), xform_name(operation, "-"), operation)
"#;

#[test]
fn the_table_has_every_operation_of_the_installed_models() {
    let output = Command::new("python3")
        .args(["-c", LIST])
        .output()
        .expect("python3 is needed: install it, then `pip install botocore`");
    assert!(
        output.status.success(),
        "botocore is needed (`pip install awscli`): {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut missing = Vec::new();
    let mut seen = 0;
    for line in text.lines() {
        let mut words = line.split(' ');
        let (service, name, camel) = (
            words.next().unwrap(),
            words.next().unwrap(),
            words.next().unwrap(),
        );
        seen += 1;
        let found = model::service(service).and_then(|service| service.operation(name));
        let by_camel = model::service(service).and_then(|service| service.operation(camel));
        let by_snake =
            model::service(service).and_then(|service| service.operation(&name.replace('-', "_")));
        if found.is_none() || found != by_camel || found != by_snake {
            missing.push(format!("{service} {name}"));
        }
    }
    assert!(seen > 15_000, "only {seen} operations were listed");
    assert!(missing.is_empty(), "{} missing: {missing:?}", missing.len());
}
