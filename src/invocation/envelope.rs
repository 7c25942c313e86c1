//! What an agent's program wraps around the command that it was asked to run.
//!
//! The wrapping is judged like any other text. Only what differs from one run of the same command
//! to the next is known here, because an approval must hold for the next run.

/// The parts of a shell text that are made anew each time and decide nothing: the file that
/// Claude Code has the working directory written to.
#[must_use]
pub fn scaffolding(text: &str) -> Vec<String> {
    text.trim_end()
        .rsplit_once(" && pwd -P >| ")
        .map(|(_, path)| path)
        .filter(|path| is_fresh_cwd_file(path))
        .map(str::to_owned)
        .into_iter()
        .collect()
}

/// `/tmp/claude-1a2b-cwd`, and nothing around it that a shell would read.
fn is_fresh_cwd_file(path: &str) -> bool {
    let Some((directory, name)) = path.rsplit_once('/') else {
        return false;
    };
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'))
    };
    let fresh = name
        .strip_prefix("claude-")
        .and_then(|rest| rest.strip_suffix("-cwd"))
        .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    fresh && directory.starts_with('/') && plain(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_at_the_end_of_the_envelope() {
        let cases: &[(&str, &[&str])] = &[
            (
                "source /s.sh && eval 'rm x' < /dev/null && pwd -P >| /tmp/claude-1a2b-cwd",
                &["/tmp/claude-1a2b-cwd"],
            ),
            ("eval 'x' && pwd -P >| /tmp/claude-1a2b-cwd; rm -rf x", &[]),
            ("eval 'x' && pwd -P >| /tmp/$X/claude-1a2b-cwd", &[]),
            ("eval 'x' && pwd -P >| /tmp/claude-*-cwd", &[]),
            ("pwd -P >| notes.txt", &[]),
            ("rm -rf /tmp/claude-1a2b-cwd", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(scaffolding(text), *expected, "{text}");
        }
    }
}
