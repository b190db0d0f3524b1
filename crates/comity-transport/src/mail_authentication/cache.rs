//! Answers of DNS that are kept for a while, so that a flood of mails is no flood of questions.
//!
//! In scope: a bounded map with times. Out of scope: asking.
//! Limits: [`ENTRIES_MAX`], [`LIFE_MIN`], [`LIFE_MAX`].

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mail_auth::ResolverCache;

/// Answers of one kind that are kept.
pub const ENTRIES_MAX: usize = 4_096;
/// An answer is kept for at least so long: the checks of one mail see one state.
pub const LIFE_MIN: Duration = Duration::from_mins(1);
/// And at most so long, whatever it says.
pub const LIFE_MAX: Duration = Duration::from_hours(1);

/// Answers of one kind.
pub(super) struct Cache<K, V>(Mutex<HashMap<K, (V, Instant)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K, V> Cache<K, V> {
    fn all(&self) -> MutexGuard<'_, HashMap<K, (V, Instant)>> {
        // A panic elsewhere leaves no half-made entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V: Clone> ResolverCache<K, V> for Cache<K, V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let all = self.all();
        let (value, end) = all.get(name)?;
        (*end > Instant::now()).then(|| value.clone())
    }

    fn remove<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.all().remove(name).map(|(value, _)| value)
    }

    fn insert(&self, key: K, value: V, valid_until: Instant) {
        let now = Instant::now();
        let end = valid_until.clamp(now + LIFE_MIN, now + LIFE_MAX);
        let mut all = self.all();
        if all.len() >= ENTRIES_MAX {
            all.retain(|_, (_, end)| *end > now);
        }
        if all.len() >= ENTRIES_MAX {
            // Somebody makes up names: what is asked for often comes back soon.
            all.clear();
        }
        all.insert(key, (value, end));
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, ENTRIES_MAX, ResolverCache};
    use std::time::Instant;

    #[test]
    fn it_keeps_and_stays_bounded() {
        let cache = Cache::<usize, usize>::default();
        for number in 0..=ENTRIES_MAX * 2 {
            cache.insert(number, number, Instant::now());
            assert_eq!(cache.get(&number), Some(number));
        }
        assert_eq!(cache.all().len(), 1);
        assert_eq!(cache.remove(&(ENTRIES_MAX * 2)), Some(ENTRIES_MAX * 2));
        assert_eq!(cache.get(&(ENTRIES_MAX * 2)), None);
    }
}
