//! How many large files are best hashed at once.

use crate::hasher::Hasher;
use crate::lanes;

/// The most files that a thread hashes at once.
pub(super) const MANY: usize = 64;

/// What it costs to hash several messages at once.
#[derive(Default)]
pub(super) struct Costs {
    /// Cycles for a block of each, by their number less one.
    steps: Vec<f64>,
    /// The fewest with which they are within a tenth of the best. The more there are, the smaller
    /// the pieces and the slower each file; of hashes without lanes more than one gains nothing.
    width: usize,
}

impl Costs {
    pub(super) fn of(hashers: &[Hasher]) -> Self {
        let steps = (1..=MANY).map(|count| {
            let step = |hasher: &Hasher| match lanes::chosen(hasher.algorithm(), count) {
                Some((_, lanes, cycles)) => f64::from(cycles) * count.div_ceil(lanes) as f64,
                None => WITHOUT_LANES * count as f64,
            };
            hashers.iter().map(step).sum::<f64>() + READ * count as f64
        });
        let steps: Vec<f64> = steps.collect();
        let each = |count: usize| steps[count - 1] / count as f64;
        let best = (1..=MANY).map(each).fold(f64::INFINITY, f64::min);
        let width = (1..=MANY).find(|count| each(*count) <= best * 1.1).unwrap_or(1);
        Self { steps, width }
    }

    /// How many to hash at once while the longest has `longest` bytes to go and all others that this
    /// thread has to expect `others`: as many as fill the lanes, unless so many lanes slow the
    /// longest down until everybody waits for it.
    pub(super) fn best(&self, longest: u64, others: u64) -> usize {
        let (longest, others) = (longest as f64, others as f64);
        let cheapest = self.steps[self.width - 1] / self.width as f64;
        // Until the longest is done, and then for what the others did not get done beside it.
        let time = |count: &usize| {
            let left = (others - (count - 1) as f64 * longest).max(0.0);
            longest * self.steps[count - 1] + left * cheapest
        };
        (1..=self.width).min_by(|a, b| time(a).total_cmp(&time(b))).unwrap_or(1)
    }
}

/// Cycles to read a block of 64 bytes out of the page cache: 8 GB/s at 3.6 GHz.
const READ: f64 = 30.0;
/// Cycles of a block where there are no lanes; that it is the same for each is all that counts.
const WITHOUT_LANES: f64 = 500.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    fn costs(steps: &[f64]) -> Costs {
        Costs { steps: steps.into(), width: steps.len() }
    }

    #[test]
    fn the_longest_is_slowed_down_only_by_as_many_as_can_end_with_it() {
        // Those of SHA-256 on the SHA instructions, up to four at once.
        let costs = costs(&[129.0, 138.0, 189.0, 247.0]);
        assert_eq!(costs.best(100, 0), 1);
        assert_eq!(costs.best(100, 100), 2);
        assert_eq!(costs.best(100, 300), 4);
        assert_eq!(costs.best(100, 10_000), 4);
        assert_eq!(costs.best(400, 600), 2);
        assert_eq!(costs.best(400, 100_000), 4);
    }

    #[test]
    fn every_algorithm_has_a_width() {
        for &algorithm in Algorithm::ALL {
            let width = Costs::of(&[Hasher::new(algorithm)]).width;
            assert!((1..=MANY).contains(&width), "{algorithm}: {width}");
        }
        assert_eq!(Costs::of(&[Hasher::new(Algorithm::Blake3)]).width, 1);
    }
}
