//! Records of the last answers: one that an answer does not mention stays for `hold obsolete`.

use super::Record;
use std::time::{Duration, Instant};

/// Records with the time when they were last seen, in the order in which they first were.
#[derive(Debug, Default)]
pub(super) struct Kept(Vec<(Record, Instant)>);

/// Most records of one name.
const MOST: usize = 1024;

impl Kept {
    /// Takes an answer in.
    pub(super) fn update(&mut self, records: Vec<Record>, now: Instant, obsolete: Duration) {
        for record in records {
            // A known one's weight may be another.
            if let Some(entry) = self.0.iter_mut().find(|(known, _)| same(known, &record)) {
                *entry = (record, now);
            } else if self.0.len() < MOST {
                self.0.push((record, now));
            }
        }
        self.0.retain(|(_, seen)| *seen == now || now.saturating_duration_since(*seen) < obsolete);
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().map(|(record, _)| record)
    }
}

fn same(one: &Record, other: &Record) -> bool {
    match (one, other) {
        (Record::Address(one), Record::Address(other)) => one == other,
        (Record::Service(one), Record::Service(other)) => {
            one.target == other.target && one.port == other.port
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Record {
        Record::Address([127, 0, 0, last].into())
    }

    #[test]
    fn what_is_not_seen_any_more_goes_in_its_time() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut kept = Kept::default();
        let records = |kept: &Kept| kept.records().cloned().collect::<Vec<_>>();
        kept.update(vec![address(1), address(2)], now, second);
        kept.update(vec![address(2), address(3)], now + second / 2, second);
        assert_eq!(records(&kept), [address(1), address(2), address(3)]);
        kept.update(vec![address(3)], now + second, second);
        assert_eq!(records(&kept), [address(2), address(3)]);
        kept.update(vec![address(4)], now + second, Duration::ZERO);
        assert_eq!(records(&kept), [address(3), address(4)]);
    }
}
