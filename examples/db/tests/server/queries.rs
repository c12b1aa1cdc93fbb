//! What a driver sees: both protocols, types, transactions, errors.

use crate::{Database, code};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

const TABLE: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, score DOUBLE PRECISION, raw BYTEA, good BOOLEAN, small INTEGER)";

#[tokio::test]
async fn values_come_back_as_they_were_sent() {
    let database = Database::start(&[]);
    let client = database.connect().await;
    client.batch_execute(TABLE).await.unwrap();
    let insert = "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6) RETURNING *";
    let (name, raw) = ("Zoë 'quoted' $1 ;", vec![0_u8, 255, 10]);
    let rows = client
        .query_typed(
            insert,
            &[
                (&i64::MAX, Type::INT8),
                (&name, Type::TEXT),
                (&1.5_f64, Type::FLOAT8),
                (&raw, Type::BYTEA),
                (&true, Type::BOOL),
                (&-7_i32, Type::INT4),
            ],
        )
        .await
        .unwrap();
    let row = &rows[0];
    assert_eq!(row.get::<_, i64>(0), i64::MAX);
    assert_eq!(row.get::<_, &str>("name"), name);
    assert_eq!((row.get::<_, f64>(2), row.get::<_, Vec<u8>>(3)), (1.5, raw));
    assert_eq!((row.get::<_, bool>(4), row.get::<_, i32>(5)), (true, -7));

    let statement = client.prepare_typed("SELECT id, raw FROM t WHERE id = $1", &[Type::INT8]).await.unwrap();
    for (id, found) in [(i64::MAX, 1), (1, 0), (i64::MAX, 1)] {
        assert_eq!(client.query(&statement, &[&id]).await.unwrap().len(), found);
    }
    let nothing: Option<f64> = None;
    let change = "UPDATE t SET score = $1 WHERE id > $2";
    let changed =
        client.execute_typed(change, &[(&nothing, Type::FLOAT8), (&0_i64, Type::INT8)]).await.unwrap();
    assert_eq!(changed, 1);
    let row = client.query_one("SELECT score, count(*) FROM t", &[]).await.unwrap();
    assert_eq!(row.get::<_, Option<f64>>(0), None);
    assert_eq!(row.get::<_, &str>(1), "1", "expressions are text");
}

#[tokio::test]
async fn a_text_of_several_statements_is_one_transaction() {
    let database = Database::start(&[]);
    let client = database.connect().await;
    let answers = client
        .simple_query("CREATE TABLE n (a BIGINT); INSERT INTO n VALUES (1), (2); SELECT a FROM n")
        .await;
    let rows =
        answers.unwrap().into_iter().filter(|answer| matches!(answer, SimpleQueryMessage::Row(_))).count();
    assert_eq!(rows, 2);
    let error =
        client.batch_execute("INSERT INTO n VALUES (3); INSERT INTO absent VALUES (4)").await.unwrap_err();
    assert_eq!(code(&error), "42P01");
    assert_eq!(client.query("SELECT a FROM n", &[]).await.unwrap().len(), 2);
    client.batch_execute(" ; -- nothing").await.unwrap();
}

#[tokio::test]
async fn transactions_keep_or_forget_all() {
    let database = Database::start(&[]);
    let (mut one, other) = (database.connect().await, database.connect().await);
    one.batch_execute("CREATE TABLE n (a BIGINT PRIMARY KEY)").await.unwrap();
    let count =
        async |client: &tokio_postgres::Client| client.query("SELECT a FROM n", &[]).await.unwrap().len();

    let transaction = one.transaction().await.unwrap();
    transaction.batch_execute("INSERT INTO n VALUES (1)").await.unwrap();
    assert_eq!(count(&other).await, 0, "others do not see it yet");
    transaction.commit().await.unwrap();
    assert_eq!(count(&other).await, 1);

    let transaction = one.transaction().await.unwrap();
    transaction.batch_execute("INSERT INTO n VALUES (2)").await.unwrap();
    let twice = transaction.execute("INSERT INTO n VALUES (1)", &[]).await.unwrap_err();
    assert_eq!(code(&twice), "23505");
    let after = transaction.execute("INSERT INTO n VALUES (3)", &[]).await.unwrap_err();
    assert_eq!(code(&after), "25P02", "a failed transaction takes nothing more");
    transaction.commit().await.unwrap();
    assert_eq!(count(&one).await, 1, "and its commit is a rollback");

    let reader = one.build_transaction().read_only(true).start().await.unwrap();
    let refused = reader.batch_execute("INSERT INTO n VALUES (9)").await.unwrap_err();
    assert_eq!(code(&refused), "25006");
    reader.rollback().await.unwrap();
    one.batch_execute("INSERT INTO n VALUES (9)").await.unwrap();
}

#[tokio::test]
async fn errors_have_postgresqls_codes() {
    let database = Database::start(&[]);
    let client = database.connect().await;
    client.batch_execute(TABLE).await.unwrap();
    client
        .batch_execute("CREATE TABLE c (a BIGINT CHECK (a > 0), b BIGINT REFERENCES t (id))")
        .await
        .unwrap();
    for (sql, expected) in [
        ("SELEC 1", "0A000"),
        ("SELECT FROM WHERE", "42601"),
        ("SELECT absent FROM t", "42703"),
        ("SELECT * FROM absent", "42P01"),
        ("SELECT absent(1)", "42883"),
        ("CREATE TABLE t (a BIGINT)", "42P07"),
        ("INSERT INTO t (id) VALUES (1)", "23502"),
        ("INSERT INTO c (a) VALUES (0)", "23514"),
        ("INSERT INTO c (b) VALUES (77)", "23503"),
        ("ATTACH '/tmp/other.db' AS other", "0A000"),
        ("PRAGMA synchronous = off", "0A000"),
    ] {
        for error in [client.batch_execute(sql).await.unwrap_err(), client.query(sql, &[]).await.unwrap_err()]
        {
            assert_eq!(code(&error), expected, "{sql}: {error}");
        }
    }
    let error = client.batch_execute("SELECT 1 +").await.unwrap_err();
    assert_eq!(code(&error), "42601");
    client.query("SELECT 1", &[]).await.expect("the connection lives on");
}

#[tokio::test]
async fn a_wrong_password_or_user_is_told_the_same() {
    let database = Database::start(&[]);
    for (user, password) in [("app", "wrong"), ("nobody", crate::PASSWORD)] {
        let error = crate::connect(database.addr, user, password).await.unwrap_err();
        assert_eq!(code(&error), "28P01", "{error}");
    }
}
