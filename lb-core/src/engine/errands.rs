//! What traffic threads are asked to do between their tasks, by those who may not touch what is theirs.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Something that a thread does for another.
pub(crate) type Errand = Box<dyn FnOnce() + Send>;

/// Errands that wait for one thread.
const WAITING: usize = 64;

/// A thread that does not answer within this time is busy beyond measure.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way to all traffic threads.
#[derive(Clone, Debug, Default)]
pub struct Errands(Arc<[mpsc::Sender<Errand>]>);

impl Errands {
    /// The way to so many threads, and where each takes what it is asked.
    pub(super) fn new(threads: usize) -> (Self, Vec<mpsc::Receiver<Errand>>) {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::channel(WAITING)).unzip();
        (Self(senders.into()), receivers)
    }

    /// Asks every thread the same; the answers in the threads' order, none of one that gave none in time.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl Fn() -> T + Clone + Send + 'static,
    ) -> impl Future<Output = Vec<Option<T>>> + Send + 'static {
        let answers: Vec<_> = self
            .0
            .iter()
            .map(|thread| {
                let (answer, answered) = oneshot::channel();
                let question = question.clone();
                let errand = Box::new(move || {
                    // Nobody waits any more.
                    let _ = answer.send(question());
                });
                thread.try_send(errand).ok().map(|()| answered)
            })
            .collect();
        async move {
            let until = tokio::time::Instant::now() + PATIENCE;
            let mut all = Vec::with_capacity(answers.len());
            for answer in answers {
                all.push(match answer {
                    Some(answer) => tokio::time::timeout_at(until, answer).await.ok().and_then(Result::ok),
                    None => None,
                });
            }
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_thread_answers_for_itself() {
        let (errands, mut threads) = Errands::new(2);
        let asked = errands.ask(|| 7);
        let (answers, ()) = tokio::join!(asked, async {
            if let Some(errand) = threads.first_mut().and_then(|thread| thread.try_recv().ok()) {
                errand();
            }
        });
        assert_eq!(answers, [Some(7), None]);
    }
}
