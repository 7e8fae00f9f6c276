//! Progress of downloads: one line for each, and one for all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hsum::fetch::{DownloadPhase, DownloadProgress};
use hsum::internals::escape;

use crate::cli::args::shared::When;
use crate::cli::get::job::{Job, JobState, Stage, Target};
use crate::cli::progress::Drawing;
use crate::cli::progress::layout::{Row, RowState, Work, table};
use crate::cli::progress::meter::{Meter, time_left};

/// Starts to draw the progress of the jobs.
pub(super) fn start(when: When, jobs: &[Job]) -> Drawing {
    let start = Instant::now();
    let mut watched: Vec<Watched> = jobs.iter().map(Watched::new).collect();
    Drawing::start(
        when,
        || {},
        move |columns, rows| {
            let now = Instant::now();
            table(&visible(&mut watched, now, now.duration_since(start), rows), columns)
        },
    )
}

/// Starts to draw the line that is shown while connecting, before the downloads.
pub(super) fn start_connecting(when: When, host: &str) -> Drawing {
    let host = host.to_owned();
    Drawing::start(
        when,
        || {},
        move |columns, _| {
            let state = words(format!("connecting to {host}"));
            table(&[Row { name: String::new(), state }], columns)
        },
    )
}

/// A download, and the meter of its current attempt.
struct Watched {
    name: String,
    host: String,
    state: Arc<JobState>,
    progress: Arc<DownloadProgress>,
    meter: Meter,
    /// The offset at which the current attempt began.
    begun_at: Option<u64>,
}

impl Watched {
    fn new(job: &Job) -> Self {
        let host = job.request.url.host_str().unwrap_or("").to_owned();
        let name = match &job.target {
            Target::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Target::NamedByServer(_) | Target::Stdout => None,
        };
        let name = escape(name.as_ref().unwrap_or(&host).as_bytes(), &[]).into_owned();
        let (state, progress) = (Arc::clone(&job.state), Arc::clone(&job.progress));
        Self { name, host, state, progress, meter: Meter::default(), begun_at: None }
    }

    /// Returns the bytes, the total and the rate, without those of an earlier run.
    fn measure(&mut self, time: Duration) -> Work {
        let begun_at = Some(self.progress.begun_at());
        let (bytes, total) = (self.progress.bytes(), self.progress.total());
        match begun_at == self.begun_at {
            true => self.meter.update(time, bytes),
            false => self.meter.start_at(time, bytes),
        }
        self.begun_at = begun_at;
        let rest = total.unwrap_or(0).saturating_sub(bytes);
        let left = time_left(rest, self.meter.slow_rate()).filter(|_| total.is_some());
        Work { bytes, total, rate: self.meter.rate(), left }
    }

    fn row(&self, work: Work, now: Instant) -> Row {
        let state = match self.progress.phase() {
            DownloadPhase::Connecting => words(format!("connecting to {}", self.host)),
            DownloadPhase::Receiving => RowState::Work(work),
            DownloadPhase::Verifying => words("verifying".into()),
            DownloadPhase::Waiting { until, retry, retries } => {
                let seconds = until.saturating_duration_since(now).as_secs_f64().ceil();
                words(format!("waiting {seconds} s before retry {retry} of {retries}"))
            }
            _ => words(String::new()),
        };
        Row { name: self.name.clone(), state }
    }
}

fn words(words: String) -> RowState {
    RowState::Words(words)
}

/// Returns the rows of the downloads that are not finished, and of all if there are several.
fn visible(watched: &mut [Watched], now: Instant, time: Duration, rows: usize) -> Vec<Row> {
    let mut all = Work { total: Some(0), ..Work::default() };
    let (mut slow_rate, mut finished, mut shown) = (0.0, 0, Vec::new());
    for one in &mut *watched {
        let work = one.measure(time);
        all.bytes += work.bytes;
        all.total = all.total.zip(work.total).map(|(all, one)| all + one);
        match one.state.stage() {
            Stage::Waiting => {}
            Stage::Running => {
                all.rate += work.rate;
                slow_rate += one.meter.slow_rate();
                shown.push(one.row(work, now));
            }
            Stage::Finished => finished += 1,
        }
    }
    // The last row stays free: a newline in it would scroll.
    shown.truncate(rows.saturating_sub(2));
    if let (2.., Some(rest)) =
        (watched.len(), Some(all.total.unwrap_or(0).saturating_sub(all.bytes)))
    {
        all.left = time_left(rest, slow_rate).filter(|_| all.total.is_some());
        let name = format!("{finished} of {} files", watched.len());
        shown.push(Row { name, state: RowState::Work(all) });
    }
    shown
}
