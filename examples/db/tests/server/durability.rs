//! What was acknowledged is there after SIGKILL; what was not committed is not.

use crate::Database;
use nix::sys::signal::Signal;
use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_postgres::types::Type;

const ROUNDS: usize = 5;
const WRITERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill_in_mid_write() {
    let mut database = Database::start(&[]);
    database
        .connect()
        .await
        .batch_execute("CREATE TABLE n (a BIGINT PRIMARY KEY, half BIGINT)")
        .await
        .unwrap();
    let (next, acknowledged) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::new(HashSet::new())));
    for round in 0..ROUNDS {
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            let mut client = database.connect().await;
            let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
            writers.push(tokio::spawn(async move {
                loop {
                    // Two rows in one transaction: both or none.
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    let write = async {
                        let transaction = client.transaction().await?;
                        for half in [0_i64, 1] {
                            let values = [(&(id * 2 + half) as _, Type::INT8), (&half as _, Type::INT8)];
                            transaction.execute_typed("INSERT INTO n VALUES ($1, $2)", &values).await?;
                        }
                        transaction.commit().await
                    };
                    match write.await {
                        Ok(()) => acknowledged.lock().unwrap().insert(id),
                        Err(_) => break,
                    };
                }
            }));
        }
        let wanted = (round + 1) * 20;
        while acknowledged.lock().unwrap().len() < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        database.program.signal(Signal::SIGKILL).unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        database.start_again();
        let rows = database.connect().await.query("SELECT a FROM n", &[]).await.unwrap();
        let found: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        let acknowledged = acknowledged.lock().unwrap();
        for id in &*acknowledged {
            assert!(found.contains(&(id * 2)) && found.contains(&(id * 2 + 1)), "{id} is lost");
        }
        assert!(found.iter().all(|half| found.contains(&(half ^ 1))), "half a transaction");
        // What was committed and not acknowledged any more: at most one of each writer, each round.
        assert!(found.len() / 2 <= acknowledged.len() + (round + 1) * WRITERS);
    }
}
