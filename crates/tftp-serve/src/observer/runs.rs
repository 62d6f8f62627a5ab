//! Reports transferred data to the application.

use std::ops::Range;
use std::sync::Arc;

use tftp_files::{Portion, Store};
use tftp_machine::Transfer;

use super::Observer;
use crate::connections::{Body, ConnectionState};
use crate::inline::{DataRun, EngineEvent};

impl Observer {
    /// Reports bytes of a download that its client has acknowledged. `transfer` has the negotiated
    /// options.
    pub(crate) fn downloaded<S: Store>(
        &self,
        state: &ConnectionState<S>,
        transfer: Option<&Transfer>,
        bytes: Range<u64>,
    ) {
        let Some((transfer, negotiated)) = transfer.and_then(|it| Some((it, it.negotiated()?)))
        else {
            return;
        };
        let Body::Download(download) = &state.body else {
            return;
        };
        let (block, is_last) = (u32::from(negotiated.blksize), transfer.is_complete());
        let mut slices = Vec::new();
        let mut held = 0;
        download.slices(bytes.clone(), |data, range| {
            held += range.len() as u64;
            slices.push((data.clone(), range));
        });
        if held < bytes.end - bytes.start {
            // Given up before the application wanted data: it does not get this run.
            return;
        }
        let run = DataRun {
            id: state.connection.id,
            before: bytes.start,
            length: bytes.end - bytes.start,
            block,
            slices,
            total: download.stream_size(),
            is_last,
            is_only_copy: false,
            empty_block: is_last && bytes.end.is_multiple_of(u64::from(block)),
        };
        if run.length > 0 || run.empty_block {
            self.moved(state, run);
        }
    }

    /// Reports a received portion of an upload.
    pub(crate) fn uploaded<S: Store>(
        &self,
        state: &ConnectionState<S>,
        transfer: Option<&Transfer>,
        portion: Portion,
    ) {
        let Some(negotiated) = transfer.and_then(Transfer::negotiated) else {
            return;
        };
        let Body::Upload(upload) = &state.body else { return };
        let Portion {
            before,
            bytes,
            is_last,
        } = portion;
        let blksize = u32::from(negotiated.blksize);
        let translated = upload.is_translated();
        let run = DataRun {
            id: state.connection.id,
            before,
            length: bytes.len() as u64,
            // Translated text has lost its block boundaries: the data of one batch is one event.
            block: if translated { u32::MAX } else { blksize },
            slices: vec![(Arc::clone(&bytes), 0..bytes.len())],
            total: negotiated.tsize.filter(|_| !translated),
            is_last,
            is_only_copy: upload.is_only_for_application(),
            empty_block: is_last
                && (bytes.is_empty()
                    || (!translated && bytes.len().is_multiple_of(blksize as usize))),
        };
        self.moved(state, run);
    }

    fn moved<S: Store>(&self, state: &ConnectionState<S>, run: DataRun) {
        state.add_to_flow(run.weight());
        self.report(EngineEvent::Data(run));
    }
}
