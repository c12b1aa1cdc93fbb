//! What the files of the nodes say, section by section, as numbers.

use super::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What all sections of one node may take, in bytes: they are one decision.
const MAX_SIZE: usize = 48 << 10;
/// What is left of those that have no room.
const REST: &str = "(all others)";

/// The sections of one node's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sections {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Each section, and a number that stands for what it says.
    pub sections: BTreeMap<String, u64>,
}

impl Sections {
    /// Of a node. Those that are too many are one.
    pub fn new(node: NodeId, name: String, sections: Vec<(String, u64)>) -> Self {
        let (mut size, mut rest) = (0, 0u64);
        let mut kept = BTreeMap::new();
        let mut sections = sections;
        sections.sort();
        for (section, number) in sections {
            size += section.len() + 12;
            if size > MAX_SIZE {
                rest = rest.rotate_left(5) ^ number;
            } else {
                kept.insert(section, number);
            }
        }
        if rest != 0 {
            kept.insert(REST.to_owned(), rest);
        }
        Self { node, name, sections: kept }
    }
}

/// The files of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    nodes: BTreeMap<NodeId, Sections>,
}

/// How a section of another node differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// It says something else.
    Differs,
    /// Only this node has it.
    Missing,
    /// Only the other has it.
    Added,
}

/// A section that a node does not have as this one has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The other node.
    pub node: String,
    /// The section.
    pub section: String,
    /// How.
    pub how: How,
}

impl Files {
    /// Takes in what a node says. One that has the name of another is in its place.
    pub(super) fn take(&mut self, said: &Sections) {
        self.nodes.retain(|_, known| known.name != said.name);
        self.nodes.insert(said.node, said.clone());
    }

    /// What a node said last.
    pub fn of(&self, node: NodeId) -> Option<&Sections> {
        self.nodes.get(&node)
    }

    /// Nodes that have said what they have.
    pub fn nodes(&self) -> impl Iterator<Item = &Sections> {
        self.nodes.values()
    }

    /// What is not alike, seen from one node; of those that count. A node whose file has no proxies, a witness perhaps, has
    /// nothing that could differ.
    pub fn differences(&self, own: &Sections, counts: impl Fn(NodeId) -> bool) -> Vec<Difference> {
        let mut found = Vec::new();
        let others = self.nodes.values().filter(|other| other.node != own.node && counts(other.node));
        for other in others.filter(|other| !other.sections.is_empty()) {
            let mut add = |section: &String, how| {
                found.push(Difference { node: other.name.clone(), section: section.clone(), how });
            };
            for (section, number) in &own.sections {
                match other.sections.get(section) {
                    None => add(section, How::Missing),
                    Some(theirs) if theirs != number => add(section, How::Differs),
                    Some(_) => {}
                }
            }
            let added = other.sections.keys().filter(|section| !own.sections.contains_key(*section));
            added.for_each(|section| add(section, How::Added));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(node: u64, sections: &[(&str, u64)]) -> Sections {
        let sections = sections.iter().map(|(name, number)| ((*name).to_owned(), *number));
        Sections::new(NodeId(node), format!("lb{node}"), sections.collect())
    }

    #[test]
    fn differences_name_node_and_section() {
        let mut files = Files::default();
        let own = said(1, &[("backend a", 1), ("backend b", 2)]);
        for node in [own.clone(), said(2, &[("backend a", 1), ("backend b", 2)]), said(3, &[])] {
            files.take(&node);
        }
        assert!(files.differences(&own, |_| true).is_empty());
        files.take(&said(2, &[("backend a", 9), ("backend c", 3)]));
        let found = files.differences(&own, |_| true);
        let found: Vec<_> = found.iter().map(|one| (&*one.node, &*one.section, one.how)).collect();
        let expected = [
            ("lb2", "backend a", How::Differs),
            ("lb2", "backend b", How::Missing),
            ("lb2", "backend c", How::Added),
        ];
        assert_eq!(found, expected);
        assert!(files.differences(&own, |node| node != NodeId(2)).is_empty());
        // An emptied node takes the place of the one that it was.
        let mut again = said(2, &[("backend a", 1), ("backend b", 2)]);
        again.node = NodeId(7);
        files.take(&again);
        assert!(files.differences(&own, |_| true).is_empty());
    }

    #[test]
    fn sections_beyond_the_bound_are_one() {
        let many = |changed: u64| {
            let section = |number: u64| (format!("backend number-{number:05}"), u64::from(number == changed));
            Sections::new(NodeId(1), "lb1".into(), (0..5000).map(section).collect())
        };
        let (one, other) = (many(4999), many(4998));
        assert!(one.sections.len() < 2000 && one.sections.contains_key(REST));
        assert_ne!(one, other);
    }
}
