//! The rate of a process, and the time that it has left.

use std::time::Duration;

/// Time constants in seconds: short for the shown rate, long to keep the time left steady.
const RATE: f64 = 4.0;
const LEFT: f64 = 20.0;

/// The longest time left that is shown.
const MAX_LEFT: Duration = Duration::from_secs(100 * 3600);

/// Measures the rate of a number that grows.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    time: Duration,
    bytes: u64,
    rate: Average,
    slow_rate: Average,
}

/// A moving average, weighted by time.
#[derive(Debug, Default)]
struct Average {
    sum: f64,
    /// The weight of all samples, which approaches 1.
    weight: f64,
}

impl Average {
    fn add(&mut self, sample: f64, seconds: f64, memory: f64) {
        let old = (-seconds / memory).exp();
        self.sum = self.sum * old + sample * (1.0 - old);
        self.weight = self.weight * old + (1.0 - old);
    }

    fn get(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }
}

impl Meter {
    /// Starts counting at `bytes`: those before do not belong to the rate.
    pub(crate) fn start_at(&mut self, time: Duration, bytes: u64) {
        (self.time, self.bytes) = (time, bytes);
    }

    /// Adds the state at `time`.
    pub(crate) fn update(&mut self, time: Duration, bytes: u64) {
        let seconds = time.saturating_sub(self.time).as_secs_f64();
        if seconds > 0.0 {
            let sample = bytes.saturating_sub(self.bytes) as f64 / seconds;
            self.rate.add(sample, seconds, RATE);
            self.slow_rate.add(sample, seconds, LEFT);
            self.start_at(time, bytes);
        }
    }

    /// Returns the bytes per second of the last seconds.
    pub(crate) fn rate(&self) -> f64 {
        self.rate.get()
    }

    /// Returns the bytes per second from which the time left follows.
    pub(crate) fn slow_rate(&self) -> f64 {
        self.slow_rate.get()
    }
}

/// Returns the time for `bytes` bytes at a rate, in whole seconds; `None` if it is too long to be
/// meaningful.
pub(crate) fn time_left(bytes: u64, rate: f64) -> Option<Duration> {
    let seconds = (bytes as f64 / rate).ceil();
    (seconds <= MAX_LEFT.as_secs_f64()).then(|| Duration::from_secs(seconds as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    #[test]
    fn a_steady_rate_is_exact_from_the_first_sample_on() {
        let mut meter = Meter::default();
        assert_eq!(meter.rate(), 0.0);
        for tick in 1..100 {
            meter.update(TICK * tick, 1000 * u64::from(tick));
            assert!((meter.rate() - 10_000.0).abs() < 0.1, "{meter:?}");
            assert!((meter.slow_rate() - 10_000.0).abs() < 0.1, "{meter:?}");
        }
    }

    #[test]
    fn bytes_before_the_start_do_not_count() {
        let mut meter = Meter::default();
        meter.start_at(TICK, 1 << 40);
        meter.update(TICK * 11, (1 << 40) + 500);
        assert_eq!(meter.rate(), 500.0);
        // A download that starts over.
        meter.update(TICK * 21, 0);
        assert!(meter.rate() < 500.0);
    }

    /// Simulates small files, which end in bursts.
    #[test]
    fn the_time_left_does_not_jump() {
        let mut meter = Meter::default();
        let (mut bytes, mut last) = (0, None);
        for tick in 1..600_u32 {
            bytes += if tick % 7 == 0 { 7_000_000 } else { 0 };
            meter.update(TICK * tick, bytes);
            let left = time_left(1_000_000_000 - bytes, meter.slow_rate());
            if let (Some(left), Some(last), 100..) = (left, last, tick) {
                let (left, last): (Duration, Duration) = (left, last);
                assert!(left.abs_diff(last) <= last / 10, "{tick}: {last:?}, {left:?}");
            }
            last = left;
        }
    }

    #[test]
    fn a_stall_shows_in_the_rate_and_ends_the_time_left() {
        let mut meter = Meter::default();
        meter.update(TICK, 1_000_000);
        for tick in 2..10_000 {
            meter.update(TICK * tick, 1_000_000);
        }
        assert!(meter.rate() < 1.0);
        assert_eq!(time_left(1_000_000, meter.slow_rate()), None);
        assert_eq!(time_left(1, 0.0), None);
        assert_eq!(time_left(0, 0.0), None);
        assert_eq!(time_left(1, 1000.0), Some(Duration::from_secs(1)));
    }
}
