//! Sources of downloads that share a key. Each download brings one, and each call goes to the
//! source that has read up to the call's offset, whichever download brought it: a source goes on
//! for the others when its download has ended.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tftp_sync::Mutex;

use super::data_queue::Shared;
use super::quiet::drop_quietly;
use super::source::{AsyncSource, Source};

/// The shared sources of one server that are in no call, by key, size and type.
#[derive(Default)]
pub(super) struct SharedSources(Mutex<BTreeMap<(Shared, TypeId), Group>>);

/// The downloads of one key, and their sources.
#[derive(Default)]
struct Group {
    downloads: usize,
    last_download: u64,
    /// The sources, the last used one at the end.
    idle: Vec<Idle>,
}

struct Idle {
    source: Box<dyn Any + Send>,
    position: Position,
    /// The download that brought it.
    download: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// It has read nothing.
    Fresh,
    At(u64),
    End,
}

/// The source of one download of a key, as which it calls any of those that share the key.
pub(super) struct Member<S: Send + 'static> {
    sources: Arc<SharedSources>,
    key: (Shared, TypeId),
    download: u64,
    made: std::marker::PhantomData<fn() -> S>,
}

impl Group {
    /// Takes the source that a call at `offset` goes to. Several calls may run at once, each of
    /// another download, and each finds one, because every download has brought one.
    fn take(&mut self, offset: u64, download: u64) -> Option<Idle> {
        let rank = |idle: &Idle| match idle.position {
            Position::At(at) if at == offset => 0,
            Position::Fresh if idle.download == download => 1,
            Position::Fresh => 2,
            Position::End => 3,
            // Probably of a pass that no download reads any more.
            Position::At(_) => 4,
        };
        let place = (0..self.idle.len()).min_by_key(|place| rank(&self.idle[*place]))?;
        Some(self.idle.remove(place))
    }

    /// Removes the sources that no download needs, the least useful ones first.
    fn remove_needless(&mut self) -> Vec<Idle> {
        let needless = self.idle.len().saturating_sub(self.downloads);
        let rank = |idle: &Idle| match idle.position {
            Position::End => 0,
            Position::Fresh => 1,
            Position::At(_) => 2,
        };
        let least = |idle: &Vec<Idle>| (0..idle.len()).min_by_key(|place| rank(&idle[*place]));
        (0..needless)
            .filter_map(|_| Some(self.idle.remove(least(&self.idle)?)))
            .collect()
    }
}

impl SharedSources {
    /// Adds the source of a download.
    pub(super) fn join<S: Send + 'static>(
        self: &Arc<Self>,
        shared: Shared,
        source: S,
    ) -> Member<S> {
        let key = (shared, TypeId::of::<S>());
        let mut groups = self.0.lock();
        let group = groups.entry(key.clone()).or_default();
        group.downloads += 1;
        group.last_download += 1;
        let download = group.last_download;
        group.idle.push(Idle {
            source: Box::new(source),
            position: Position::Fresh,
            download,
        });
        Member {
            sources: Arc::clone(self),
            key,
            download,
            made: std::marker::PhantomData,
        }
    }
}

impl<S: Send + 'static> Member<S> {
    fn take(&self, offset: u64) -> io::Result<(Box<S>, u64)> {
        let mut groups = self.sources.0.lock();
        let group = groups.get_mut(&self.key);
        let idle = group.and_then(|group| group.take(offset, self.download));
        let found = idle.and_then(|idle| Some((idle.source.downcast().ok()?, idle.download)));
        found.ok_or_else(|| io::Error::other("no source of this key is left"))
    }

    /// Gives a source back after a call at `offset`. A source that has failed is dropped instead.
    fn give_back(&self, (source, download): (Box<S>, u64), offset: u64, read: &io::Result<usize>) {
        let size = self.key.0.1;
        let position = match read {
            Ok(0) => Position::End,
            Ok(count) if Some(offset + *count as u64) == size => Position::End,
            Ok(count) => Position::At(offset + *count as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Position::At(offset),
            Err(_) => return drop_quietly(source),
        };
        let needless = self.sources.0.lock().get_mut(&self.key).map(|group| {
            group.idle.push(Idle {
                source,
                position,
                download,
            });
            group.remove_needless()
        });
        // Without the lock, because this runs code of the application.
        needless.into_iter().flatten().for_each(drop_quietly);
    }
}

impl<S: Send + 'static> Drop for Member<S> {
    /// Drops the sources that are needless without this download; all of them with the last one.
    fn drop(&mut self) {
        let mut groups = self.sources.0.lock();
        let needless = groups.get_mut(&self.key).map(|group| {
            group.downloads -= 1;
            group.remove_needless()
        });
        if groups.get(&self.key).is_some_and(|group| group.downloads == 0) {
            groups.remove(&self.key);
        }
        drop(groups);
        // Without the lock, because this runs code of the application.
        needless.into_iter().flatten().for_each(drop_quietly);
    }
}

impl Source for Member<Box<dyn Source>> {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut taken = self.take(offset)?;
        let read = taken.0.read_at(offset, buffer);
        self.give_back(taken, offset, &read);
        read
    }
}

impl<S: AsyncSource> AsyncSource for Member<S> {
    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut taken = self.take(offset)?;
        let read = taken.0.read_at(offset, buffer).await;
        self.give_back(taken, offset, &read);
        read
    }
}
