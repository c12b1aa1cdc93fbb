//! What the configuration lists beside what the cluster is made of: they may differ, and then the cluster counts.

use super::Seat;
use crate::state::Member;

/// What differs, for the operator.
pub(super) fn differences(seats: &[Seat], listed: &[Member]) -> Vec<String> {
    let mut found = Vec::new();
    for member in listed {
        match seats.iter().find(|seat| seat.member.name == member.name) {
            None => found.push(format!(
                "the configuration lists {}, which is not in the cluster; 'cluster add-node' takes it in",
                member.name
            )),
            Some(seat) if seat.member != *member => found.push(format!(
                "the cluster knows '{}' where the configuration says '{member}'; empty that node's data-dir, and \
                 take it in again by 'cluster add-node'",
                seat.member
            )),
            Some(_) => {}
        }
    }
    let unlisted = seats.iter().filter(|seat| listed.iter().all(|member| member.name != seat.member.name));
    found.extend(unlisted.map(|seat| {
        format!("{} is in the cluster, and the configuration does not list it", seat.member.name)
    }));
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::NodeId;

    fn member(name: &str, port: u16) -> Member {
        Member { name: name.to_owned(), address: ([127, 0, 0, 1], port).into(), witness: false }
    }

    #[test]
    fn each_difference_is_told() {
        let seat = |name, port| Seat { node: NodeId(1), member: member(name, port), voter: true };
        let seats = [seat("a", 1), seat("b", 2), seat("d", 4)];
        assert!(differences(&seats, &[member("a", 1), member("b", 2), member("d", 4)]).is_empty());
        let found = differences(&seats, &[member("a", 1), member("b", 9), member("c", 3)]);
        let [moved, missing, unlisted] = &found[..] else { unreachable!("{found:?}") };
        assert!(
            moved.starts_with(
                "the cluster knows 'b 127.0.0.1:2' where the configuration says 'b 127.0.0.1:9'"
            )
        );
        assert!(missing.contains("lists c, which is not in the cluster"));
        assert!(unlisted.starts_with("d is in the cluster"));
    }
}
