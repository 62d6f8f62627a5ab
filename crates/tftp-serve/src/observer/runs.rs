//! Reports transferred data to the application.

use std::ops::Range;
use std::sync::Arc;

use tftp_files::{Portion, Store};
use tftp_machine::Transfer;

use super::Observer;
use crate::connections::{Body, Cargo};
use crate::inline::{DataRun, EngineEvent};

impl Observer {
    /// Reports bytes of a download that its client has acknowledged. `transfer` has the negotiated options.
    pub(crate) fn downloaded<S: Store>(
        &self,
        cargo: &Cargo<S>,
        transfer: Option<&Transfer>,
        bytes: Range<u64>,
    ) {
        let Some((transfer, agreed)) = transfer.and_then(|it| Some((it, it.agreed()?))) else {
            return;
        };
        let Body::Feed(feed) = &cargo.body else { return };
        let (block, is_last) = (u32::from(agreed.blksize), transfer.is_complete());
        let mut slices = Vec::new();
        feed.slices(bytes.clone(), |data, range| slices.push((data.clone(), range)));
        let run = DataRun {
            id: cargo.connection.id,
            before: bytes.start,
            length: bytes.end - bytes.start,
            block,
            slices,
            total: feed.stream_size(),
            is_last,
            is_only_copy: false,
            empty_block: is_last && bytes.end.is_multiple_of(u64::from(block)),
        };
        if run.length > 0 || run.empty_block {
            self.moved(cargo, run);
        }
    }

    /// Reports a received portion of an upload.
    pub(crate) fn uploaded<S: Store>(&self, cargo: &Cargo<S>, transfer: Option<&Transfer>, portion: Portion) {
        let Some(agreed) = transfer.and_then(Transfer::agreed) else {
            return;
        };
        let Body::Intake(intake) = &cargo.body else { return };
        let Portion {
            before,
            bytes,
            is_last,
        } = portion;
        let blksize = u32::from(agreed.blksize);
        let translated = intake.is_translated();
        let run = DataRun {
            id: cargo.connection.id,
            before,
            length: bytes.len() as u64,
            // Translated text has lost its block boundaries: the data of one batch is one event.
            block: if translated { u32::MAX } else { blksize },
            slices: vec![(Arc::clone(&bytes), 0..bytes.len())],
            total: agreed.tsize.filter(|_| !translated),
            is_last,
            is_only_copy: intake.is_only_for_application(),
            empty_block: is_last
                && (bytes.is_empty() || (!translated && bytes.len().is_multiple_of(blksize as usize))),
        };
        self.moved(cargo, run);
    }

    fn moved<S: Store>(&self, cargo: &Cargo<S>, run: DataRun) {
        cargo.add_to_flow(run.weight());
        self.tell(EngineEvent::Data(run));
    }
}
