//! An iterator over the outcomes of a run.

use std::ops::ControlFlow;
use std::panic;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, bounded};

use crate::engine::options::{HashOptions, Source};
use crate::engine::outcome::{HashSummary, Outcome};
use crate::engine::run::run;

/// The number of outcomes that may wait for the consumer.
const BUFFERED: usize = 1024;

/// An iterator over outcomes; see [`outcomes`]. Dropping it stops the run.
#[derive(Debug)]
pub struct Outcomes {
    receiver: Receiver<Outcome>,
    run: Option<JoinHandle<HashSummary>>,
}

/// Hashes `sources` in the background; returns the outcomes in the order of [`run`].
///
/// ```
/// use hsum::{Algorithm, engine};
///
/// let options = engine::HashOptions::new([Algorithm::Sha256]);
/// for outcome in engine::outcomes(&options, ["src"]).take(3) {
///     match outcome.result {
///         Ok(file) => println!("{}  {}", file.digests[0], outcome.source.name().display()),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// ```
pub fn outcomes<S: Into<Source>>(
    options: &HashOptions,
    sources: impl IntoIterator<Item = S, IntoIter: Send + 'static>,
) -> Outcomes {
    let (options, sources) = (options.clone(), sources.into_iter());
    let (sender, receiver) = bounded(BUFFERED);
    let run = thread::spawn(move || {
        run(&options, sources, |outcome| match sender.send(outcome) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    });
    Outcomes { receiver, run: Some(run) }
}

impl Iterator for Outcomes {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        let outcome = self.receiver.recv().ok();
        if outcome.is_none()
            && let Some(Err(payload)) = self.run.take().map(JoinHandle::join)
        {
            panic::resume_unwind(payload);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::progress::HashProgress;
    use crate::error::ErrorKind;
    use std::fs;
    use std::io::ErrorKind::Interrupted;
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[test]
    fn outcomes_match_those_of_run() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..10 {
            fs::write(directory.path().join(number.to_string()), [number; 100]).unwrap();
        }
        let options = HashOptions::new([Algorithm::Md5]);
        let mut expected = Vec::new();
        run(&options, [directory.path()], |outcome| {
            expected.push((outcome.source, outcome.result.unwrap()));
            ControlFlow::Continue(())
        });
        let outcomes = outcomes(&options, [directory.path().to_owned()]);
        let outcomes = outcomes.map(|outcome| (outcome.source, outcome.result.unwrap()));
        assert_eq!(outcomes.collect::<Vec<_>>(), expected);
        assert_eq!(expected.len(), 10);
    }

    #[test]
    fn dropping_the_iterator_stops_the_run() {
        let issued = Arc::new(AtomicU64::new(0));
        let endless = {
            let issued = Arc::clone(&issued);
            std::iter::repeat_with(move || {
                issued.fetch_add(1, Relaxed);
                PathBuf::from("/dev/null")
            })
        };
        let mut outcomes = outcomes(&HashOptions::new([Algorithm::Md5]), endless);
        assert!(outcomes.next().is_some());
        let run = outcomes.run.take().unwrap();
        drop(outcomes);
        assert!(run.join().unwrap().hashed >= 1);
        assert!(issued.load(Relaxed) > 0);
    }

    #[test]
    fn a_stopped_run_reads_no_large_file_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sparse");
        fs::File::create(&path).unwrap().set_len(4 << 30).unwrap();
        for count in 1..4 {
            let progress = Arc::new(HashProgress::default());
            let options = HashOptions::new([Algorithm::Md5]).progress(Arc::clone(&progress));
            let outcomes = outcomes(&options, vec![path.clone(); count]);
            while progress.bytes() == 0 {
                std::thread::yield_now();
            }
            progress.stop();
            for outcome in outcomes {
                let error = outcome.result.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Io(e) if e.kind() == Interrupted));
            }
        }
    }

    #[test]
    fn a_panic_of_the_sources_reaches_the_consumer() {
        let sources = (0..100).map(|number| {
            assert!(number < 50, "planted");
            PathBuf::from("/dev/null")
        });
        let outcomes = outcomes(&HashOptions::new([Algorithm::Md5]), sources);
        assert!(panic::catch_unwind(panic::AssertUnwindSafe(|| outcomes.count())).is_err());
    }
}
