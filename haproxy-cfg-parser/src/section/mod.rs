//! Sections: which one a line belongs to, and what opens and closes them.

pub(crate) mod acme;
pub(crate) mod bind;
pub(crate) mod cache;
pub(crate) mod cluster;
pub(crate) mod crt_store;
pub(crate) mod defaults;
pub(crate) mod draft;
pub(crate) mod fcgi_app;
pub(crate) mod global;
mod http_errors;
pub(crate) mod log;
pub(crate) mod log_forward;
pub(crate) mod log_profile;
pub(crate) mod mailers;
pub(crate) mod modifier;
pub(crate) mod other;
pub(crate) mod peers;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod resolvers;
pub(crate) mod ring;
pub(crate) mod server;
pub(crate) mod traces;
pub(crate) mod userlist;

use crate::model::{Class, Place};
use crate::parse::{Args, Cx};
use crate::tables::keywords;
use defaults::Defaults;
use draft::Draft;

/// The section that lines belong to.
#[derive(Default)]
enum Current {
    /// Before the first section, or in one whose first line was wrong.
    #[default]
    None,
    Global,
    Proxy(Box<Draft>),
    Userlist,
    HttpErrors,
    Cluster(Box<cluster::Draft>),
    Mailers,
    Resolvers,
    Other(&'static keywords::other::Section),
}

/// The section being read, and what `defaults` sections have said.
#[derive(Default)]
pub(crate) struct Sections {
    current: Current,
    defaults: Defaults,
    /// Where the section starts, and how many errors there were before.
    started: (Place, usize),
}

impl Sections {
    /// One line that is no directive.
    pub(crate) fn line(&mut self, cx: &mut Cx<'_>, args: &Args<'_>) {
        if self.header(cx, args) {
            return;
        }
        let Some((modifier, args)) = modifier::read(cx, args) else { return };
        match &mut self.current {
            Current::None => {
                let here = cx.here();
                let text = format!("{here}: unknown keyword '{}' out of section.", args.get(0));
                cx.alert_word(&args, 0, text);
            }
            Current::Global => global::line(cx, &args, modifier),
            Current::Proxy(draft) => proxy::line(cx, draft, &args, modifier),
            Current::Userlist => userlist::line(cx, &args),
            Current::HttpErrors => http_errors::line(cx, &args),
            Current::Cluster(draft) => cluster::line(cx, draft, &args),
            Current::Mailers => mailers::line(cx, &args),
            Current::Resolvers => resolvers::line(cx, &args),
            Current::Other(section) => other::line(cx, section, &args, modifier),
        }
    }

    /// Opens a section if the line starts one.
    fn header(&mut self, cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
        let name = args.get(0);
        match name {
            "global" => {
                self.close(cx);
                cx.section = "global";
                cx.too_many(args, 0);
                if cx.config.global.place.is_none() {
                    cx.config.global.place = Some(cx.place.clone());
                }
                self.current = Current::Global;
            }
            "userlist" => {
                self.close(cx);
                cx.section = "userlist";
                cx.uses(Class::Section, "userlist");
                self.current = if userlist::open(cx, args) { Current::Userlist } else { Current::None };
            }
            "http-errors" => {
                self.close(cx);
                cx.section = "http-errors";
                cx.uses(Class::Section, "http-errors");
                self.current = if http_errors::open(cx, args) { Current::HttpErrors } else { Current::None };
            }
            "mailers" => {
                self.close(cx);
                cx.section = "mailers";
                cx.uses(Class::Section, "mailers");
                self.current = if mailers::open(cx, args) { Current::Mailers } else { Current::None };
            }
            "resolvers" => {
                self.close(cx);
                cx.section = "resolvers";
                cx.uses(Class::Section, "resolvers");
                self.current = if resolvers::open(cx, args) { Current::Resolvers } else { Current::None };
            }
            "cluster" => {
                self.close(cx);
                cx.section = "cluster";
                cx.uses(Class::Section, "cluster");
                self.current =
                    cluster::open(cx, args).map_or(Current::None, |draft| Current::Cluster(Box::new(draft)));
            }
            "defaults" | "frontend" | "backend" | "listen" => {
                self.close(cx);
                self.current = match draft::open(cx, args, &mut self.defaults) {
                    Some(draft) => Current::Proxy(Box::new(draft)),
                    None => Current::None,
                };
            }
            _ => {
                let Some(section) = keywords::other::section(name) else { return false };
                self.close(cx);
                cx.section = section.name;
                cx.uses(Class::Section, section.name);
                other::open(cx, section, args);
                self.current = Current::Other(section);
            }
        }
        true
    }

    fn close(&mut self, cx: &mut Cx<'_>) {
        cx.proxy.clear();
        let (place, errors) = std::mem::take(&mut self.started);
        if cx.errors() > errors {
            cx.broken.insert(place);
        }
        match std::mem::take(&mut self.current) {
            Current::Proxy(draft) => draft::close(cx, *draft, &mut self.defaults),
            Current::Cluster(draft) => cluster::close(cx, *draft),
            _ => {}
        }
        self.started = (cx.place.clone(), cx.errors());
    }

    /// A section does not go on in the next file.
    pub(crate) fn end_of_file(&mut self, cx: &mut Cx<'_>) {
        self.close(cx);
        self.current = Current::None;
    }

    /// After the last file.
    pub(crate) fn finish(&mut self, cx: &mut Cx<'_>) {
        self.close(cx);
        let defaults = std::mem::take(&mut self.defaults);
        cx.heirs = defaults.heirs();
        cx.config.defaults = defaults.finish();
        resolvers::finish(cx);
    }
}
