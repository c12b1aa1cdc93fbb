//! After an upgrade: bytes both ways until both sides have ended (RFC 9110 7.8).

use super::{After, Run};
use crate::connect::Upstream;
use crate::exchange::{Cause, Phase};
use crate::http::h1::{ConnectionHeader, write_response};
use crate::http::message::Framing;
use crate::http::relay::{Pump, Waiting};
use crate::proxy::Backend;
use crate::roll::Stage;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Instant;

impl Run<'_> {
    /// Sends the 101 and relays until the end.
    pub(super) async fn tunnel(&mut self, backend: &Arc<Backend>, mut upstream: Box<Upstream>) -> After {
        self.close = true;
        self.enter(Stage::Data);
        let mut head = std::mem::take(&mut self.work.out);
        head.clear();
        write_response(&self.exchange.response, ConnectionHeader::None, &mut head);
        let now = Instant::now();
        let mut up = Pump::new(Framing::UntilClose, false, Vec::new(), now);
        let mut down = Pump::new(Framing::UntilClose, false, head, now);
        let tunnel = self.exchange.tunnel_timeout(backend);
        let client_timeout = tunnel.or(self.exchange.client_timeout());
        let server_timeout = tunnel.or(self.exchange.server_timeout(backend));
        let (client, work) = (&mut *self.client, &mut *self.work);
        let (mut up_over, mut down_over) = (false, false);
        let ended = poll_fn(|cx| {
            if !up_over
                && let Poll::Ready(result) = up.poll(cx, &mut client.io, &mut work.client, &mut upstream.io)
            {
                let _ = ready!(upstream.io.poll_shutdown(cx));
                up_over = true;
                if result.is_err() {
                    return Poll::Ready(Some(Cause::Client));
                }
            }
            if !down_over
                && let Poll::Ready(result) = down.poll(cx, &mut upstream.io, &mut work.server, &mut client.io)
            {
                let _ = ready!(client.io.poll_shutdown(cx));
                down_over = true;
                if result.is_err() {
                    return Poll::Ready(Some(Cause::Server));
                }
            }
            if up_over && down_over {
                return Poll::Ready(None);
            }
            // Once one side has ended, the shorter patience of the `-fin` timeouts holds where it is set.
            let half = up_over || down_over;
            let client_fin = self.exchange.frontend.timeouts.client_fin.filter(|_| half);
            let server_fin = backend.timeouts.server_fin.filter(|_| half);
            let slow_client = down.waiting == Waiting::Write || (up.waiting == Waiting::Read && !up_over);
            let timeout =
                if slow_client { client_fin.or(client_timeout) } else { server_fin.or(server_timeout) };
            client.deadline.after(up.moved_at.max(down.moved_at), timeout);
            if client.deadline.poll(cx) {
                if client.deadline.was_cut() {
                    return Poll::Ready(Some(Cause::Killed));
                }
                let cause = if slow_client { Cause::ClientTimeout } else { Cause::ServerTimeout };
                return Poll::Ready(Some(cause));
            }
            Poll::Pending
        })
        .await;
        self.exchange.bytes_in += up.taken;
        self.exchange.bytes_out += self.exchange.response.weight + down.weight;
        if let Some(cause) = ended {
            let phase = if cause == Cause::Killed { Phase::Done } else { Phase::Data };
            self.terminate(cause, phase);
        }
        drop(upstream);
        self.work.out = down.into_head();
        self.finish();
        After::Close
    }
}
