//! Mails about servers that change (manual 3.6 "mailers", 4.2 "email-alert"), sent by the control thread.

mod deliver;

pub(crate) use deliver::drive;

use crate::compile::{Context, server_address};
use crate::server::ServerAddress;
use haproxy_cfg_parser::Severity;
use haproxy_cfg_parser::model;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Mails that may wait for one mail server; what comes on top is lost, and the operator is told.
const QUEUE: usize = 64;
/// `timeout mail` where the file has none.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Level where the file has none: alert.
const LEVEL: u8 = 1;

/// Where the mails of one proxy go.
#[derive(Debug)]
pub struct Mailbox {
    proxy: String,
    level: u8,
    from: String,
    to: String,
    hostname: String,
    queues: Vec<Sender<Mail>>,
    routes: Mutex<Vec<Route>>,
}

/// One mail server with what waits for it.
#[derive(Debug)]
pub(crate) struct Route {
    address: ServerAddress,
    timeout: Duration,
    mails: Receiver<Mail>,
}

/// A mail: what is said in turn.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    hello: String,
    from: String,
    to: String,
    text: String,
}

impl Mailbox {
    /// The mailbox of a proxy, if it has one; what is wrong is recorded.
    pub(crate) fn compile(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<Self> {
        let alert = &proxy.email_alert;
        let title = |text: &str| format!("'email-alert' : {text} (proxy '{}').", proxy.name);
        let Some((name, place)) = &alert.mailers else {
            if [&alert.from, &alert.to, &alert.myhostname].into_iter().any(Option::is_some)
                || alert.level.is_some()
            {
                context.warning(&proxy.place, title("will be ignored: it needs 'email-alert mailers'"));
            }
            return None;
        };
        let (Some(from), Some(to)) = (&alert.from, &alert.to) else {
            context
                .warning(place, title("will be ignored: it needs 'email-alert from' and 'email-alert to'"));
            return None;
        };
        let Some(mailers) = context.config.mailers.iter().find(|section| section.name == *name) else {
            context.error(place, format!("'email-alert' : unable to find mailers '{name}'."));
            return None;
        };
        let (mut queues, mut routes) = (Vec::new(), Vec::new());
        for (server, address, place) in &mailers.servers {
            match server_address(address, context) {
                Ok(ServerAddress::Inet(address)) if address.port() == 0 => {
                    context.error(place, format!("'mailer {server}' : missing port in its address."));
                }
                Ok(address) => {
                    let (sender, mails) = channel(QUEUE);
                    queues.push(sender);
                    routes.push(Route { address, timeout: mailers.timeout.unwrap_or(TIMEOUT), mails });
                }
                Err(reason) => context.error(place, format!("'mailer {server}' : {reason}.")),
            }
        }
        Some(Self {
            proxy: proxy.name.clone(),
            level: alert.level.unwrap_or(LEVEL),
            from: from.clone(),
            to: to.clone(),
            hostname: alert.myhostname.clone().unwrap_or_else(crate::process::hostname),
            queues,
            routes: Mutex::new(routes),
        })
    }

    /// Sends a text of a level (0 emerg to 7 debug) to all mail servers, later. Never waits.
    pub(crate) fn post(&self, level: u8, text: &str) {
        if level > self.level {
            return;
        }
        let mail = Mail {
            hello: self.hostname.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            text: text.to_owned(),
        };
        for queue in &self.queues {
            if queue.try_send(mail.clone()).is_err() {
                let text = format!("Email alert [{}] could not be enqueued: too many wait", self.proxy);
                crate::process::tell(Severity::Alert, &text);
            }
        }
    }
}
