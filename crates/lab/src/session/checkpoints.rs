//! Live states to replay from: dense behind the newest event, sparse further back.

use super::live::Live;
use crate::few::Few;

/// Events between two checkpoints: a seek replays at most about so many.
pub(super) const EVERY: u64 = 2_000;
/// Checkpoints further back than so many events are thinned out: a long run must not fill the memory.
pub(super) const DENSE: u64 = 100_000;
/// Events between two checkpoints further back.
pub(super) const EVERY_SPARSE: u64 = 4 * EVERY;

/// The checkpoints of a timeline, by their events. There is always one at event 0.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints(Few<u64, Live>);

impl Checkpoints {
    /// The only one that a new timeline has.
    pub(super) fn of(start: &Live) -> Checkpoints {
        let mut checkpoints = Few::new();
        checkpoints.insert(0, start.clone());
        Checkpoints(checkpoints)
    }

    /// The last one that is not after an event.
    pub(super) fn nearest(&self, event: u64) -> Option<&(u64, Live)> {
        self.0.at_or_before(&event)
    }

    /// Keeps this state, whatever is near.
    pub(super) fn keep(&mut self, live: &Live) {
        self.0.insert(live.cluster.seq().0, live.clone());
    }

    /// Keeps this state of a timeline that reaches to event `end`, unless one is near that was kept
    /// when this was first lived through. To be called after every event.
    pub(super) fn keep_if_due(&mut self, live: &mut Live, end: u64) {
        let seq = live.cluster.seq().0;
        if seq < live.checkpoint + EVERY {
            return;
        }
        let newest = self.nearest(seq).map_or(0, |(at, _)| *at);
        live.checkpoint = newest;
        // Where they were thinned out they stay so, however often it is lived through again.
        let gap = if seq < end.saturating_sub(DENSE) { EVERY_SPARSE } else { EVERY };
        if seq >= newest + gap {
            live.checkpoint = seq;
            self.keep(live);
            self.thin_out(seq.saturating_sub(DENSE));
        }
    }

    /// Forgets the last checkpoint before `event`, if those on both sides of it are close enough.
    /// Called for each new one, it has soon seen every old one.
    fn thin_out(&mut self, event: u64) {
        let before = |event: u64| self.nearest(event.checked_sub(1)?);
        let Some((at, _)) = before(event) else { return };
        let Some((previous, _)) = before(*at) else { return };
        let next = self.0.iter().find(|(next, _)| *next >= event);
        let is_close = next.is_some_and(|(next, _)| next - previous <= EVERY_SPARSE);
        if is_close {
            let at = *at;
            self.0.remove(&at);
        }
    }

    /// The future behind an event is not going to be.
    pub(super) fn forget_after(&mut self, event: u64) {
        self.0.forget_after(&event);
    }

    /// Keeps those of a timeline that are also of another, which has the first `lines` lines in
    /// common with it, and all events up to `end`.
    pub(super) fn keep_common(&mut self, lines: usize, end: u64) {
        self.0.forget_after(&end);
        while let Some((at, _)) = self.nearest(end).filter(|(_, live)| live.cursor > lines) {
            let at = *at;
            self.0.remove(&at);
        }
    }

    #[cfg(test)]
    pub(super) fn events(&self) -> Vec<u64> {
        self.0.iter().map(|(at, _)| *at).collect()
    }
}
