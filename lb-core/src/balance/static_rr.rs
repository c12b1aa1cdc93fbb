//! `balance static-rr`, and the map that hashing and drawing look servers up in.

use super::Balance;
use super::table::{Table, gcd};
use crate::server::Server;
use std::sync::Arc;

/// Fills the table's slots. For algorithms whose weights are fixed these are the configured ones, in their
/// smallest whole proportion over all servers of the backend; for others the weights of now.
pub(super) fn arrange(table: &mut Table, servers: &[Arc<Server>], balance: &Balance) {
    let weights = if balance.is_dynamic() {
        table.weights()
    } else {
        let configured = |index: u32| servers.get(index as usize).map_or(0, |server| server.config.weight);
        let divisor = servers.iter().fold(0, |divisor, server| gcd(divisor, server.config.weight)).max(1);
        table
            .members
            .iter()
            // A server whose line says weight 0 and that was given one since has the smallest share.
            .map(|member| (member.index, (configured(member.index) / divisor).max(1)))
            .collect()
    };
    table.slots = map(&weights);
}

/// A map of as many places as the sum of weights: each place goes to the server with the highest share outstanding,
/// in whole places, the first of equals.
fn map(weights: &[(u32, u32)]) -> Vec<u32> {
    let total: i64 = weights.iter().map(|(_, weight)| i64::from(*weight)).sum();
    let mut scores = vec![0i64; weights.len()];
    let mut slots = Vec::with_capacity(usize::try_from(total).unwrap_or_default());
    for _ in 0..total {
        let mut best: Option<(i64, usize)> = None;
        for (at, (score, (_, weight))) in scores.iter_mut().zip(weights).enumerate() {
            *score += i64::from(*weight);
            let places = (*score + total) / total;
            if best.is_none_or(|(most, _)| places > most) {
                best = Some((places, at));
            }
        }
        let Some((_, at)) = best else { break };
        if let (Some(score), Some((index, _))) = (scores.get_mut(at), weights.get(at)) {
            *score -= total;
            slots.push(*index);
        }
    }
    slots
}
