//! Who may connect: one user, by SCRAM-SHA-256 (RFC 7677).

use async_trait::async_trait;
use pgwire::api::auth::sasl::SASLAuthStartupHandler;
use pgwire::api::auth::sasl::scram::{SCRAM_ITERATIONS, ScramAuth, gen_salted_password};
use pgwire::api::auth::{AuthSource, DefaultServerParameterProvider, LoginInfo, Password};
use pgwire::error::PgWireResult;
use std::fmt;
use std::sync::Arc;

/// The user, and the password as SCRAM keeps it: hashed.
#[derive(Clone)]
pub struct Account {
    user: Arc<str>,
    password: Password,
    /// What a user without an account is compared with. It takes as long, and tells nothing.
    nobody: Password,
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Account {
    /// The only account.
    ///
    /// # Errors
    /// That the system has no random numbers.
    pub fn new(user: &str, password: &str) -> Result<Self, getrandom::Error> {
        let (mut salt, mut nobody) = ([0; 16], [0; 32]);
        getrandom::fill(&mut salt)?;
        getrandom::fill(&mut nobody)?;
        let hash = gen_salted_password(password, &salt, SCRAM_ITERATIONS);
        Ok(Self {
            user: user.into(),
            password: Password::new(Some(salt.into()), hash),
            nobody: Password::new(Some(salt.into()), nobody.into()),
        })
    }

    /// What leads one connection through its start.
    pub fn startup(&self) -> SASLAuthStartupHandler<DefaultServerParameterProvider> {
        let mut parameters = DefaultServerParameterProvider::default();
        parameters.is_superuser = false;
        SASLAuthStartupHandler::new(Arc::new(parameters)).with_scram(ScramAuth::new(Arc::new(self.clone())))
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait's own signature, which async_trait expands")]
#[async_trait]
impl AuthSource for Account {
    async fn get_password(&self, login: &LoginInfo) -> PgWireResult<Password> {
        Ok(if login.user() == Some(&*self.user) { &self.password } else { &self.nobody }.clone())
    }
}
