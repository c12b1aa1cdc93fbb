//! Values of statistics and what kind of number they are (management guide 9.2 "Typed output format").

use std::borrow::Cow;

/// A value. `None` prints as nothing: it does not apply.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each is the type of that name in typed output
pub enum Value {
    None,
    U32(u32),
    U64(u64),
    S32(i32),
    Str(Cow<'static, str>),
    /// A number of seconds, printed with its fraction on demand only.
    Seconds(f64),
}

impl Value {
    /// The number as 32 bits, at its limit when it is larger.
    pub fn u32(number: u64) -> Self {
        Self::U32(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The type's name in typed output.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::U32(_) | Self::Seconds(_) => "u32",
            Self::U64(_) => "u64",
            Self::S32(_) => "s32",
            Self::Str(_) => "str",
        }
    }

    /// As text; with `float`, seconds keep their fraction.
    pub fn text(&self, float: bool) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(""),
            Self::U32(number) => number.to_string().into(),
            Self::U64(number) => number.to_string().into(),
            Self::S32(number) => number.to_string().into(),
            Self::Str(text) => Cow::Borrowed(text),
            Self::Seconds(seconds) if float => format!("{seconds:.6}").into(),
            Self::Seconds(seconds) => format!("{}", seconds.trunc()).into(),
        }
    }
}

/// Origin, nature and scope of a value, as the three letters of typed output: `MGP` is a metric, a gauge, of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tags(pub [u8; 3]);

impl Tags {
    /// As three letters.
    pub fn letters(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The origin's name in JSON.
    pub fn origin(&self) -> &'static str {
        match self.0[0] {
            b'M' => "Metric",
            b'S' => "Status",
            b'K' => "Key",
            b'C' => "Config",
            _ => "Product",
        }
    }

    /// The nature's name in JSON.
    pub fn nature(&self) -> &'static str {
        match self.0[1] {
            b'A' => "Age",
            b'a' => "Avg",
            b'C' => "Counter",
            b'D' => "Duration",
            b'G' => "Gauge",
            b'L' => "Limit",
            b'M' => "Max",
            b'm' => "Min",
            b'N' => "Name",
            b'O' => "Output",
            b'R' => "Rate",
            _ => "Time",
        }
    }

    /// The scope's name in JSON.
    pub fn scope(&self) -> &'static str {
        match self.0[2] {
            b'C' => "Cluster",
            b'P' => "Process",
            b'S' => "Service",
            _ => "System",
        }
    }
}
