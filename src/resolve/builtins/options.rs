//! `set`: options and positional parameters.

use crate::resolve::command::Argument;
use crate::resolve::interpreter::Interpreter;

impl Interpreter<'_> {
    pub(super) fn set_options(&mut self, operands: &[Argument]) {
        for (index, operand) in operands.iter().enumerate() {
            let Some(text) = operand.value.exact() else {
                self.state.arguments = None;
                return;
            };
            match text {
                "--" | "-" => {
                    self.set_arguments(operands.get(index + 1..).unwrap_or_default());
                    return;
                }
                _ if text.starts_with('-') && !text.starts_with("--") => {
                    self.errexit |= text.contains('e');
                }
                _ if text.starts_with('+') => self.errexit &= !text.contains('e'),
                "errexit" => self.errexit = true,
                "pipefail"
                | "nounset"
                | "xtrace"
                | "noglob"
                | "noclobber"
                | "verbose"
                | "posix"
                | "emacs"
                | "vi"
                | "allexport"
                | "monitor"
                | "noexec"
                | "physical"
                | "errtrace"
                | "functrace"
                | "history"
                | "braceexpand"
                | "hashall"
                | "ignoreeof"
                | "interactive-comments"
                | "keyword"
                | "nolog"
                | "notify"
                | "onecmd"
                | "privileged" => {}
                _ => {
                    self.set_arguments(operands.get(index..).unwrap_or_default());
                    return;
                }
            }
        }
    }

    fn set_arguments(&mut self, operands: &[Argument]) {
        let known = !operands.iter().any(|operand| operand.splits);
        self.state.arguments = known.then(|| {
            operands
                .iter()
                .map(|operand| operand.value.clone())
                .collect()
        });
    }
}
