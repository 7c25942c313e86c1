//! An ordered map whose copies share what they have in common.
//!
//! A copy costs nothing, a change copies one chunk, and two copies are compared by what differs: a
//! script takes as many ways as it has conditions, and each has nearly the same variables.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::rc::Rc;

/// Entries that are copied for one change.
const CHUNK: usize = 64;

type Entry<K, V> = Rc<(K, V)>;
type Chunk<K, V> = Rc<Vec<Entry<K, V>>>;

/// No chunk is empty, and their keys ascend.
#[derive(Debug)]
pub(crate) struct SharedMap<K, V> {
    chunks: Rc<Vec<Chunk<K, V>>>,
    length: usize,
}

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self {
            chunks: Rc::clone(&self.chunks),
            length: self.length,
        }
    }
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self {
            chunks: Rc::default(),
            length: 0,
        }
    }
}

impl<K: Ord, V> SharedMap<K, V> {
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// Whether both are certainly the same, at no cost.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.chunks, &other.chunks)
    }

    /// The chunk that holds the key, if any does.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        let begins =
            |chunk: &Chunk<K, V>| chunk.first().is_some_and(|entry| entry.0.borrow() <= key);
        self.chunks.partition_point(begins).saturating_sub(1)
    }

    fn search<Q: Ord + ?Sized>(chunk: &[Entry<K, V>], key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        chunk.binary_search_by(|entry| entry.0.borrow().cmp(key))
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let at = Self::search(chunk, key).ok()?;
        chunk.get(at).map(|entry| &entry.1)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        let index = self.chunk_of(&key);
        let chunks = Rc::make_mut(&mut self.chunks);
        let Some(shared) = chunks.get_mut(index) else {
            chunks.push(Rc::new(vec![Rc::new((key, value))]));
            self.length = 1;
            return;
        };
        let chunk = Rc::make_mut(shared);
        match Self::search(chunk, &key) {
            Ok(at) => {
                if let Some(entry) = chunk.get_mut(at) {
                    *entry = Rc::new((key, value));
                }
            }
            Err(at) => {
                chunk.insert(at, Rc::new((key, value)));
                self.length += 1;
                if chunk.len() > CHUNK {
                    // Keys often come in order: then the first part is full for good.
                    let kept = if at + 1 == chunk.len() {
                        CHUNK
                    } else {
                        CHUNK / 2
                    };
                    let rest = chunk.split_off(kept);
                    chunks.insert(index + 1, Rc::new(rest));
                }
            }
        }
    }

    /// Takes an entry out, if there is one.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<Rc<(K, V)>>
    where
        K: Borrow<Q>,
    {
        let index = self.chunk_of(key);
        let at = Self::search(self.chunks.get(index)?, key).ok()?;
        let chunks = Rc::make_mut(&mut self.chunks);
        let chunk = Rc::make_mut(chunks.get_mut(index)?);
        let removed = chunk.remove(at);
        self.length -= 1;
        if chunk.is_empty() {
            chunks.remove(index);
        }
        Some(removed)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let entries = self.chunks.iter().flat_map(|chunk| chunk.iter());
        entries.map(|entry| (&entry.0, &entry.1))
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V: PartialEq> SharedMap<K, V> {
    /// The keys that only one of both has, or that have another value here than there, in order.
    pub(crate) fn differences<'m>(&'m self, other: &'m Self) -> Vec<&'m K> {
        let mut found = Vec::new();
        let (mut ours, mut theirs) = (Cursor::new(self), Cursor::new(other));
        loop {
            if let (Some(one), Some(two)) = (ours.whole(), theirs.whole())
                && Rc::ptr_eq(one, two)
            {
                ours.skip();
                theirs.skip();
                continue;
            }
            let order = match (ours.entry(), theirs.entry()) {
                (None, None) => return found,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(two)) => one.0.cmp(&two.0),
            };
            let one = ours.entry().filter(|_| order.is_le());
            let two = theirs.entry().filter(|_| order.is_ge());
            let same = matches!((one, two), (Some(one), Some(two))
                if Rc::ptr_eq(one, two) || one.1 == two.1);
            if one.is_some() {
                ours.advance();
            }
            if two.is_some() {
                theirs.advance();
            }
            if let Some(entry) = one.or(two).filter(|_| !same) {
                found.push(&entry.0);
            }
        }
    }
}

/// A place between the entries of a map.
struct Cursor<'m, K, V> {
    chunks: &'m [Chunk<K, V>],
    at: usize,
}

impl<'m, K: Ord, V> Cursor<'m, K, V> {
    fn new(map: &'m SharedMap<K, V>) -> Self {
        Self {
            chunks: &map.chunks,
            at: 0,
        }
    }

    /// The chunk that begins here.
    fn whole(&self) -> Option<&'m Chunk<K, V>> {
        self.chunks.first().filter(|_| self.at == 0)
    }

    fn entry(&self) -> Option<&'m Entry<K, V>> {
        self.chunks.first()?.get(self.at)
    }

    fn skip(&mut self) {
        self.chunks = self.chunks.get(1..).unwrap_or_default();
        self.at = 0;
    }

    fn advance(&mut self) {
        self.at += 1;
        if self.entry().is_none() {
            self.skip();
        }
    }
}

impl<K: Ord, V: PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.differences(other).is_empty()
    }
}

impl<K: Ord, V: Eq> Eq for SharedMap<K, V> {}

impl<K: Ord, V> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A map and a plain one that went through the same changes.
    #[derive(Clone, Default)]
    struct Pair {
        shared: SharedMap<u64, u64>,
        plain: BTreeMap<u64, u64>,
    }

    const KEYS: u64 = 400;

    impl Pair {
        fn change(&mut self, random: &mut u64, count: usize) {
            for _ in 0..count {
                *random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let (key, value) = ((*random >> 33) % KEYS, (*random >> 53) % 3);
                if (*random >> 60).is_multiple_of(4) {
                    let removed = self.shared.remove(&key).map(|entry| entry.1);
                    assert_eq!(removed, self.plain.remove(&key));
                } else {
                    self.shared.insert(key, value);
                    self.plain.insert(key, value);
                }
            }
            assert_eq!(self.shared.len(), self.plain.len());
            assert!(self.shared.iter().eq(self.plain.iter()));
            assert!(self.shared.iter().rev().eq(self.plain.iter().rev()));
            for key in 0..KEYS {
                assert_eq!(self.shared.get(&key), self.plain.get(&key));
            }
        }
    }

    #[test]
    fn copies_are_maps_of_their_own_and_know_what_differs() {
        let mut random = 1;
        for count in [0, 1, 3, 70, 600, 2_000] {
            for changes in [0, 1, 40, 900] {
                let mut one = Pair::default();
                one.change(&mut random, count);
                let mut two = one.clone();
                assert!(one.shared.is_shared_with(&two.shared));
                one.change(&mut random, changes);
                two.change(&mut random, changes);
                one.change(&mut random, 0);
                let expected: Vec<u64> = (0..KEYS)
                    .filter(|key| one.plain.get(key) != two.plain.get(key))
                    .collect();
                let found = one.shared.differences(&two.shared);
                assert!(found.into_iter().eq(&expected));
                assert_eq!(one.shared == two.shared, one.plain == two.plain);
            }
        }
    }

    #[test]
    fn keys_in_order_fill_their_chunks() {
        let map: SharedMap<usize, ()> = (0..10 * CHUNK).map(|key| (key, ())).collect();
        assert_eq!(map.chunks.len(), 10);
        assert!(map.keys().copied().eq(0..10 * CHUNK));
    }
}
