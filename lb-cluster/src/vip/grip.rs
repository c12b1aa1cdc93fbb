//! What a node holds its addresses by: the engine's leave to listen, and where addresses are on interfaces, a keeper.
//!
//! The leave ends by itself, but in this process. So an address that is held by listening alone (`bind-only`) gives every
//! invariant but I1 under a pause: one that is stopped keeps the sockets that it listened on, and the kernel takes connections on
//! them that nobody answers until they are reset.

use super::farewell::{Farewell, Step};
use super::keeper::Remote;
use super::{Hands, Sense};
use crate::runtime::now;
use lb_core::listen::Permit;
use std::time::{Duration, Instant};

/// Both.
#[derive(Debug)]
pub struct Grip {
    permit: Permit,
    keeper: Option<Remote>,
    /// Leave was granted for what is over, and withdrawn.
    late: bool,
    /// How often that was.
    fenced: u64,
    farewell: Farewell,
}

impl Grip {
    /// One that holds nothing; without a keeper no interface is touched.
    pub fn new(permit: Permit, keeper: Option<Remote>) -> Self {
        Self { permit, keeper, late: false, fenced: 0, farewell: Farewell::default() }
    }
}

impl Hands for Grip {
    fn rebuild(&mut self) {
        self.late = false;
        self.keeper.iter_mut().for_each(Hands::rebuild);
    }

    fn guard(&mut self, until: Instant) {
        if let Some(keeper) = &mut self.keeper {
            keeper.guard(until);
        }
        self.permit.grant(until);
        // Whoever was paused in between has granted it for what is over.
        if now() >= until {
            self.permit.withdraw();
            self.late = true;
            self.fenced += 1;
        }
    }

    fn close(&mut self) {
        self.keeper.iter_mut().for_each(Hands::close);
        self.permit.withdraw();
    }

    fn address(&mut self) {
        self.keeper.iter_mut().for_each(Hands::address);
    }

    fn remove(&mut self) {
        self.keeper.iter_mut().for_each(Hands::remove);
    }

    fn announce(&mut self) {
        self.keeper.iter_mut().for_each(Hands::announce);
    }

    fn sense(&mut self) -> Sense {
        let all_well = Sense { guarded: true, settled: true, fit: true, ..Sense::default() };
        let sense = self.keeper.as_mut().map_or(all_well, Hands::sense);
        Sense {
            guarded: sense.guarded && !self.late,
            fit: sense.fit && self.permit.is_served(),
            fenced: sense.fenced + self.fenced,
            ..sense
        }
    }

    fn may_leave(&mut self, since: Duration) -> bool {
        if since.is_zero() {
            self.permit.part();
        }
        let (earlier, all) = self.permit.running();
        let step = self.farewell.step(since, earlier, all);
        if step == Step::Refuse {
            self.permit.refuse();
        }
        step == Step::Leave
    }
}
