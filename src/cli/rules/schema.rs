//! `guard rules schema`: the JSON Schema of packs.

use super::super::print;

pub(super) fn run() -> u8 {
    print(include_str!("../../../rules/pack.schema.json"));
    0
}
