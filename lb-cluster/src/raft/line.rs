//! A way to another node that shared health uses.

use super::Error;
use super::network::{Answer, Request, ask};
use crate::health::Frame;
use crate::state::NodeId;
use crate::transport::Link;
use std::time::Duration;

/// It, and where it leads.
pub struct Line {
    to: NodeId,
    link: Link,
}

impl Line {
    pub(super) fn new(to: NodeId, link: Link) -> Self {
        Self { to, link }
    }

    /// Where it leads.
    pub fn to(&self) -> NodeId {
        self.to
    }

    /// Says something, and hears the answer.
    ///
    /// # Errors
    /// There is none within `limit`.
    pub async fn confer(&mut self, frame: Frame, limit: Duration) -> Result<Frame, Error> {
        match ask(&mut self.link, Some(self.to), Request::Health(frame), limit).await {
            Ok(Answer::Health(frame)) => Ok(frame),
            Ok(_) => Err(Error::NotCommitted("an answer to another request".to_owned())),
            Err(error) => Err(Error::NotCommitted(error.to_string())),
        }
    }
}
