//! Requests that wait for a person, and the approvals that answer them.
//!
//! Owns their files and times. A request is found by the digest of its plan, so the same command
//! asked again is the same request. An approval can be taken once.

use std::io::Read;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Failure;
use super::digest::Digest;
use super::plan::Entry;
use super::provenance::{Requester, Trusted};
use super::state::{Area, State};
use super::verdict::Challenge;
use crate::report::Report;
use crate::report::agent::Notice;

/// How long a request waits for its answer.
const WAITS: Duration = Duration::from_secs(30 * 60);
/// How long an approval can be used.
const LASTS: Duration = Duration::from_secs(5 * 60);

/// Digits and letters that cannot be taken for one another (Crockford's).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 5;

/// A command that was stopped and can be approved. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: String,
    pub digest: Digest,
    pub entry: Entry,
    pub report: Report,
    pub phrase: String,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub requester: Option<Requester>,
    pub status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Waiting,
    /// A person said no; the reason is for the agent.
    Declined(Option<String>),
}

impl Request {
    #[must_use]
    pub fn notice(&self) -> Notice<'_> {
        Notice {
            id: &self.id,
            report: &self.report,
            expires: self.expires,
        }
    }
}

/// A person's yes, on disk. Bound to one digest, good for one run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Approval {
    pub(super) id: String,
    digest: Digest,
    expires: Timestamp,
}

/// The requests of one state directory.
#[derive(Clone, Debug)]
pub struct Requests {
    state: State,
}

impl Requests {
    #[must_use]
    pub fn in_state(state: &State) -> Self {
        Self {
            state: state.clone(),
        }
    }

    /// The request for this challenge: the one that waits already, or a new one.
    pub(in crate::gate) fn park(
        &self,
        challenge: &Challenge,
        requester: Option<Requester>,
    ) -> Result<Request, Failure> {
        self.park_at(challenge, requester, Timestamp::now())
    }

    fn park_at(
        &self,
        challenge: &Challenge,
        requester: Option<Requester>,
        now: Timestamp,
    ) -> Result<Request, Failure> {
        let others = self.all(now);
        let name = challenge.digest.as_str();
        let request = Request {
            id: new_id(&others)?,
            digest: challenge.digest.clone(),
            entry: challenge.plan.draft.entry,
            report: challenge.report.redacted(),
            phrase: challenge.phrase.clone(),
            created: now,
            expires: now.saturating_add(WAITS).unwrap_or(Timestamp::MAX),
            requester,
            status: Status::Waiting,
        };
        let content = to_json(&request);
        loop {
            if let Some(parked) = others.iter().find(|other| other.digest == request.digest) {
                return Ok(parked.clone());
            }
            if self.state.create(Area::Requests, name, &content)? {
                return Ok(request);
            }
            // Somebody was quicker with the same command: theirs is the request.
            match self.load(name, now) {
                Some(parked) => return Ok(parked),
                None => self.state.remove(Area::Requests, name),
            }
        }
    }

    /// Everything that waits or was declined, oldest first. What is over is removed.
    #[must_use]
    pub fn all(&self, now: Timestamp) -> Vec<Request> {
        let mut requests = Vec::new();
        for name in self.state.list(Area::Requests) {
            match self.load(&name, now) {
                Some(request) => requests.push(request),
                None => self.state.remove(Area::Requests, &name),
            }
        }
        self.sweep(now);
        requests.sort_by_key(|request| request.created);
        requests
    }

    /// Removes approvals that nobody used in time.
    fn sweep(&self, now: Timestamp) {
        for name in self.state.list(Area::Approvals) {
            let content = self.state.read(Area::Approvals, &name).unwrap_or_default();
            let over = serde_json::from_slice(&content)
                .map_or(true, |approval: Approval| approval.expires <= now);
            if over {
                self.state.remove(Area::Approvals, &name);
            }
        }
    }

    /// What waits for an answer now, oldest first.
    #[must_use]
    pub fn waiting(&self) -> Vec<Request> {
        let mut requests = self.all(Timestamp::now());
        requests.retain(|request| request.status == Status::Waiting);
        requests
    }

    /// The waiting request with this id, however it is written.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Request> {
        let id = canonical_id(id);
        self.waiting().into_iter().find(|request| request.id == id)
    }

    /// What became of the request with this digest; `None` if there is none.
    pub(super) fn status(&self, digest: &Digest) -> Option<Status> {
        let request = self.load(digest.as_str(), Timestamp::now())?;
        Some(request.status)
    }

    fn load(&self, name: &str, now: Timestamp) -> Option<Request> {
        let content = self.state.read(Area::Requests, name)?;
        let request: Request = serde_json::from_slice(&content).ok()?;
        (request.digest.as_str() == name && request.expires > now).then_some(request)
    }

    /// Records a person's yes, for one run within five minutes. Only an answer from a trusted
    /// place gets here.
    pub(super) fn approve(&self, request: &Request, _from: Trusted) -> Result<(), Failure> {
        let expires = Timestamp::now()
            .saturating_add(LASTS)
            .unwrap_or(Timestamp::MAX);
        self.approve_until(request, expires)
    }

    fn approve_until(&self, request: &Request, expires: Timestamp) -> Result<(), Failure> {
        let approval = Approval {
            id: request.id.clone(),
            digest: request.digest.clone(),
            expires,
        };
        let name = request.digest.as_str();
        self.state
            .replace(Area::Approvals, name, &to_json(&approval))?;
        self.state.remove(Area::Requests, name);
        Ok(())
    }

    /// Records a person's no: the same command is refused at once while the request lasts.
    pub(super) fn decline(&self, request: &Request, reason: Option<&str>) -> Result<(), Failure> {
        let declined = Request {
            status: Status::Declined(reason.map(str::to_owned)),
            ..request.clone()
        };
        self.state
            .replace(Area::Requests, request.digest.as_str(), &to_json(&declined))
    }

    /// Uses up the approval of this digest. `None` if there is none, or it is too late for it.
    pub(super) fn take(&self, digest: &Digest) -> Option<Approval> {
        let content = self.state.take(Area::Approvals, digest.as_str())?;
        let approval: Approval = serde_json::from_slice(&content).ok()?;
        (approval.digest == *digest && approval.expires > Timestamp::now()).then_some(approval)
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    // These types hold no map with keys that are no strings, the one thing that could fail; an
    // empty file is read as no request and no approval.
    serde_json::to_vec(value).unwrap_or_default()
}

fn new_id(others: &[Request]) -> Result<String, Failure> {
    loop {
        let id = random_id().map_err(|source| Failure::State {
            path: "/dev/urandom".into(),
            source,
        })?;
        if others.iter().all(|other| other.id != id) {
            return Ok(id);
        }
    }
}

fn random_id() -> std::io::Result<String> {
    let mut bytes = [0; LENGTH];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect())
}

/// The id that somebody meant, who may have read `O` for `0`.
fn canonical_id(id: &str) -> String {
    id.trim()
        .chars()
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{challenge, draft, loss, world};
    use super::*;
    use std::path::Path;

    fn place() -> (tempfile::TempDir, Requests) {
        let directory = tempfile::tempdir().unwrap();
        let state = State::at(directory.path().join("guard")).unwrap();
        (directory, Requests::in_state(&state))
    }

    fn asked(text: &str) -> Challenge {
        let here = Path::new("/");
        let mut draft = draft(here, vec![loss("volume-delete", "pg-data")]);
        draft.text = text.to_owned();
        challenge(draft, &world(here, &[]))
    }

    #[test]
    fn the_same_command_is_the_same_request() {
        let (_directory, requests) = place();
        let first = requests.park(&asked("a"), None).unwrap();
        assert_eq!(requests.park(&asked("a"), None).unwrap(), first);
        let second = requests.park(&asked("b"), None).unwrap();
        assert_ne!(first.id, second.id);
        assert_eq!(requests.waiting().len(), 2);
        assert_eq!(requests.find(&first.id.to_lowercase()), Some(first));
        assert_eq!(requests.find("nothing"), None);
    }

    #[test]
    fn many_at_once_agree_on_one_request() {
        let (_directory, requests) = place();
        let ids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| requests.park(&asked("a"), None).unwrap().id))
                .collect();
            workers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        assert_eq!(ids.len(), 1, "{ids:?}");
    }

    #[test]
    fn a_request_is_over_after_half_an_hour() {
        let (_directory, requests) = place();
        let long_ago = Timestamp::now() - Duration::from_secs(31 * 60);
        let old = requests.park_at(&asked("a"), None, long_ago).unwrap();
        assert!(requests.waiting().is_empty());
        assert_ne!(requests.park(&asked("a"), None).unwrap().id, old.id);
    }

    #[test]
    fn an_approval_is_for_one_run_of_one_command_in_time() {
        let (_directory, requests) = place();
        let (a, b) = (asked("a"), asked("b"));
        let request = requests.park(&a, None).unwrap();
        assert!(requests.take(&a.digest).is_none(), "not approved yet");
        let later = Timestamp::now() + Duration::from_secs(60);
        requests.approve_until(&request, later).unwrap();
        assert!(requests.waiting().is_empty());
        assert!(requests.take(&b.digest).is_none(), "another command");
        assert_eq!(requests.take(&a.digest).unwrap().id, request.id);
        assert!(requests.take(&a.digest).is_none(), "second run");
        let earlier = Timestamp::now() - Duration::from_secs(1);
        requests.approve_until(&request, earlier).unwrap();
        assert!(requests.take(&a.digest).is_none(), "too late");
        requests.approve_until(&request, earlier).unwrap();
        let _ = requests.waiting();
        assert!(requests.state.list(Area::Approvals).is_empty());
    }

    #[test]
    fn an_approval_that_was_moved_to_another_command_does_not_count() {
        let (_directory, requests) = place();
        let (a, b) = (asked("a"), asked("b"));
        let request = requests.park(&a, None).unwrap();
        let later = Timestamp::now() + Duration::from_secs(60);
        requests.approve_until(&request, later).unwrap();
        let state = &requests.state;
        std::fs::rename(
            state.path(Area::Approvals, a.digest.as_str()),
            state.path(Area::Approvals, b.digest.as_str()),
        )
        .unwrap();
        assert!(requests.take(&b.digest).is_none());
    }

    #[test]
    fn no_secret_gets_into_a_request() {
        let (_directory, requests) = place();
        let request = requests
            .park(&asked("RAILWAY_TOKEN=s3cr3t railway volume delete"), None)
            .unwrap();
        let name = request.digest.as_str();
        let stored = requests.state.read(Area::Requests, name).unwrap();
        assert!(!String::from_utf8(stored).unwrap().contains("s3cr3t"));
    }

    #[test]
    fn a_no_is_remembered() {
        let (_directory, requests) = place();
        let request = requests.park(&asked("a"), None).unwrap();
        requests.decline(&request, Some("use staging")).unwrap();
        assert!(requests.waiting().is_empty());
        let again = requests.park(&asked("a"), None).unwrap();
        assert_eq!(
            again.status,
            Status::Declined(Some("use staging".to_owned()))
        );
    }

    #[test]
    fn ids_are_read_as_they_were_meant() {
        assert_eq!(canonical_id(" k7o2l "), "K7021");
        let id = random_id().unwrap();
        assert_eq!(canonical_id(&id.to_lowercase()), id);
    }
}
