//! The page's numbers for programs: CSV, typed, JSON.

use super::Page;
use super::view::{Form, View};
use crate::compile::Plan;
use crate::service::{PIECE, Pieces, Present};
use crate::stats::{Style, Walk, print};
use std::sync::Arc;

/// An export on its way.
pub(super) struct Export {
    page: Arc<Page>,
    view: View,
    plan: Arc<Plan>,
    walk: Walk,
    style: Style,
    began: bool,
    first: bool,
}

impl Export {
    pub(super) fn new(page: &Arc<Page>, view: View, present: &Present) -> Self {
        let (typed, json) = (view.form == Form::Typed, view.form == Form::Json);
        Self {
            page: Arc::clone(page),
            plan: Arc::clone(&present.plan),
            walk: Walk::new(&present.plan),
            style: Style { typed, json, private: page.legends, ..Style::default() },
            view,
            began: false,
            first: true,
        }
    }
}

impl Pieces for Export {
    fn next(&mut self, out: &mut String) -> bool {
        if !self.began {
            self.began = true;
            print::begin_stat(self.style, out);
        }
        while out.len() < PIECE {
            let Some(row) = self.walk.next(&self.plan) else {
                print::end_stat(self.style, out);
                return false;
            };
            if self.page.shows(&self.view, &row) {
                print::stat_row(&row, self.first, self.style, out);
                self.first = false;
            }
        }
        true
    }
}
