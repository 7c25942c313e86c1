//! `guard rules new`: a pack to begin with.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::super::{print, say};
use super::refuse;
use crate::packs::Packs;
use crate::rules::check::is_kebab_case;

/// What a new pack says: one made-up CLI, with a comment for each part.
const TEMPLATE: &str = include_str!("template.toml");

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The pack's name, and that of its file
    name: String,
    /// Write to standard output instead of NAME.toml
    #[arg(long)]
    stdout: bool,
}

pub(super) fn run(options: &Options) -> u8 {
    let name = options.name.as_str();
    if !is_kebab_case(name) {
        return refuse(&format!(
            "`{name}` is no name for a pack: small letters, digits and single dashes"
        ));
    }
    if Packs::built_in().names().any(|own| own == name) {
        return refuse(&format!(
            "the name `{name}` belongs to a pack that is part of guard"
        ));
    }
    let text = template(name);
    if options.stdout {
        print(&text);
        return 0;
    }
    let path = PathBuf::from(format!("{name}.toml"));
    let made = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        return refuse(&format!("`{}` cannot be written: {error}", path.display()));
    }
    let shown = path.display();
    say(&format!(
        "wrote {shown}; then: guard rules lint ./{shown} && guard rules test ./{shown}, and put it \
         into ~/.config/guard/packs"
    ));
    0
}

/// The template for a pack of this name.
fn template(name: &str) -> String {
    TEMPLATE.replace("acme", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs::examples::{self, Scene};
    use crate::packs::lint::lint;
    use crate::rules::check;

    #[test]
    fn a_new_pack_has_nothing_to_complain_about() {
        for name in ["acme", "my-cloud-2"] {
            let text = template(name);
            let pack = check::read(&text).unwrap();
            let scene = Scene::new(vec![pack.clone()]).unwrap();
            assert_eq!(lint(&text, &pack, &scene), []);
            let mut count = 0;
            for rule in examples::rules(&pack) {
                for example in examples::of(&pack, rule) {
                    example.check(&scene).unwrap();
                    count += 1;
                }
            }
            assert!(count > 5);
        }
    }
}
