//! The limits of time of a connection.

use std::time::{Duration, Instant};

use crate::server::connections::meter::{Reading, Stage};
use crate::server::connections::options::Limits;

/// The minimum number of bytes per second that a client sends of a body, or takes of one, on
/// average over the idle time.
const MIN_RATE: u64 = 500;

/// The time that a client has to close after the last response.
const CLOSING: Duration = Duration::from_secs(2);

/// A limit that a client has exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Overdue {
    Handshake,
    Header,
    Idle,
    /// No byte of a body was sent or taken in the idle time.
    Stalled,
    /// The body is sent or taken too slowly.
    Slow,
    Closing,
}

impl Overdue {
    /// Returns the reason for programs, and the text for people.
    pub(crate) fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Handshake => ("handshake-timeout", "the TLS handshake took too long"),
            Self::Header => ("header-timeout", "the headers of the request took too long"),
            Self::Idle | Self::Closing => ("idle", "no request within the idle time"),
            Self::Stalled => ("stalled", "the client neither sent nor read within the idle time"),
            Self::Slow => ("slow", "the client sent or read less than 500 bytes per second"),
        }
    }
}

/// The state of a connection at the last look, and its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    seen: Reading,
    /// The start of the stage, or of the pause between requests.
    since: Instant,
    /// The bytes read when the pause began; more are the headers of a request.
    pause_read: u64,
    header_since: Option<Instant>,
    /// The last time at which bytes moved, or the server itself was busy.
    moved: Instant,
    /// The start of the time over which the rate is measured, and the bytes until then.
    window: (Instant, u64),
}

impl Watch {
    pub(crate) fn new(now: Instant) -> Self {
        let seen = Reading::default();
        Self { seen, since: now, pause_read: 0, header_since: None, moved: now, window: (now, 0) }
    }

    /// Compares the counters with those of the last look; returns the limit that is exceeded.
    pub(crate) fn look(&mut self, now: Instant, next: Reading, limits: &Limits) -> Option<Overdue> {
        let seen = std::mem::replace(&mut self.seen, next);
        if next.stage != seen.stage || next.begun != seen.begun || next.open != seen.open {
            self.since = now;
            self.pause_read = next.read;
            self.header_since = None;
        }
        let bytes = next.read + next.written;
        if bytes != seen.read + seen.written {
            self.moved = now;
        }
        if next.open == 0 || !next.awaits_client || !seen.awaits_client {
            self.moved = now;
            self.window = (now, bytes);
        }
        match next.stage {
            Stage::Handshake => overdue(now, self.since, limits.handshake, Overdue::Handshake),
            Stage::Closing => overdue(now, self.since, CLOSING, Overdue::Closing),
            Stage::Http1 | Stage::Http2 if next.open > 0 => self.in_request(now, bytes, limits),
            stage => {
                // Frames of HTTP/2 outside requests are not headers, and do not prolong the pause.
                if stage == Stage::Http1 && next.read > self.pause_read {
                    self.header_since.get_or_insert(now);
                }
                let header = self.header_since.unwrap_or(now);
                overdue(now, header, limits.header, Overdue::Header)
                    .or_else(|| overdue(now, self.since, limits.idle, Overdue::Idle))
            }
        }
    }

    fn in_request(&mut self, now: Instant, bytes: u64, limits: &Limits) -> Option<Overdue> {
        if now.duration_since(self.moved) >= limits.idle {
            return Some(Overdue::Stalled);
        }
        let (start, before) = self.window;
        if now.duration_since(start) < limits.idle {
            return None;
        }
        self.window = (now, bytes);
        let least = (limits.idle.as_millis() as u64).saturating_mul(MIN_RATE) / 1000;
        (bytes - before < least).then_some(Overdue::Slow)
    }

    /// Returns how dispensable the connection is at the maximum of connections: the higher class
    /// first, then the longest; `None` if it must stay.
    pub(crate) fn dispensable(&self, now: Instant) -> Option<(u8, Duration)> {
        let stalled = now.duration_since(self.moved);
        let class = match self.seen.stage {
            Stage::Closing => 3,
            Stage::Handshake => 1,
            _ if self.seen.open == 0 && self.header_since.is_none() => 2,
            _ if self.seen.open == 0 => 1,
            _ if stalled >= STALLED => return Some((0, stalled)),
            _ => return None,
        };
        Some((class, now.duration_since(self.since)))
    }
}

/// The time without progress after which a request can be ended to make room for a new client.
const STALLED: Duration = Duration::from_secs(5);

fn overdue(now: Instant, since: Instant, limit: Duration, what: Overdue) -> Option<Overdue> {
    (now.duration_since(since) >= limit).then_some(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        connections: 1,
        handshake: Duration::from_secs(10),
        header: Duration::from_secs(30),
        idle: Duration::from_secs(60),
    };

    /// Looks each second at what `reading` returns for it; returns the second of the first limit.
    fn first(reading: impl Fn(u64) -> Reading) -> Option<(u64, Overdue)> {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        (0..1000).find_map(|second| {
            let now = start + Duration::from_secs(second);
            Some((second, watch.look(now, reading(second), &LIMITS)?))
        })
    }

    #[test]
    fn slow_clients_exceed_a_limit() {
        let http1 = Reading { stage: Stage::Http1, ..Reading::default() };
        let http2 = Reading { stage: Stage::Http2, ..Reading::default() };
        let open = Reading { begun: 1, open: 1, awaits_client: true, ..http1 };
        assert_eq!(first(|_| Reading::default()), Some((10, Overdue::Handshake)));
        assert_eq!(first(|_| http1), Some((60, Overdue::Idle)));
        let trickle = |second| Reading { read: second, ..http1 };
        assert_eq!(first(trickle), Some((31, Overdue::Header)));
        // Frames outside requests prolong nothing.
        let pings = |second| Reading { read: 1000 * second, written: 1000 * second, ..http2 };
        assert_eq!(first(pings), Some((60, Overdue::Idle)));
        assert_eq!(first(|_| open), Some((60, Overdue::Stalled)));
        assert_eq!(first(|second| Reading { written: second, ..open }), Some((60, Overdue::Slow)));
    }

    #[test]
    fn busy_clients_and_servers_exceed_none() {
        let open = Reading { stage: Stage::Http1, begun: 1, open: 1, ..Reading::default() };
        let reads = |second| Reading { written: 600 * second, awaits_client: true, ..open };
        assert_eq!(first(reads), None);
        let computes = |_| open;
        assert_eq!(first(computes), None);
        let asks = |second: u64| Reading {
            begun: second as u32 / 20,
            read: second / 20 * 100,
            open: 0,
            ..open
        };
        assert_eq!(first(asks), None);
    }
}
