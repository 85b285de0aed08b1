//! What `cargo xtask bench` measures of simulator and session: the same code natively and, built
//! with the page's own profile and flags, in WebAssembly.
//!
//! A [`Host`] is where it runs: it has a clock, knows how much memory is used, and takes figures,
//! each a name and a number. `simulator` measures events a second, `seek` time travel,
//! `elections` those of lesson 4, `memory` what an hour costs and what a checkpoint does, `load` is
//! what clients and faults do meanwhile.
//! Tables, floors and targets are not here but in `xtask/src/bench.rs`.
//!
//! Natively: `cargo run --profile bench -p bench -- simulator` prints lines `name TAB value`.

mod elections;
mod load;
mod memory;
mod seek;
mod simulator;

/// Where it runs.
trait Host {
    /// Seconds since some moment.
    fn seconds(&self) -> f64;

    /// Bytes of memory that the program holds; none where that cannot be told.
    fn bytes(&self) -> Option<f64>;

    /// Takes a figure.
    fn say(&self, name: &str, value: f64);
}

/// Measures what a word stands for. False if there is no such word.
fn measure(what: &str, host: &dyn Host) -> bool {
    match what {
        "simulator" => simulator::measure(host),
        "seek" => seek::measure(host),
        "elections" => elections::measure(host),
        "hour" => memory::hour(host),
        "checkpoint" => memory::checkpoints(host),
        _ => return false,
    }
    true
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    let host = native::Native::default();
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_none() || !words.all(|what| measure(&what, &host)) {
        eprintln!("usage: bench simulator|seek|elections|hour|checkpoint …");
        return std::process::ExitCode::from(2);
    }
    std::process::ExitCode::SUCCESS
}

/// JavaScript calls [`in_javascript::measure`] instead.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::time::Instant;

    use crate::Host;

    /// This process.
    pub(crate) struct Native {
        start: Instant,
    }

    impl Default for Native {
        fn default() -> Native {
            Native { start: Instant::now() }
        }
    }

    impl Host for Native {
        fn seconds(&self) -> f64 {
            self.start.elapsed().as_secs_f64()
        }

        /// What of the process is in memory, where Linux tells.
        fn bytes(&self) -> Option<f64> {
            let status = std::fs::read_to_string("/proc/self/status").ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes * 1024.0)
        }

        fn say(&self, name: &str, value: f64) {
            println!("{name}\t{value}");
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod in_javascript {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// An object with these three methods: see `bench/host.mjs`.
        pub(crate) type JavaScript;

        #[wasm_bindgen(method)]
        fn seconds(this: &JavaScript) -> f64;

        #[wasm_bindgen(method)]
        fn bytes(this: &JavaScript) -> f64;

        #[wasm_bindgen(method)]
        fn say(this: &JavaScript, name: &str, value: f64);
    }

    impl crate::Host for JavaScript {
        fn seconds(&self) -> f64 {
            self.seconds()
        }

        fn bytes(&self) -> Option<f64> {
            Some(self.bytes())
        }

        fn say(&self, name: &str, value: f64) {
            self.say(name, value);
        }
    }

    /// What JavaScript calls. False if there is nothing of that name.
    #[allow(unreachable_pub, reason = "JavaScript is who reaches it")]
    #[wasm_bindgen]
    pub fn measure(what: &str, host: &JavaScript) -> bool {
        crate::measure(what, host)
    }
}
