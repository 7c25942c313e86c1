//! Signatures of packs: SSHSIG, made and checked by the system's `ssh-keygen`.
//!
//! Owns the namespace and the place of the file of allowed signers (`ssh-keygen(1)`, ALLOWED
//! SIGNERS).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Trouble;
use super::fetch::{Scratch, run};

/// A signature for another purpose is none for a pack.
const NAMESPACE: &str = "guard-pack";

/// Root's list; with it no pack may be unsigned.
const MANAGED: &str = "/etc/guard/allowed_signers";

/// Signs a pack file: `FILE.sig`.
pub(super) fn sign(file: &Path, key: &Path) -> Result<PathBuf, Trouble> {
    let mut signature = file.as_os_str().to_owned();
    signature.push(".sig");
    let signature = PathBuf::from(signature);
    // It asks before it replaces one.
    let _ = std::fs::remove_file(&signature);
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(key)
        .arg(file);
    // It may ask for the passphrase of the key.
    let status = command.status().map_err(|error| {
        Trouble::Said(format!(
            "`ssh-keygen` cannot be run: {error}; is it installed?"
        ))
    })?;
    if !status.success() {
        return Err(Trouble::Said(format!(
            "`ssh-keygen` did not sign: {status}"
        )));
    }
    Ok(signature)
}

/// The files that say whose signatures count.
pub(super) struct Signers {
    files: Vec<PathBuf>,
    /// Whether root says that packs are signed.
    pub required: bool,
}

impl Signers {
    /// Root's list, and the one beside a directory of packs.
    pub(super) fn beside(packs: &Path) -> Self {
        let managed = PathBuf::from(MANAGED);
        let required = managed.exists();
        let own = packs.with_file_name("allowed_signers");
        // Where root names the signers, a person's list adds nobody.
        let files = if required { vec![managed] } else { vec![own] };
        Self { files, required }
    }

    /// Who signed this; a reason if that is nobody who counts.
    pub(super) fn signer(&self, text: &[u8], signature: &[u8]) -> Result<String, Trouble> {
        let scratch = Scratch::new()?;
        let (content, detached) = (scratch.0.join("content"), scratch.0.join("signature"));
        for (path, bytes) in [(&content, text), (&detached, signature)] {
            std::fs::write(path, bytes).map_err(Trouble::of(path))?;
        }
        for signers in self.files.iter().filter(|file| file.exists()) {
            let mut find = Command::new("ssh-keygen");
            find.args(["-Y", "find-principals", "-n", NAMESPACE, "-s"])
                .arg(&detached)
                .arg("-f")
                .arg(signers)
                .stderr(Stdio::null());
            let found = find.output().map_err(|error| {
                Trouble::Said(format!(
                    "`ssh-keygen` cannot be run: {error}; is it installed?"
                ))
            })?;
            let principals = String::from_utf8_lossy(&found.stdout).into_owned();
            let Some(principal) = principals.lines().next() else {
                continue;
            };
            let input = std::fs::File::open(&content).map_err(Trouble::of(&content))?;
            let mut verify = Command::new("ssh-keygen");
            verify
                .args(["-Y", "verify", "-n", NAMESPACE, "-I", principal, "-s"])
                .arg(&detached)
                .arg("-f")
                .arg(signers)
                .stdin(input);
            return match run(verify) {
                Ok(()) => Ok(principal.to_owned()),
                Err(_) => Err(Trouble::Said(format!(
                    "the signature by {principal} is not for this content: it was changed"
                ))),
            };
        }
        let files: Vec<String> = self
            .files
            .iter()
            .map(|file| format!("`{}`", file.display()))
            .collect();
        Err(Trouble::Said(format!(
            "it is signed by nobody that {} names\nhint: a line there is a name and a public key: \
             `ann@example.com ssh-ed25519 AAAA…`",
            files.join(" or ")
        )))
    }
}
