//! Rewrites that keep what a command does: guard asks about each that really loses something,
//! and about hardly any of those around a harmless command that it can see through.
//!
//! ```sh
//! cargo test --test integration evasion -- --nocapture
//! GUARD_EVASION_CASES=9000 GUARD_EVASION_SEED=7 GUARD_EVASION_REPORT=report.md cargo test …
//! ```

mod form;
mod scene;
mod spelling;
mod transform;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::oracle::random::Random;
use form::Form;
use scene::{Judged, Scene};
use transform::{Kind, Transform};

/// Rewrites tried in an ordinary run; about two of three keep the loss.
const CASES: usize = 150;
const SEED: u64 = 2026;
const DEEPEST: usize = 4;
/// So many twins may be asked about, or one in a hundred in a longer run.
const TWINS_ASKED: usize = 2;

/// Ways to lose what has no copy.
const LOSSES: &[&str] = &[
    "rm -rf canary",
    "rm canary/a.txt",
    "rm -r -- canary",
    "/bin/rm --recursive --force canary",
    "unlink canary/a.txt",
    "find canary -delete",
    "find canary -type f -exec rm {} +",
    "truncate -s 0 canary/a.txt",
    "dd if=/dev/null of=canary/a.txt",
    "cp /dev/null canary/a.txt",
    "cp other.txt canary/a.txt",
    "mv other.txt canary/a.txt",
    "ln -sf other.txt canary/a.txt",
    "install -m 644 other.txt canary/a.txt",
    "shred -u canary/a.txt",
    "tee canary/a.txt",
    "printf x > canary/a.txt",
    ": > canary/a.txt",
    "cat other.txt > canary/a.txt",
    "sort -o canary/a.txt other.txt",
    "git clean -fdxq canary",
    "git checkout -- work.txt",
    "git checkout .",
    "git restore work.txt",
    "git reset --hard",
    "python3 -c 'import shutil; shutil.rmtree(\"canary\")'",
    "python3 -c 'import os; os.remove(\"canary/a.txt\")'",
    "python3 -c 'open(\"canary/a.txt\", \"w\")'",
    "awk '{ print > \"canary/a.txt\" }' other.txt",
    "perl -e 'unlink \"canary/a.txt\"'",
    "ruby -e 'require \"fileutils\"; FileUtils.rm_rf(\"canary\")'",
    "node -e 'require(\"fs\").rmSync(\"canary\", {recursive: true})'",
    "php -r 'unlink(\"canary/a.txt\");'",
    "busybox rm -rf canary",
    "tar -cf canary/a.txt other.txt",
];

/// Harmless commands, and what they print, or that they make `marker`.
const HARMLESS: &[(&str, &str)] = &[
    ("ls canary", "sub"),
    ("ls -la canary", "sub"),
    ("cat canary/a.txt", "7f3a"),
    ("head -n 1 canary/a.txt", "7f3a"),
    ("grep -r letters canary", "7f3a"),
    ("find canary -name 'b*'", "canary/sub/b.txt"),
    ("find canary -type f -exec cat {} +", "7f3a"),
    ("sed -n 1p canary/a.txt", "7f3a"),
    ("awk '{ print $6 }' canary/a.txt", "letters"),
    ("sort canary/a.txt", "7f3a"),
    ("git status", "On branch main"),
    ("git diff", "4d2e"),
    ("git log --oneline", "beginning"),
    ("touch marker", ""),
    ("mkdir marker", ""),
    ("cp canary/a.txt marker", ""),
    ("tee marker", ""),
    ("printf hello > marker", ""),
    ("ls canary > marker", ""),
    ("cat canary/a.txt > marker", ""),
    ("wc -l canary/a.txt > marker", ""),
    ("git status > marker", ""),
    ("python3 -c 'print(open(\"canary/a.txt\").read())'", "7f3a"),
    ("node -e 'console.log(6 * 7000)'", "42000"),
    ("tar -cf marker canary", ""),
];

/// One rewrite chain around a loss, and around something harmless.
struct Case {
    number: usize,
    chain: Vec<usize>,
    /// `None` where the rewrite did not keep the loss.
    loss: Option<Verdict>,
    twin: Option<Verdict>,
}

struct Verdict {
    script: String,
    base: &'static str,
    asks: bool,
    only_opaque: bool,
    reasons: String,
}

struct Generator {
    seed: u64,
    transforms: Vec<Transform>,
    /// The rewrites that a run is about: each case has one of them.
    chosen: Vec<usize>,
    deepest: usize,
}

impl Generator {
    /// The rewrites of this case, in order. Each inner list is one step: several words of a
    /// command may be spelled anew at once.
    fn chain(&self, number: usize, random: &mut Random) -> Vec<Vec<usize>> {
        let forced = self.chosen[number % self.chosen.len()];
        let first = matches!(self.transforms[forced].kind, Kind::Word | Kind::Argv)
            || self.transforms[forced].takes(&Form::Simple {
                argv: Vec::new(),
                output: None,
            }) && !self.transforms[forced].takes(&Form::Text(String::new()));
        let depth = 1 + random.below(self.deepest);
        let at = if first { 0 } else { random.below(depth) };
        let mut simple = true;
        let mut chain = Vec::new();
        for step in 0..depth {
            let mut pick = |kinds: &[Kind]| {
                let kind = kinds[random.below(kinds.len())];
                let pool: Vec<usize> = (0..self.transforms.len())
                    .filter(|index| self.transforms[*index].kind == kind)
                    .filter(|index| {
                        simple || self.transforms[*index].takes(&Form::Text(String::new()))
                    })
                    .collect();
                pool[random.below(pool.len())]
            };
            let index = if step == at {
                forced
            } else if simple {
                pick(&[Kind::Word, Kind::Argv, Kind::Call, Kind::Text])
            } else {
                pick(&[Kind::Call, Kind::Text, Kind::Text])
            };
            let mut rewrites = vec![index];
            let kind = self.transforms[index].kind;
            if kind == Kind::Word {
                rewrites.extend((0..number % 3).map(|_| pick(&[Kind::Word])));
            }
            chain.push(rewrites);
            simple = matches!(kind, Kind::Argv | Kind::Call);
        }
        chain
    }

    fn apply(
        &self,
        chain: &[Vec<usize>],
        base: &str,
        directory: &str,
        random: &mut Random,
    ) -> Option<String> {
        let mut form = Form::parse(base);
        for step in chain {
            let rewrites: Vec<&Transform> =
                step.iter().map(|index| &self.transforms[*index]).collect();
            form = match rewrites.as_slice() {
                [one] => one
                    .takes(&form)
                    .then(|| one.apply(&form, directory, random))??,
                several => transform::spell_words(several, &form, directory, random)?,
            };
        }
        Some(form.text()).filter(|text| text.len() < 100_000)
    }

    fn case(&self, number: usize, scene: &Scene) -> Case {
        let mut random = Random::new(self.seed ^ (number as u64).rotate_left(32));
        let chain = self.chain(number, &mut random);
        let directory = scene.directory();
        let directory = directory.to_str().unwrap();
        let loss = LOSSES[random.below(LOSSES.len())];
        let (harmless, sign) = HARMLESS[random.below(HARMLESS.len())];
        let repeat = random.next();
        let write = |base| self.apply(&chain, base, directory, &mut Random::new(repeat));
        let verdict = |script: String, base, judged: Judged| Verdict {
            asks: judged.asks,
            only_opaque: judged.only_opaque,
            reasons: judged.reasons,
            script,
            base,
        };
        let loss = write(loss).and_then(|script| {
            let (judged, left) = scene.both(&script);
            left.lost.then(|| verdict(script, loss, judged))
        });
        let twin = write(harmless).and_then(|script| {
            let (judged, left) = scene.both(&script);
            let ran = match sign {
                "" => left.marker,
                sign => left.output.contains(sign),
            };
            (left.intact && ran).then(|| verdict(script, harmless, judged))
        });
        Case {
            number,
            chain: chain.into_iter().flatten().collect(),
            loss,
            twin,
        }
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// What one rewrite came to.
#[derive(Default)]
struct Tally {
    kept: usize,
    missed: usize,
    twins: usize,
    asked: usize,
    unseen: usize,
}

#[test]
fn no_rewrite_of_a_loss_goes_unasked_and_no_harmless_twin_is_asked_about() {
    let seed = from_environment("GUARD_EVASION_SEED", SEED);
    let count = usize::try_from(from_environment("GUARD_EVASION_CASES", CASES as u64)).unwrap();
    let only = std::env::var("GUARD_EVASION_ONLY").unwrap_or_default();
    let mut transforms = transform::all();
    let labels: BTreeSet<String> = transforms.iter().map(Transform::label).collect();
    assert_eq!(labels.len(), transforms.len(), "two rewrites of one name");
    let held = std::env::var("GUARD_EVASION_HELD_OUT").ok();
    if held.as_deref() == Some("0") {
        transforms.retain(|transform| !transform.is_held_out());
    }
    let chosen: Vec<usize> = (0..transforms.len())
        .filter(|index| match only.as_str() {
            "open" => transforms[*index].open,
            only => transforms[*index].label().contains(only),
        })
        .filter(|index| held.as_deref() != Some("1") || transforms[*index].is_held_out())
        .collect();
    eprintln!(
        "evasion: seed {seed}, {count} cases, {} of {} rewrites",
        chosen.len(),
        transforms.len()
    );
    let deepest = from_environment("GUARD_EVASION_DEPTH", DEEPEST as u64);
    let generator = Generator {
        seed,
        transforms,
        chosen,
        deepest: usize::try_from(deepest).unwrap(),
    };
    let next = AtomicUsize::new(0);
    let cases = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let scene = Scene::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let case = generator.case(number, &scene);
                    cases.lock().unwrap().push(case);
                }
            });
        }
    });
    let mut cases = cases.into_inner().unwrap();
    cases.sort_by_key(|case| case.number);
    report(&generator, &cases);
}

/// A case's rewrites, as one text.
fn names(generator: &Generator, case: &Case) -> String {
    let labels: Vec<String> = case
        .chain
        .iter()
        .map(|index| generator.transforms[*index].label())
        .collect();
    labels.join(" > ")
}

impl Tally {
    fn add(&mut self, case: &Case, hidden: bool) {
        if let Some(loss) = &case.loss {
            self.kept += 1;
            self.missed += usize::from(!loss.asks);
        }
        if let Some(twin) = &case.twin {
            if hidden && twin.asks && twin.only_opaque {
                self.unseen += 1;
            } else {
                self.twins += 1;
                self.asked += usize::from(twin.asks);
            }
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} losses, {} not asked about; {} harmless twins, {} asked about (and {} more that \
             nobody can see through)",
            self.kept, self.missed, self.twins, self.asked, self.unseen
        )
    }
}

fn report(generator: &Generator, cases: &[Case]) {
    let transform = |index: &usize| &generator.transforms[*index];
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut followed, mut open) = (Tally::default(), Tally::default());
    let (mut missed, mut asked) = (String::new(), String::new());
    let (mut all_missed, mut all_asked) = (String::new(), String::new());
    for case in cases {
        let is_hidden = case.chain.iter().any(|index| transform(index).hidden);
        let is_open = case.chain.iter().any(|index| transform(index).open);
        if is_open { &mut open } else { &mut followed }.add(case, is_hidden);
        let bases = [&case.loss, &case.twin].into_iter().flatten();
        let bases = bases.map(|verdict| verdict.base.to_owned());
        let rewrites = case.chain.iter().map(|index| transform(index).label());
        for name in rewrites.chain(bases) {
            tallies.entry(name).or_default().add(case, is_hidden);
        }
        let name = names(generator, case);
        if let Some(loss) = case.loss.as_ref().filter(|loss| !loss.asks) {
            let text = format!("#{} {name}\n{}\n\n", case.number, shown(&loss.script));
            all_missed.push_str(&text);
            if !is_open {
                missed.push_str(&text);
            }
        }
        let seen = |twin: &&Verdict| twin.asks && !(is_hidden && twin.only_opaque);
        if let Some(twin) = case.twin.as_ref().filter(seen) {
            let script = shown(&twin.script);
            let text = format!("#{} {name}\n{script}\n  {}\n\n", case.number, twin.reasons);
            all_asked.push_str(&text);
            if !is_open {
                asked.push_str(&text);
            }
        }
    }
    let summary = followed.summary();
    eprintln!(
        "evasion: {summary}\nevasion: with rewrites not followed yet: {}",
        open.summary()
    );
    if let Ok(path) = std::env::var("GUARD_EVASION_REPORT") {
        let seed = generator.seed;
        let mut text = format!(
            "seed {seed}, {} cases: {summary}\n{}\n\n",
            cases.len(),
            open.summary()
        );
        for (name, tally) in &tallies {
            let Tally {
                kept,
                missed,
                twins,
                asked,
                unseen,
            } = tally;
            writeln!(text, "{name}\t{kept}\t{missed}\t{twins}\t{asked}\t{unseen}").unwrap();
        }
        write!(text, "\nMISSED\n\n{all_missed}\nASKED\n\n{all_asked}").unwrap();
        std::fs::write(path, text).unwrap();
    }
    let kept = followed.kept + open.kept;
    assert!(
        kept * 3 > cases.len(),
        "too few rewrites keep what a command does: {summary}"
    );
    assert!(missed.is_empty(), "{summary}\n{missed}");
    let bound = TWINS_ASKED.max(followed.twins / 100);
    assert!(followed.asked <= bound, "{summary}\n{asked}");
}

fn shown(script: &str) -> String {
    match script.char_indices().nth(1500) {
        Some((end, _)) => format!("{}…", &script[..end]),
        None => script.to_owned(),
    }
}
