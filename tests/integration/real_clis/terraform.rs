//! Terraform with a state of its own: its built-in resource needs no provider.

use std::process::{Command, Stdio};

use super::{Instance, each_loss_is_asked_about, place};

const PROGRAMS: &[&str] = &["terraform", "tofu"];

#[test]
fn terraform_loses_what_guard_asks_about() {
    let there = |program: &&&str| {
        let mut version = Command::new(program);
        let version = version
            .arg("version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    let Some(program) = PROGRAMS.iter().find(there) else {
        eprintln!("neither terraform nor tofu is installed");
        return;
    };
    let place = place();
    let instance = Instance {
        root: place.path(),
        variables: vec![
            ("TF_IN_AUTOMATION", "1".to_owned()),
            ("CHECKPOINT_DISABLE", "1".to_owned()),
        ],
    };
    instance.prepare(&format!(
        "cat > main.tf <<'END'
variable \"n\" {{ default = 2 }}
resource \"terraform_data\" \"a\" {{
  count = var.n
  input = count.index
}}
resource \"terraform_data\" \"b\" {{ input = \"x\" }}
END
{program} init -input=false && {program} apply -auto-approve -input=false &&
{program} workspace new old && {program} apply -auto-approve -var n=1 &&
{program} workspace select default &&
mkdir saved && cp -r main.tf terraform.tfstate terraform.tfstate.d .terraform saved"
    ));
    let forms = [
        "P destroy -auto-approve",
        "P destroy -auto-approve -target=terraform_data.b",
        "P apply -destroy -auto-approve",
        "P apply -auto-approve -var n=1",
        "echo yes | P apply -replace=terraform_data.b",
        "P plan -destroy -out=gone && P apply gone",
        "P plan -destroy",
        "P plan -var n=0",
        "P state list",
        "P state show terraform_data.b",
        "P state rm terraform_data.b",
        "P state rm -dry-run terraform_data.b",
        "P workspace delete -force old",
        "P workspace list",
        "P -chdir=. destroy -auto-approve",
        "P validate && P show && P output",
        "P fmt",
        "P taint terraform_data.b",
        "P destroy -help",
    ];
    let forms: Vec<String> = forms
        .iter()
        .map(|form| form.replace("P ", &format!("{program} ")))
        .collect();
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    each_loss_is_asked_about(
        &instance,
        "rm -rf main.tf gone terraform.tfstate* .terraform && cp -r saved/. .",
        "grep -Ho '\"id\": .*' terraform.tfstate terraform.tfstate.d/*/terraform.tfstate",
        &forms,
    );
}
