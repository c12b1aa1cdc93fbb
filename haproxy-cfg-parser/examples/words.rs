//! Prints the words of the language as a dictionary for fuzzers.

use std::collections::BTreeSet;

fn main() {
    let rows = haproxy_cfg_parser::tables::rows();
    let words: BTreeSet<&str> =
        rows.iter().flat_map(|row| std::iter::once(row.name).chain(row.example.split(' '))).collect();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        println!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
    }
}
