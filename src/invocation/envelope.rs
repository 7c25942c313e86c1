//! What an agent's program wraps around the command that it was asked to run.
//!
//! The wrapping is judged like any other text. Only what differs from one run of the same command
//! to the next is known here, because an approval must hold for the next run.

/// The parts of a shell text that are made anew each time and decide nothing: the file that
/// Claude Code has the working directory written to, and the one that Gemini CLI has the ids of
/// background jobs written to.
#[must_use]
pub fn scaffolding(text: &str) -> Vec<String> {
    let claude = text
        .trim_end()
        .rsplit_once(" && pwd -P >| ")
        .map(|(_, path)| path)
        .filter(|path| is_fresh(path, "claude-", "-cwd"));
    let gemini = text
        .split_once('\n')
        .and_then(|(first, _)| first.rsplit_once("; _bgpids_file="))
        .map(|(_, path)| path)
        .filter(|path| is_fresh(path, "gemini-shell-", "/bgpids.tmp"));
    claude
        .into_iter()
        .chain(gemini)
        .map(str::to_owned)
        .collect()
}

/// An absolute path that ends in such a name with a word in it, and has nothing that a shell would
/// read: `/tmp/claude-1a2b-cwd`.
fn is_fresh(path: &str, before: &str, after: &str) -> bool {
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'))
    };
    path.strip_suffix(after)
        .and_then(|rest| rest.rsplit_once('/'))
        .is_some_and(|(directory, name)| {
            let fresh = name.strip_prefix(before).is_some_and(|id| {
                !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            fresh && plain(directory) && (directory.is_empty() || directory.starts_with('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_of_the_envelope_itself() {
        let cases: &[(&str, &[&str])] = &[
            (
                "source /s.sh && eval 'rm x' < /dev/null && pwd -P >| /tmp/claude-1a2b-cwd",
                &["/tmp/claude-1a2b-cwd"],
            ),
            ("eval 'x' && pwd -P >| /tmp/claude-1a2b-cwd; rm -rf x", &[]),
            ("eval 'x' && pwd -P >| /tmp/$X/claude-1a2b-cwd", &[]),
            ("eval 'x' && pwd -P >| /tmp/claude-*-cwd", &[]),
            ("pwd -P >| notes.txt", &[]),
            ("pwd -P >| x/claude-1a2b-cwd", &[]),
            (
                "shopt -u dotglob; _bgpids_file=/tmp/gemini-shell-jK84vi/bgpids.tmp\n(\nrm x\n)",
                &["/tmp/gemini-shell-jK84vi/bgpids.tmp"],
            ),
            (
                "shopt; _bgpids_file=/tmp/gemini-shell-$X/bgpids.tmp\nrm x",
                &[],
            ),
            (
                "x\nshopt; _bgpids_file=/tmp/gemini-shell-j/bgpids.tmp\nrm x",
                &[],
            ),
            ("rm -rf /tmp/claude-1a2b-cwd", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(scaffolding(text), *expected, "{text}");
        }
    }
}
