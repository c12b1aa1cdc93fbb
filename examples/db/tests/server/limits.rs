//! What one client may take: connections, time, sizes.

use crate::{Database, code};
use lb_harness::eventually;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;
use tokio_postgres::types::Type;

const ENDLESS: &str =
    "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT count(a) FROM n";

#[tokio::test]
async fn a_running_query_is_cancelled_by_its_key_only() {
    let database = Database::start(&[]);
    let (client, other) = (database.connect().await, database.connect().await);
    let (cancel, wrong) = (client.cancel_token(), other.cancel_token());
    let query = tokio::spawn(async move {
        let error = client.query(ENDLESS, &[]).await.unwrap_err();
        (client, error)
    });
    wrong.cancel_query(NoTls).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!query.is_finished());
    // The query may not have begun when the first request to cancel it comes.
    while !query.is_finished() {
        cancel.cancel_query(NoTls).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (client, error) = query.await.unwrap();
    assert_eq!(code(&error), "57014");
    // One more request to cancel may still be on its way.
    while client.query("SELECT 1", &[]).await.is_err() {}
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so() {
    let database = Database::start(&["--max-connections", "2"]);
    let (first, _second) = (database.connect().await, database.connect().await);
    let error = crate::connect(database.addr, "app", crate::PASSWORD).await.unwrap_err();
    assert_eq!(code(&error), "53300");
    drop(first);
    let begin = Instant::now();
    while crate::connect(database.addr, "app", crate::PASSWORD).await.is_err() {
        assert!(begin.elapsed() < Duration::from_secs(5), "a place becomes free");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn large_messages_values_and_results_are_refused() {
    let database = Database::start(&[]);
    let client = database.connect().await;
    client.batch_execute("CREATE TABLE n (a TEXT)").await.unwrap();
    let text = |length| "x".repeat(length);
    let large =
        client.execute_typed("INSERT INTO n VALUES ($1)", &[(&text((1 << 20) + 1), Type::TEXT)]).await;
    assert_eq!(code(&large.unwrap_err()), "54000");
    client.execute_typed("INSERT INTO n VALUES ($1)", &[(&text(1_000_000), Type::TEXT)]).await.unwrap();
    let result = client.query("SELECT n.a FROM n, (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9)) v", &[]).await;
    assert_eq!(code(&result.unwrap_err()), "54000");
    client.query("SELECT 1", &[]).await.expect("the connection lives on");
    let error = client.batch_execute(&format!("SELECT '{}'", text(5 << 20))).await.unwrap_err();
    assert!(["54000", "none"].contains(&code(&error)), "{error}");
    assert!(client.query("SELECT 1", &[]).await.is_err(), "this one ends the connection");
    database.connect().await;
}

#[tokio::test]
async fn statements_that_are_kept_have_a_limit() {
    let database = Database::start(&[]);
    let client = database.connect().await;
    let mut kept = Vec::new();
    let error = loop {
        match client.prepare("SELECT 1").await {
            Ok(statement) => kept.push(statement),
            Err(error) => break error,
        }
    };
    assert_eq!(code(&error), "54000");
    assert_eq!(kept.len(), 64);
    kept.clear();
    client.prepare("SELECT 1").await.expect("closed ones count no more");
}

#[tokio::test]
async fn a_stop_lets_transactions_end_and_tells_the_others() {
    let mut database = Database::start(&[]);
    let (mut busy, idle) = (database.connect().await, database.connect().await);
    busy.batch_execute("CREATE TABLE n (a BIGINT)").await.unwrap();
    let transaction = busy.transaction().await.unwrap();
    transaction.batch_execute("INSERT INTO n VALUES (1)").await.unwrap();
    database.program.signal(Signal::SIGTERM).unwrap();
    let begin = Instant::now();
    while !idle.is_closed() {
        assert!(begin.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    transaction.batch_execute("INSERT INTO n VALUES (2)").await.unwrap();
    transaction.commit().await.unwrap();
    let program = &mut database.program;
    assert!(eventually(Duration::from_secs(10), || !program.is_running()));
    assert!(program.wait(Duration::ZERO).unwrap().success());
    database.start_again();
    let rows = database.connect().await.query("SELECT a FROM n", &[]).await.unwrap();
    assert_eq!(rows.len(), 2);
}
