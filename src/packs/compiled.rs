//! Packs as they are looked up: one run of bytes with an index of names.
//!
//! Owns the layout, for the packs that guard embeds and for those that a team adds. The head holds
//! sorted tables that are searched where they lie; each CLI is decoded only when it is met. Must
//! stay free of every other module but the schema.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::schema::{Api, Cli, Pack, Rule};

const MAGIC: &[u8; 8] = b"gpacks 2";
/// Magic, length of the head, checksum of the head, then seven tables: offset and count.
const FIXED: usize = 8 + 4 + 8 + TABLES * 8;
const TABLES: usize = 7;
/// Name (offset, length) and a value.
const NAMED: usize = 12;
/// Pack, offset and length of the bytes of a CLI or an API, their checksum.
const BODY: usize = 20;

/// What is known of a program; the numbers count the packs, or the CLIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It changes nothing, whatever its arguments.
    ReadOnly(usize),
    /// It only adds, or has an exact inverse.
    Reversible(usize),
    /// The CLI that describes it.
    Cli(usize),
}

impl Entry {
    const KINDS: u32 = 3;

    fn of(value: u32) -> Self {
        let index = usize::try_from(value / Self::KINDS).unwrap_or(usize::MAX);
        match value % Self::KINDS {
            0 => Self::ReadOnly(index),
            1 => Self::Reversible(index),
            _ => Self::Cli(index),
        }
    }
}

/// Compiles packs, in their order.
pub fn compile(packs: Vec<Pack>) -> Result<Vec<u8>, postcard::Error> {
    let mut writer = Writer::default();
    for (index, pack) in packs.into_iter().enumerate() {
        writer.add(index, pack)?;
    }
    Ok(writer.finish())
}

#[derive(Default)]
struct Writer {
    packs: Vec<(String, u32)>,
    clis: Vec<[u8; BODY]>,
    apis: Vec<[u8; BODY]>,
    programs: Vec<(String, u32)>,
    packages: Vec<(String, u32)>,
    shims: Vec<(String, u32)>,
    hosts: Vec<(String, u32)>,
    bodies: Vec<u8>,
}

impl Writer {
    fn add(&mut self, index: usize, pack: Pack) -> Result<(), postcard::Error> {
        let index = number(index);
        self.packs.push((pack.pack.name, index));
        for (programs, kind) in [(pack.read_only, 0), (pack.reversible, 1)] {
            let entries = programs.into_iter();
            let value = index * Entry::KINDS + kind;
            self.programs
                .extend(entries.map(|program| (program, value)));
        }
        for mut cli in pack.cli {
            let at = number(self.clis.len());
            for program in &cli.programs {
                self.programs.push((program.clone(), at * Entry::KINDS + 2));
                if cli.shim {
                    self.shims.push((program.clone(), 0));
                }
            }
            for package in &cli.packages {
                self.packages.push((package.clone(), at));
            }
            without_examples(&mut cli.rule);
            let record = self.body(index, &cli)?;
            self.clis.push(record);
        }
        for mut api in pack.api {
            let at = number(self.apis.len());
            for host in &api.hosts {
                self.hosts.push((host.to_ascii_lowercase(), at));
            }
            without_examples(&mut api.rule);
            let record = self.body(index, &api)?;
            self.apis.push(record);
        }
        Ok(())
    }

    /// Keeps the bytes of a CLI or an API of this pack; the record says where.
    fn body(&mut self, pack: u32, value: &impl Serialize) -> Result<[u8; BODY], postcard::Error> {
        let body = postcard::to_stdvec(value)?;
        let mut record = [0; BODY];
        let fields = [pack, number(self.bodies.len()), number(body.len())];
        for (field, room) in fields.iter().zip(record.chunks_exact_mut(4)) {
            room.copy_from_slice(&field.to_le_bytes());
        }
        if let Some(room) = record.get_mut(12..) {
            room.copy_from_slice(&checksum(&body).to_le_bytes());
        }
        self.bodies.extend(body);
        Ok(record)
    }

    fn finish(mut self) -> Vec<u8> {
        for table in [
            &mut self.programs,
            &mut self.packages,
            &mut self.shims,
            &mut self.hosts,
        ] {
            table.sort();
            table.dedup();
        }
        let named = [
            &self.packs,
            &self.programs,
            &self.packages,
            &self.shims,
            &self.hosts,
        ];
        let records: usize = named.iter().map(|table| table.len() * NAMED).sum();
        let texts = FIXED + (self.clis.len() + self.apis.len()) * BODY + records;
        let mut tables = Vec::new();
        let mut body = Vec::new();
        let mut strings: Vec<u8> = Vec::new();
        let mut place = |body: &[u8], count: usize| {
            tables.extend(number(FIXED + body.len()).to_le_bytes());
            tables.extend(number(count).to_le_bytes());
        };
        for table in [&self.clis, &self.apis] {
            place(&body, table.len());
            body.extend(table.iter().flatten());
        }
        for table in named {
            place(&body, table.len());
            for (name, value) in table {
                for field in [number(texts + strings.len()), number(name.len()), *value] {
                    body.extend(field.to_le_bytes());
                }
                strings.extend(name.as_bytes());
            }
        }
        let mut checked = tables;
        checked.extend(body);
        checked.extend(strings);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(number(20 + checked.len()).to_le_bytes());
        bytes.extend(checksum(&checked).to_le_bytes());
        bytes.extend(checked);
        bytes.extend(self.bodies);
        bytes
    }
}

/// The examples are for tests, which read the packs themselves.
fn without_examples(rules: &mut [Rule]) {
    for rule in rules {
        rule.matches.clear();
        rule.no_match.clear();
    }
}

/// No pack is as large as four gigabytes.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// FNV-1a: finds what was damaged, not what somebody forged.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[derive(Clone, Copy)]
enum Table {
    Clis,
    Apis,
    Packs,
    Programs,
    Packages,
    Shims,
    Hosts,
}

/// Where the bytes of the CLIs are.
#[derive(Debug)]
enum Bodies {
    Memory(Cow<'static, [u8]>),
    /// A file, and the offset at which they begin.
    File(File, u64),
}

/// Compiled packs, ready to be looked up.
#[derive(Debug)]
pub struct Compiled {
    head: Cow<'static, [u8]>,
    bodies: Bodies,
}

impl Compiled {
    /// No pack at all.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            head: Cow::Borrowed(&[]),
            bodies: Bodies::Memory(Cow::Borrowed(&[])),
        }
    }

    /// What [`compile`] made, as a part of the program: not looked at for damage.
    #[must_use]
    pub fn embedded(bytes: &'static [u8]) -> Self {
        let length = word(bytes, 8).unwrap_or(0);
        let (head, bodies) = bytes.split_at_checked(length).unwrap_or((&[], &[]));
        Self {
            head: Cow::Borrowed(head),
            bodies: Bodies::Memory(Cow::Borrowed(bodies)),
        }
    }

    /// What [`compile`] has just made.
    #[must_use]
    pub fn in_memory(mut bytes: Vec<u8>) -> Self {
        let length = word(&bytes, 8).unwrap_or(0).min(bytes.len());
        let bodies = bytes.split_off(length);
        Self {
            head: Cow::Owned(bytes),
            bodies: Bodies::Memory(Cow::Owned(bodies)),
        }
    }

    /// What [`compile`] made, at this place of a file; `None` if it is damaged.
    pub fn in_file(file: File, at: u64) -> io::Result<Option<Self>> {
        let mut start = [0; 20];
        file.read_exact_at(&mut start, at)?;
        let length = word(&start, 8).unwrap_or(0);
        if start.get(..8) != Some(MAGIC) || !(FIXED..1 << 28).contains(&length) {
            return Ok(None);
        }
        let mut head = vec![0; length];
        file.read_exact_at(&mut head, at)?;
        let is_whole = start.get(12..20).map(<[u8]>::to_vec)
            == head
                .get(20..)
                .map(|rest| checksum(rest).to_le_bytes().to_vec());
        Ok(is_whole.then_some(Self {
            head: Cow::Owned(head),
            bodies: Bodies::File(file, at + length as u64),
        }))
    }

    /// What the packs say of a program's base name.
    pub fn program<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Entry> + 'a {
        self.values(Table::Programs, name).map(Entry::of)
    }

    /// The CLIs that a launcher starts for a package name.
    pub fn package<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let values = self.values(Table::Packages, name);
        values.map(|value| usize::try_from(value).unwrap_or(usize::MAX))
    }

    /// The programs for which a PATH shim is worth it, sorted.
    pub fn shims(&self) -> impl Iterator<Item = &str> {
        (0..self.count(Table::Shims)).filter_map(|index| self.name(Table::Shims, index))
    }

    /// Every program with what is known of it, sorted.
    pub fn programs(&self) -> impl Iterator<Item = (&str, Entry)> {
        (0..self.count(Table::Programs)).filter_map(|index| {
            let name = self.name(Table::Programs, index)?;
            Some((name, Entry::of(self.value(Table::Programs, index)?)))
        })
    }

    /// The names of the packs, in their order.
    pub fn packs(&self) -> impl Iterator<Item = &str> {
        (0..self.count(Table::Packs)).filter_map(|index| self.pack(index))
    }

    #[must_use]
    pub fn pack(&self, index: usize) -> Option<&str> {
        self.name(Table::Packs, index)
    }

    /// How many CLIs there are.
    #[must_use]
    pub fn clis(&self) -> usize {
        self.count(Table::Clis)
    }

    /// The pack of a CLI.
    #[must_use]
    pub fn pack_of(&self, cli: usize) -> Option<usize> {
        self.field(Table::Clis, cli, BODY, 0)
    }

    /// A CLI, decoded; `None` if its bytes are damaged.
    #[must_use]
    pub fn cli(&self, index: usize) -> Option<Cli> {
        self.decode(Table::Clis, index)
    }

    /// How many APIs there are.
    #[must_use]
    pub fn apis(&self) -> usize {
        self.count(Table::Apis)
    }

    /// The pack of an API.
    #[must_use]
    pub fn pack_of_api(&self, api: usize) -> Option<usize> {
        self.field(Table::Apis, api, BODY, 0)
    }

    /// An API, decoded; `None` if its bytes are damaged.
    #[must_use]
    pub fn api(&self, index: usize) -> Option<Api> {
        self.decode(Table::Apis, index)
    }

    /// Every pattern of hosts with the API that it belongs to, sorted.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, usize)> {
        (0..self.count(Table::Hosts)).filter_map(|index| {
            let api = self.value(Table::Hosts, index)?;
            Some((self.name(Table::Hosts, index)?, usize::try_from(api).ok()?))
        })
    }

    fn decode<T: DeserializeOwned>(&self, table: Table, index: usize) -> Option<T> {
        let offset = self.field(table, index, BODY, 4)?;
        let length = self.field(table, index, BODY, 8)?;
        match &self.bodies {
            Bodies::Memory(bytes) => {
                postcard::from_bytes(bytes.get(offset..offset.checked_add(length)?)?).ok()
            }
            Bodies::File(file, start) => {
                if length > 1 << 24 {
                    return None;
                }
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start + offset as u64).ok()?;
                let at = self.at(table, index, BODY)? + 12;
                let expected = self.head.get(at..at + 8)?;
                if expected != checksum(&bytes).to_le_bytes() {
                    return None;
                }
                postcard::from_bytes(&bytes).ok()
            }
        }
    }

    fn table(&self, table: Table) -> (usize, usize) {
        let at = 20 + table as usize * 8;
        let offset = word(&self.head, at).unwrap_or(0);
        (offset, word(&self.head, at + 4).unwrap_or(0))
    }

    fn count(&self, table: Table) -> usize {
        self.table(table).1
    }

    fn at(&self, table: Table, index: usize, size: usize) -> Option<usize> {
        let (offset, count) = self.table(table);
        (index < count).then(|| offset + index * size)
    }

    fn field(&self, table: Table, index: usize, size: usize, field: usize) -> Option<usize> {
        word(&self.head, self.at(table, index, size)? + field)
    }

    fn name(&self, table: Table, index: usize) -> Option<&str> {
        let offset = self.field(table, index, NAMED, 0)?;
        let length = self.field(table, index, NAMED, 4)?;
        let bytes = self.head.get(offset..offset.checked_add(length)?)?;
        std::str::from_utf8(bytes).ok()
    }

    fn value(&self, table: Table, index: usize) -> Option<u32> {
        let value = self.field(table, index, NAMED, 8)?;
        u32::try_from(value).ok()
    }

    /// The values of every record with this name.
    fn values<'a>(&'a self, table: Table, name: &'a str) -> impl Iterator<Item = u32> + 'a {
        let (mut low, mut high) = (0, self.count(table));
        while low < high {
            let middle = low.midpoint(high);
            if self.name(table, middle).is_some_and(|found| found < name) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..self.count(table))
            .take_while(move |index| self.name(table, *index) == Some(name))
            .filter_map(move |index| self.value(table, index))
    }
}

/// A little-endian number of four bytes.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}
