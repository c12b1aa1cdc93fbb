//! The protocol's queries, as calls to the session. `pgwire` reads and writes the messages.

use crate::session::{Outcome, Prepared, Session};
use crate::sqlstate::error;
use crate::value;
use async_trait::async_trait;
use futures_util::{Sink, SinkExt as _, stream};
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler, send_describe_response};
use pgwire::api::results::{
    DescribePortalResponse, DescribeResponse as _, DescribeStatementResponse, QueryResponse, Response, Tag,
};
use pgwire::api::stmt::{QueryParser, StoredStatement};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, DEFAULT_NAME, ErrorHandler, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, Describe, Parse, ParseComplete, TARGET_TYPE_BYTE_STATEMENT,
};
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// How many statements, and how many portals, a connection may keep.
const KEPT_LIMIT: usize = 64;

/// What answers one client's queries.
#[derive(Clone, Debug)]
pub struct Queries {
    session: Arc<Mutex<Session>>,
    kept: Arc<Mutex<Kept>>,
}

/// The names of what the client had us keep.
#[derive(Debug, Default)]
struct Kept {
    statements: HashSet<String>,
    portals: HashSet<String>,
}

impl Queries {
    /// For this session.
    pub fn new(session: Session) -> Self {
        Self { session: Arc::new(Mutex::new(session)), kept: Arc::default() }
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).in_transaction()
    }

    /// Runs this on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Session) -> PgWireResult<T> + Send + 'static,
    ) -> PgWireResult<T> {
        let session = Arc::clone(&self.session);
        let run = move || run(&mut session.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(run).await.map_err(|panic| error("XX000", panic.to_string()))?
    }

    /// Notes one more name, if there is room.
    fn keep(&self, names: fn(&mut Kept) -> &mut HashSet<String>, name: Option<&String>) -> PgWireResult<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let names = names(&mut kept);
        if let Some(name) = name {
            if names.len() >= KEPT_LIMIT && !names.contains(name) {
                let message = format!("more than {KEPT_LIMIT} statements or portals; close some");
                return Err(error("54000", message));
            }
            names.insert(name.clone());
        }
        Ok(())
    }
}

impl ErrorHandler for Queries {
    /// A failure that the session has not seen, in the protocol, also fails the transaction.
    fn on_error<C: ClientInfo>(&self, _client: &C, _error: &mut PgWireError) {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).fail();
    }
}

#[async_trait]
impl SimpleQueryHandler for Queries {
    async fn do_query<C>(&self, _client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let query = query.to_owned();
        let outcomes = self.blocking(move |session| Ok(session.execute_all(&query))).await?;
        if outcomes.is_empty() {
            return Ok(vec![Response::EmptyQuery]);
        }
        let answer = |outcome: PgWireResult<Outcome>| match outcome {
            Ok(outcome) => response(outcome),
            Err(error) => Response::Error(Box::new(error.into())),
        };
        Ok(outcomes.into_iter().map(answer).collect())
    }
}

#[async_trait]
impl QueryParser for Queries {
    type Statement = Prepared;

    async fn parse_sql<C>(&self, _client: &C, sql: &str, _types: &[Option<Type>]) -> PgWireResult<Prepared>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let sql = sql.to_owned();
        self.blocking(move |session| session.prepare(&sql)).await
    }
}

#[async_trait]
impl ExtendedQueryHandler for Queries {
    type Statement = Prepared;
    type QueryParser = Self;

    fn query_parser(&self) -> Arc<Self> {
        Arc::new(self.clone())
    }

    async fn on_parse<C>(&self, client: &mut C, message: Parse) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        self.keep(|kept| &mut kept.statements, message.name.as_ref())?;
        let types: Vec<_> = message.type_oids.iter().map(|oid| Type::from_oid(*oid)).collect();
        let prepared = self.parse_sql(client, &message.query, &types).await?;
        let name = message.name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
        client.portal_store().put_statement(Arc::new(StoredStatement::new(name, prepared, types)));
        // Fed, not sent: with what follows it goes out in one piece, at the latest with the answer to Sync.
        client.feed(PgWireBackendMessage::ParseComplete(ParseComplete::new())).await?;
        Ok(())
    }

    async fn on_bind<C>(&self, client: &mut C, message: Bind) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let name = message.statement_name.as_deref().unwrap_or(DEFAULT_NAME);
        let statement = client.portal_store().get_statement(name);
        let statement = statement.ok_or_else(|| PgWireError::StatementNotFound(name.to_owned()))?;
        let fits = |codes: &[i16], count: usize| codes.len() <= 1 || codes.len() == count;
        if !fits(&message.parameter_format_codes, message.parameters.len())
            || !fits(&message.result_column_format_codes, statement.statement.columns.len())
        {
            return Err(error("08P01", "bind message has another number of formats than of values"));
        }
        self.keep(|kept| &mut kept.portals, message.portal_name.as_ref())?;
        client.portal_store().put_portal(Arc::new(Portal::try_new(&message, statement)?));
        client.feed(PgWireBackendMessage::BindComplete(BindComplete::new())).await?;
        Ok(())
    }

    async fn on_describe<C>(&self, client: &mut C, message: Describe) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        if message.target_type != TARGET_TYPE_BYTE_STATEMENT {
            return self._on_describe(client, message).await;
        }
        let statement = client.portal_store().get_statement(name);
        let statement = statement.ok_or_else(|| PgWireError::StatementNotFound(name.to_owned()))?;
        let described = self.do_describe_statement(client, &statement).await?;
        if described.fields().is_empty() {
            // With parameters but without columns, pgwire would describe a row of nothing.
            let kinds = described.parameters.iter().map(Type::oid).collect();
            let parameters = ParameterDescription::new(kinds);
            client.feed(PgWireBackendMessage::ParameterDescription(parameters)).await?;
            client.feed(PgWireBackendMessage::NoData(NoData::new())).await?;
            return Ok(());
        }
        send_describe_response(client, &described).await
    }

    async fn on_close<C>(&self, client: &mut C, message: Close) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if message.target_type == TARGET_TYPE_BYTE_STATEMENT {
                kept.statements.remove(name);
                client.portal_store().rm_statement(name);
            } else {
                kept.portals.remove(name);
                client.portal_store().rm_portal(name);
            }
        }
        let complete = pgwire::messages::extendedquery::CloseComplete::new();
        client.feed(PgWireBackendMessage::CloseComplete(complete)).await?;
        Ok(())
    }

    async fn do_describe_statement<C>(
        &self,
        _client: &mut C,
        target: &StoredStatement<Prepared>,
    ) -> PgWireResult<DescribeStatementResponse>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let kind = |at: usize| target.parameter_types.get(at).cloned().flatten().unwrap_or(Type::TEXT);
        let parameters = (0..target.statement.parameters).map(kind).collect();
        let fields = value::fields(&target.statement.columns, &Format::UnifiedText);
        Ok(DescribeStatementResponse::new(parameters, fields))
    }

    async fn do_describe_portal<C>(
        &self,
        _client: &mut C,
        target: &Portal<Prepared>,
    ) -> PgWireResult<DescribePortalResponse>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let columns = &target.statement.statement.columns;
        Ok(DescribePortalResponse::new(value::fields(columns, &target.result_column_format)))
    }

    async fn do_query<C>(
        &self,
        _client: &mut C,
        portal: &Portal<Prepared>,
        _max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<C::Error>,
    {
        let values = value::parameters(portal)?;
        let (statement, format) = (Arc::clone(&portal.statement), portal.result_column_format.clone());
        let run = move |session: &mut Session| session.execute(&statement.statement, &values, &format);
        self.blocking(run).await.map(response)
    }
}

fn response(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Rows(tag, fields, rows) => {
            let mut answer = QueryResponse::new(fields, stream::iter(rows.into_iter().map(Ok)));
            answer.set_command_tag(tag);
            Response::Query(answer)
        }
        Outcome::Changed(tag, rows) => Response::Execution(Tag::new(tag).with_rows(rows)),
        Outcome::Done(tag) => Response::Execution(Tag::new(tag)),
        Outcome::Begun => Response::TransactionStart(Tag::new("BEGIN")),
        Outcome::Ended(tag) => Response::TransactionEnd(Tag::new(tag)),
        Outcome::Nothing => Response::EmptyQuery,
    }
}
