//! Answers of services: the statistics page, metrics.

use super::buffering::Buffered;
use super::{After, Run};
use crate::admin::{By, PATIENCE};
use crate::clock;
use crate::engine;
use crate::exchange::{Cause, Phase};
use crate::http::h1::{chunk_header, write_response};
use crate::http::message::{Framing, Method, Version};
use crate::http::{HeaderId, HeaderKey};
use crate::rule::Message;
use crate::service::{Answer, Pieces, Present, Service};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Run<'_> {
    /// Lets a service answer the request.
    pub(super) async fn serve(&mut self, service: &Arc<dyn Service>) -> After {
        let wants_body = service.reads_body(&self.exchange);
        let whole = wants_body && self.buffer_body(None, 0).await == Buffered::Whole;
        if whole {
            self.show_body();
        }
        let now = Instant::now();
        let times = &mut self.exchange.times;
        (times.dequeued, times.connected, times.response) = (Some(now), Some(now), Some(now));
        self.exchange.service = Some(service.name());
        self.terminate(Cause::Local, Phase::Request);
        match &self.exchange.backend {
            Some(backend) => backend.stats.last_session.store(clock::at(now), Ordering::Relaxed),
            None => self.exchange.frontend.stats.counters.mine().intercepted.inc(),
        }
        self.settle_keep_alive();
        let Some(admin) = engine::admin() else { return self.answer_status(500).await };
        let present = Present { plan: admin.stage.plan(), admin };
        let body = whole.then_some(&*self.exchange.request_body);
        match Arc::clone(service).answer(&self.exchange, body, &present) {
            Answer::Message(message) => self.send_message(&message).await,
            Answer::Pieces(head, pieces) => self.send_pieces(&head, pieces).await,
            Answer::Changes(changes, done, failed) => {
                let mut message = &done;
                let by = self.by();
                let (authority, stage) = (&present.admin.authority, &present.admin.stage);
                let limit = || Instant::now() + PATIENCE;
                let is_stale = authority.catch_up(limit()).await.is_err();
                for change in changes {
                    if is_stale || authority.propose(stage, change, &by, limit()).await.is_err() {
                        message = &failed;
                    }
                }
                self.send_message(message).await
            }
        }
    }

    /// Who asks for changes.
    fn by(&self) -> By {
        let session = &self.exchange.session;
        let peer = session.src.map_or_else(String::new, |client| client.to_string());
        By { socket: format!("statistics of {}", self.exchange.frontend.name), peer }
    }

    /// Sends a head, and its body as it is made: in chunks, or to the end of the connection for a client that knows none.
    async fn send_pieces(&mut self, head: &Message, mut pieces: Box<dyn Pieces>) -> After {
        self.begin_message(head);
        let request = &self.exchange.request;
        let head_only = request.method == Method::Head;
        let chunked = request.version == Version::Http11;
        let response = &mut self.exchange.response;
        response.headers.remove_of(HeaderId::ContentLength);
        if chunked && !head_only {
            response.headers.append_key(&HeaderKey::new(b"transfer-encoding"), b"chunked");
            response.framing = Framing::Chunked;
        }
        self.close |= !chunked || super::draining();
        let header = self.client_header();
        self.work.out.clear();
        write_response(&self.exchange.response, header, &mut self.work.out);
        self.exchange.bytes_out += self.exchange.response.counted_size();
        let mut piece = String::new();
        let mut more = !head_only;
        loop {
            if self.send_out().await.is_err() {
                self.terminate(Cause::Client, Phase::Data);
                self.close = true;
                break;
            }
            if !more {
                break;
            }
            piece.clear();
            more = pieces.next(&mut piece);
            self.exchange.bytes_out += piece.len() as u64;
            let out = &mut self.work.out;
            out.clear();
            if chunked {
                if !piece.is_empty() {
                    chunk_header(piece.len(), out);
                    out.extend_from_slice(piece.as_bytes());
                    out.extend_from_slice(b"\r\n");
                }
                if !more {
                    out.extend_from_slice(b"0\r\n\r\n");
                }
            } else {
                out.extend_from_slice(piece.as_bytes());
            }
        }
        self.end_message().await
    }
}
