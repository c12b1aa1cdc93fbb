//! What the reader sees: the table, the live line, and what happens.

use crate::options::Options;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

/// The table of what to look at and what to try.
pub fn table(
    options: &Options,
    holder: Option<&str>,
    [site, admin, database]: [SocketAddr; 3],
    took: Duration,
) -> String {
    let data = options.data.display();
    let leads = holder.map_or_else(String::new, |name| {
        format!(
            "  the leader     {name} holds {}; end it, and another does: ./examples/run --kill {name}\n",
            site.ip()
        )
    });
    format!(
        "\
all is up after {:.1} s

  the site       http://{site}/
  statistics     http://{admin}/stats
  metrics        http://{admin}/metrics
  the database   PGPASSWORD=$(cat {data}/password) psql -h {} -p {} -U app notes
  files, logs    {data}

{leads}  end a tier     ./examples/run --kill web1      (or app1, app2, web2, db1; --stop asks it to end)
  end all        Ctrl-C

",
        took.as_secs_f32(),
        database.ip(),
        database.port(),
    )
}

/// Something happened. The live line makes room.
pub fn event(live: bool, text: &str) {
    if live {
        println!("\r\x1b[K{text}");
    } else {
        println!("{text}");
    }
}

/// What the live line shows, and what it needs to remember for it.
#[derive(Debug, Default)]
pub struct View {
    requests: Option<u64>,
}

impl View {
    /// The line for these statistics (`show stat`), `since` after the last one.
    pub fn line(&mut self, statistics: &str, since: Duration) -> String {
        let mut lines = statistics.lines();
        let header: Vec<&str> =
            lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
        let at = |name: &str| header.iter().position(|column| *column == name);
        let (Some(status), Some(requests)) = (at("status"), at("req_tot")) else {
            return "the load balancer does not answer".into();
        };
        let mut servers = String::new();
        let mut total = 0_u64;
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let field = |at: usize| fields.get(at).copied().unwrap_or_default();
            match (field(0), field(1)) {
                ("site", "FRONTEND") => total = field(requests).parse().unwrap_or(0),
                // The backend "api" has the servers of "pages" again.
                ("pages" | "notebook" | "db", server) if !matches!(server, "FRONTEND" | "BACKEND") => {
                    let _ = write!(servers, "  {server} {}", field(status)); // a String takes anything
                }
                _ => {}
            }
        }
        let rate = self.requests.map_or(0.0, |before| {
            // A balancer that was started again counts from zero.
            u32::try_from(total.saturating_sub(before)).map_or(0.0, f64::from) / since.as_secs_f64()
        });
        self.requests = Some(total);
        format!("{total} requests, {rate:.0}/s {servers}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATISTICS: &str = "# pxname,svname,status,req_tot\n\
        site,FRONTEND,OPEN,1200\npages,web1,UP,\npages,web2,DOWN,\npages,BACKEND,UP,\napi,web1,UP,\n\
        notebook,app1,UP,\ndb,FRONTEND,OPEN,\ndb,db1,UP,\n\n";

    #[test]
    fn the_line_has_the_rate_and_each_server_once() {
        let mut view = View { requests: Some(1000) };
        let line = view.line(STATISTICS, Duration::from_secs(2));
        assert_eq!(line, "1200 requests, 100/s   web1 UP  web2 DOWN  app1 UP  db1 UP");
    }

    #[test]
    fn without_statistics_it_says_so() {
        assert_eq!(View::default().line("", Duration::from_secs(1)), "the load balancer does not answer");
    }
}
