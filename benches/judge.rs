//! How long guard thinks about one command: parse, resolve, rules; no process, no disk but what
//! the command names.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;
use guard::world::System;
use std::hint::black_box;

/// Commands as agents send them, from trivial to nested.
const COMMANDS: &[(&str, &str)] = &[
    ("true", "true"),
    ("ls", "ls -la src | head -20"),
    ("grep", r#"grep -rn "rm -rf" src --include='*.rs' | wc -l"#),
    (
        "git",
        "git add -A && git commit -m 'delete the old volume' && git push",
    ),
    ("rm", "rm -rf target/debug/build notes.txt"),
    ("find", r"find . -name '*.o' -type f -exec rm -f {} +"),
    (
        "envelope",
        "source /tmp/none.sh 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && \
         eval 'cargo test 2>&1 | tail -20' < /dev/null && pwd -P >| /tmp/claude-1a2b-cwd",
    ),
    (
        "loop",
        "for f in a b c; do if [ -f \"$f\" ]; then sed -i 's/x/y/' \"$f\"; fi; done",
    ),
    (
        "psql",
        r#"psql -h db.internal app -c 'SELECT 1; DROP TABLE users'"#,
    ),
    (
        "aws",
        "aws --region eu-west-1 rds delete-db-instance --db-instance-identifier prod --skip-final-snapshot",
    ),
    (
        "railway",
        "railway volume delete --volume pg-data -e production -y",
    ),
    (
        "curl",
        r#"curl -s https://backboard.railway.com/graphql/v2 -H "Authorization: Bearer $T" -d '{"query":"mutation { volumeDelete(volumeId: \"x\") }"}'"#,
    ),
    (
        "nested",
        r#"sudo -u app bash -lc "ssh host 'psql -c \"DELETE FROM users\"'""#,
    ),
];

fn judged(c: &mut Criterion) {
    let mut group = c.benchmark_group("judged");
    for (name, text) in COMMANDS {
        let subject = Subject::script(*text);
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                // A world for each: what one command learns about the disk, another must not know.
                let world = System::new("/".into());
                black_box(assess(black_box(&subject), Stdin::Empty, &world))
            });
        });
    }
    group.finish();
}

/// All commands of an ordinary day, one after the other.
fn ordinary(c: &mut Criterion) {
    let subjects: Vec<Subject> = include_str!("../tests/corpus/ordinary.txt")
        .lines()
        .map(Subject::script)
        .collect();
    let mut group = c.benchmark_group("ordinary");
    group.throughput(Throughput::Elements(subjects.len() as u64));
    group.bench_function("commands", |bencher| {
        bencher.iter(|| {
            for subject in &subjects {
                let world = System::new("/".into());
                let _ = black_box(assess(subject, Stdin::Empty, &world));
            }
        });
    });
    group.finish();
}

/// A long script: twice the length must cost twice as much.
fn long(c: &mut Criterion) {
    let mut group = c.benchmark_group("long");
    for lines in [1_000_usize, 2_000, 4_000] {
        let subject =
            Subject::script("grep -c x notes.txt && echo \"$HOME\" | sort\n".repeat(lines));
        group.throughput(Throughput::Elements(lines as u64));
        group.bench_function(format!("{lines} lines"), |bencher| {
            bencher.iter(|| {
                let world = System::new("/".into());
                black_box(assess(&subject, Stdin::Empty, &world))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, judged, ordinary, long);
criterion_main!(benches);
