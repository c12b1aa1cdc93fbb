//! lb's own events for people and programs that collect them: not the traffic log, and never a line per request.

use lb_core::stats::json_text;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How events are written to standard error (`--trace`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Those of this level and above.
    pub(crate) level: Level,
    /// A JSON object in each line.
    pub(crate) json: bool,
}

impl Trace {
    /// All of them, as text (`-d`, `-V`, `-dt`).
    pub(crate) const ALL: Self = Self { level: Level::DEBUG, json: false };

    /// Reads `LEVEL[,json]`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let (level, json) = match word.split_once(',') {
            Some((level, "json")) => (level, true),
            Some(_) => return None,
            None => (word, false),
        };
        let level = match level {
            "error" => Level::ERROR,
            "warn" => Level::WARN,
            "info" => Level::INFO,
            "debug" => Level::DEBUG,
            _ => return None,
        };
        Some(Self { level, json })
    }

    /// Begins to write.
    pub(crate) fn start(self) {
        let plain = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(self.level);
        // Set already: then it is the same one.
        let _ = if self.json { plain.event_format(Json).try_init() } else { plain.try_init() };
    }
}

/// An object in each line: `time` (seconds since 1970), `level`, `target`, `message`, and the event's own fields.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let meta = event.metadata();
        let (seconds, micros) = (now.as_secs(), now.subsec_micros());
        write!(writer, "{{\"time\":{seconds}.{micros:06},\"level\":\"{}\",\"target\":", meta.level())?;
        writer.write_str(&json_text(meta.target()))?;
        let mut fields = Fields { writer: &mut writer, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        writeln!(writer, "}}")
    }
}

/// Writes fields as they come.
struct Fields<'a, 'b> {
    writer: &'a mut Writer<'b>,
    result: fmt::Result,
}

impl Fields<'_, '_> {
    fn put(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let mut put = || {
            write!(self.writer, ",")?;
            self.writer.write_str(&json_text(field.name()))?;
            write!(self.writer, ":")
        };
        self.result = self.result.and_then(|()| put()).and_then(|()| value(self.writer));
    }
}

impl Visit for Fields<'_, '_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |writer| writer.write_str(&json_text(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, |writer| writer.write_str(&json_text(&format!("{value:?}"))));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn words_say_what_is_written() {
        assert_eq!(Trace::parse("info"), Some(Trace { level: Level::INFO, json: false }));
        assert_eq!(Trace::parse("warn,json"), Some(Trace { level: Level::WARN, json: true }));
        assert_eq!((Trace::parse("loud"), Trace::parse("info,xml"), Trace::parse("")), (None, None, None));
    }

    #[test]
    fn events_are_objects() {
        let sink = Sink::default();
        let writer = sink.clone();
        let plain = tracing_subscriber::fmt().with_max_level(Level::INFO);
        let subscriber = plain.with_writer(move || writer.clone()).event_format(Json).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(backend = "b\"\n", count = 3, up = true, error = ?Some(1), "it is \\ up");
            tracing::debug!("not wanted");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let value: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(text.lines().count(), 1);
        for (name, expected) in [
            ("level", serde_json::json!("INFO")),
            ("message", serde_json::json!("it is \\ up")),
            ("backend", serde_json::json!("b\"\n")),
            ("count", serde_json::json!(3)),
            ("up", serde_json::json!(true)),
            ("error", serde_json::json!("Some(1)")),
        ] {
            assert_eq!(value[name], expected, "{name}: {text}");
        }
        assert!(value["time"].as_f64().unwrap() > 1e9);
    }
}
