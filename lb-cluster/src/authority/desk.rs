//! Questions of sessions, answered on the cluster's thread.

use super::Questions;
use super::agreement::{Agreement, EVERY};
use crate::raft::{Node, Undecided};
use crate::runtime::{now, sleep};
use crate::state::{Decision, Outcome};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Questions that are worked on at a time; more wait.
const AT_ONCE: usize = 64;
/// How long a look at the log may take after the start, before another is taken.
const LOOK: Duration = Duration::from_secs(2);

/// What is asked.
pub(crate) enum Ask {
    /// Have this decided.
    Agree {
        decision: Decision,
        deadline: Instant,
        answer: oneshot::Sender<Result<(u64, Outcome), Undecided>>,
    },
    /// How far is the log?
    Place { deadline: Instant, answer: oneshot::Sender<Result<u64, String>> },
}

/// Answers for as long as the node runs. All that it works on ends with it.
pub(crate) async fn serve(node: Arc<Node>, questions: Questions) {
    let Questions { common, mut asks } = questions;
    let mut work = FuturesUnordered::new();
    let arrive = async {
        loop {
            if let Ok(place) = node.read_place(now() + LOOK).await {
                return common.present(place);
            }
            sleep(LOOK / 20).await;
        }
    };
    let mut arrive = std::pin::pin!(arrive);
    let mut arrived = false;
    let compare = async {
        let mut agreement = Agreement::new(&common);
        loop {
            sleep(EVERY).await;
            agreement.look(&node, &common).await;
        }
    };
    let mut compare = std::pin::pin!(compare);
    loop {
        tokio::select! {
            () = &mut arrive, if !arrived => arrived = true,
            () = &mut compare => {}
            ask = asks.recv(), if work.len() < AT_ONCE => match ask {
                Some(ask) => work.push(answer(&node, ask)),
                None => return,
            },
            Some(()) = work.next() => {}
        }
    }
}

async fn answer(node: &Node, ask: Ask) {
    // Who asked may have gone.
    match ask {
        Ask::Agree { decision, deadline, answer } => {
            let _ = answer.send(node.agree(decision, deadline).await);
        }
        Ask::Place { deadline, answer } => {
            let _ = answer.send(node.read_place(deadline).await);
        }
    }
}
