//! When to try again: exponential pauses with jitter, and what the server asks for.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use crate::net::deadline::until;
use crate::net::failure::Again;
use crate::net::headers::HeaderFields;

/// How often, and after which pauses, something is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retries {
    /// Further tries after the first.
    pub count: u32,
    /// About the first pause; each further one is twice as long.
    pub first_pause: Duration,
    /// The longest pause; a server that asks for more is not waited for.
    pub longest_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        let (first_pause, longest_pause) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { count: 4, first_pause, longest_pause }
    }
}

impl Retries {
    /// None at all.
    pub const NONE: Self =
        Self { count: 0, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };

    /// A count of its own, for one piece of work.
    pub fn start(self) -> Patience {
        Patience { retries: self, used: 0, deadline: None }
    }
}

/// What is left of the tries for one piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    retries: Retries,
    used: u32,
    deadline: Option<Instant>,
}

impl Patience {
    /// No try begins after that.
    pub(super) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Waits as long as it should be before the next try; `false`, at once, if there is none.
    #[must_use]
    pub fn wait(&mut self, again: Again) -> bool {
        match self.pause(again, jitter()) {
            // There would be no time left for it.
            Some(pause) if until(self.deadline, pause) < pause => false,
            Some(pause) => {
                std::thread::sleep(pause);
                true
            }
            None => false,
        }
    }

    /// The next pause, for a `jitter` of 0 to 1.
    fn pause(&mut self, again: Again, jitter: f64) -> Option<Duration> {
        let Retries { count, first_pause, longest_pause } = self.retries;
        if self.used >= count {
            return None;
        }
        let pause = match again {
            Again::Never => return None,
            Again::After(asked) if asked > longest_pause => return None,
            Again::After(asked) => asked,
            Again::Later => {
                let full = first_pause.saturating_mul(1 << self.used.min(16)).min(longest_pause);
                full.mul_f64(0.5 + jitter / 2.0)
            }
        };
        self.used += 1;
        Some(pause)
    }
}

/// Unlike in each process and at each call, from the keys that std draws for its tables.
fn jitter() -> f64 {
    let drawn = RandomState::new().hash_one(0);
    (drawn >> 11) as f64 / (1u64 << 53) as f64
}

/// Whether a status may be another one later.
pub(super) fn of_status(status: u16, headers: &HeaderFields) -> Again {
    match status {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => match retry_after(headers, SystemTime::now()) {
            Some(asked) => Again::After(asked),
            None => Again::Later,
        },
        _ => Again::Never,
    }
}

/// RFC 9110, section 10.2.3: seconds or a date.
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
    fn pauses_double_up_to_the_longest_and_end() {
        let seconds = Duration::from_secs;
        let retries = Retries { count: 4, first_pause: seconds(1), longest_pause: seconds(3) };
        let mut patience = retries.start();
        let pauses: Vec<_> =
            std::iter::from_fn(|| patience.pause(Again::Later, 1.0)).map(|p| p.as_secs()).collect();
        assert_eq!(pauses, [1, 2, 3, 3]);
        assert_eq!(retries.start().pause(Again::Later, 0.0), Some(Duration::from_millis(500)));
        assert_eq!(retries.start().pause(Again::Never, 0.0), None);
    }

    #[test]
    fn the_server_s_pause_counts_unless_it_is_too_long() {
        let mut patience = Retries::default().start();
        assert_eq!(patience.pause(Again::After(Duration::ZERO), 1.0), Some(Duration::ZERO));
        assert_eq!(patience.pause(Again::After(Duration::from_secs(61)), 1.0), None);
    }

    #[test]
    fn a_pause_that_outlasts_the_deadline_is_not_begun() {
        let in_a_while = Instant::now() + Duration::from_secs(3600);
        let mut patience = Retries::default().start().until(Some(in_a_while));
        assert!(patience.wait(Again::After(Duration::ZERO)));
        let mut patience = Retries::default().start().until(Some(Instant::now()));
        assert!(!patience.wait(Again::After(Duration::from_secs(60))));
        assert!(!patience.wait(Again::Later));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 7);
        let after = |value: &str| {
            let mut headers = HeaderFields::new();
            headers.set("retry-after", value);
            retry_after(&headers, now)
        };
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(after("Sat, 06 Nov 1993 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
    }
}
