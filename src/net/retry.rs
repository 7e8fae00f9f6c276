//! Retries: exponential pauses with jitter, or the pause that the server asks for.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::net::deadline::until;
use crate::net::failure::Retry;
use crate::net::headers::HeaderFields;

/// The number of retries, and the pauses before them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// The maximum number of retries.
    pub count: u32,
    /// The approximate first pause; each later one is twice as long.
    pub first_pause: Duration,
    /// The longest pause; if a server asks for a longer one, there is no retry.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let (first_pause, longest_pause) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { count: 4, first_pause, longest_pause }
    }
}

impl RetryPolicy {
    /// No retries.
    pub const NONE: Self =
        Self { count: 0, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };

    /// Returns a fresh budget for one task.
    pub fn start(self) -> RetryBudget {
        RetryBudget { policy: self, used: 0, deadline: None, observer: None }
    }
}

/// The retries that remain for one task.
#[derive(Clone)]
pub struct RetryBudget {
    policy: RetryPolicy,
    used: u32,
    deadline: Option<Instant>,
    observer: Option<Arc<PauseObserver>>,
}

/// A pause before a retry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pause {
    /// The end of the pause.
    pub until: Instant,
    /// The number of the retry that follows.
    pub retry: u32,
    /// The maximum number of retries.
    pub retries: u32,
}

/// A function that is called at the beginning of a pause, and with `None` at its end.
pub type PauseObserver = dyn Fn(Option<Pause>) + Send + Sync;

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, used, deadline, observer: _ } = self;
        f.debug_struct("RetryBudget")
            .field("policy", policy)
            .field("used", used)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

impl RetryBudget {
    /// Prevents retries after the deadline.
    pub(super) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets a function that is told of each pause.
    pub fn observed_by(mut self, observer: Arc<PauseObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sleeps until the next retry is due. Returns `false` at once if there is none.
    #[must_use]
    pub fn wait(&mut self, retry: Retry) -> bool {
        match self.pause(retry, jitter()) {
            // The deadline would pass before the retry.
            Some(pause) if until(self.deadline, pause) < pause => false,
            Some(pause) => {
                let observe = |pause| self.observer.iter().for_each(|observer| observer(pause));
                let (retry, retries) = (self.used, self.policy.count);
                observe(Some(Pause { until: Instant::now() + pause, retry, retries }));
                std::thread::sleep(pause);
                observe(None);
                true
            }
            None => false,
        }
    }

    /// Returns the next pause, for a `jitter` of 0 to 1.
    fn pause(&mut self, retry: Retry, jitter: f64) -> Option<Duration> {
        let RetryPolicy { count, first_pause, longest_pause } = self.policy;
        if self.used >= count {
            return None;
        }
        let pause = match retry {
            Retry::Never => return None,
            Retry::After(pause) if pause > longest_pause => return None,
            Retry::After(pause) => pause,
            Retry::Later => {
                let full = first_pause.saturating_mul(1 << self.used.min(16)).min(longest_pause);
                full.mul_f64(0.5 + jitter / 2.0)
            }
        };
        self.used += 1;
        Some(pause)
    }
}

/// Returns a random number from 0 to 1, derived from the random keys of [`RandomState`].
fn jitter() -> f64 {
    let drawn = RandomState::new().hash_one(0);
    (drawn >> 11) as f64 / (1u64 << 53) as f64
}

pub(super) fn after_response(status: u16, headers: &HeaderFields) -> Retry {
    match status {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => match retry_after(headers, SystemTime::now()) {
            Some(pause) => Retry::After(pause),
            None => Retry::Later,
        },
        _ => Retry::Never,
    }
}

/// Returns the pause in `Retry-After`, which is in seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderFields, now: SystemTime) -> Option<Duration> {
    let value = headers.value("Retry-After")?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let seconds = Duration::from_secs;
        let retries = RetryPolicy { count: 4, first_pause: seconds(1), longest_pause: seconds(3) };
        let mut budget = retries.start();
        let pauses: Vec<_> =
            std::iter::from_fn(|| budget.pause(Retry::Later, 1.0)).map(|p| p.as_secs()).collect();
        assert_eq!(pauses, [1, 2, 3, 3]);
        assert_eq!(retries.start().pause(Retry::Later, 0.0), Some(Duration::from_millis(500)));
        assert_eq!(retries.start().pause(Retry::Never, 0.0), None);
    }

    #[test]
    fn the_server_sets_the_pause_up_to_the_longest() {
        let mut budget = RetryPolicy::default().start();
        assert_eq!(budget.pause(Retry::After(Duration::ZERO), 1.0), Some(Duration::ZERO));
        assert_eq!(budget.pause(Retry::After(Duration::from_secs(61)), 1.0), None);
    }

    #[test]
    fn no_pause_outlasts_the_deadline() {
        let in_a_while = Instant::now() + Duration::from_secs(3600);
        let mut budget = RetryPolicy::default().start().until(Some(in_a_while));
        assert!(budget.wait(Retry::After(Duration::ZERO)));
        let mut budget = RetryPolicy::default().start().until(Some(Instant::now()));
        assert!(!budget.wait(Retry::After(Duration::from_secs(60))));
        assert!(!budget.wait(Retry::Later));
    }

    #[test]
    fn the_observer_sees_both_ends_of_a_pause() {
        let seen: Arc<std::sync::Mutex<Vec<_>>> = Arc::default();
        let log = Arc::clone(&seen);
        let retries = RetryPolicy { count: 2, ..RetryPolicy::default() };
        let mut budget = retries.start().observed_by(Arc::new(move |pause| {
            log.lock().unwrap().push(pause.map(|pause| (pause.retry, pause.retries)));
        }));
        assert!(budget.wait(Retry::After(Duration::ZERO)));
        assert!(budget.wait(Retry::After(Duration::ZERO)));
        assert!(!budget.wait(Retry::After(Duration::ZERO)));
        assert_eq!(*seen.lock().unwrap(), [Some((1, 2)), None, Some((2, 2)), None]);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 7);
        let after = |value: &str| {
            let mut headers = HeaderFields::new();
            headers.set("retry-after", value).unwrap();
            retry_after(&headers, now)
        };
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(after("Sat, 06 Nov 1993 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
    }
}
