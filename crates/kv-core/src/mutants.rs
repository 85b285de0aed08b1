//! Bugs that really happened to somebody, to be switched on by tests: whoever trusts the checkers
//! wants to see each of them caught.
//!
//! They are in debug builds only, and not for WebAssembly: in a release build, and in the page,
//! [`Mutant::is_on`] is `false` when it is compiled, and nothing is left of them. Which one is on is a
//! matter of the thread, so that tests do not disturb each other. It is not part of any state.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mutant {
    /// A watch from an old revision on begins one revision late.
    WatchResumesLate,
    /// A client that goes on watching at another server begins where it began the first time.
    WatchStartsOver,
    /// The events of one revision come in answers of their own.
    WatchTearsRevisions,
    /// A watch that compaction has overtaken goes on without a word.
    WatchSkipsCompacted,
    /// Progress is reported of a revision that is still to come.
    WatchPromisesTooMuch,
    /// `prev_kv` is the pair as it is, not as it was.
    WrongPrevKv,
    /// A deletion of nothing takes a revision.
    EmptyDeleteCounts,
    /// Each operation of a transaction takes a revision.
    TxnTakesRevisions,
    /// A read in a transaction does not see what was written before it.
    TxnReadsOldState,
    /// Whatever is compared, it holds.
    ComparesAlwaysHold,
    /// Compaction takes what is visible at its revision.
    CompactsVisible,
    /// A store that is read from a snapshot is one revision behind.
    RevisionGoesBack,
    /// A proposal that came twice is applied twice.
    AppliesTwice,
    /// Each key of a lease that ends takes a revision.
    LeaseEndsPiecemeal,
    /// A put without a lease leaves the key on the one that it hung on.
    PutKeepsLease,
    /// Every server keeps time, and revokes leases by what it knows.
    EverybodyRevokes,
    /// A new leader gives no lease its time again.
    NewLeaderKeepsNoTime,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 17] = [
        Mutant::WatchResumesLate,
        Mutant::WatchStartsOver,
        Mutant::WatchTearsRevisions,
        Mutant::WatchSkipsCompacted,
        Mutant::WatchPromisesTooMuch,
        Mutant::WrongPrevKv,
        Mutant::EmptyDeleteCounts,
        Mutant::TxnTakesRevisions,
        Mutant::TxnReadsOldState,
        Mutant::ComparesAlwaysHold,
        Mutant::CompactsVisible,
        Mutant::RevisionGoesBack,
        Mutant::AppliesTwice,
        Mutant::LeaseEndsPiecemeal,
        Mutant::PutKeepsLease,
        Mutant::EverybodyRevokes,
        Mutant::NewLeaderKeepsNoTime,
    ];
}

#[cfg(all(debug_assertions, not(target_arch = "wasm32")))]
mod switch {
    use std::cell::Cell;

    use super::Mutant;

    thread_local! {
        static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    impl Mutant {
        /// Whether it is on in this thread.
        pub fn is_on(self) -> bool {
            ON.get() == Some(self)
        }

        /// Does something with the bug in place, in this thread.
        pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
            let _off = Off;
            ON.set(Some(self));
            work()
        }
    }

    /// Switches it off again, after a panic too.
    struct Off;

    impl Drop for Off {
        fn drop(&mut self) {
            ON.set(None);
        }
    }
}

#[cfg(not(all(debug_assertions, not(target_arch = "wasm32"))))]
impl Mutant {
    /// Never.
    #[inline(always)]
    pub const fn is_on(self) -> bool {
        false
    }
}
