//! Signatures of fetches and converters, written as `-dK` prints them: `integer,string[,table]`.

/// The kind of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    Str,
    Int,
    Ipv4,
    Ipv6,
    Mask4,
    Mask6,
    Backend,
    Frontend,
    Server,
    Table,
    Userlist,
    Regex,
    Variable,
    NumberOrVariable,
    ProtobufField,
}

impl Param {
    fn parse(text: &str) -> Self {
        match text {
            "integer" => Self::Int,
            "IPv4 address" => Self::Ipv4,
            "IPv6 address" => Self::Ipv6,
            "IPv4 mask" => Self::Mask4,
            "IPv6 mask" => Self::Mask6,
            "backend" => Self::Backend,
            "frontend" => Self::Frontend,
            "server" => Self::Server,
            "table" => Self::Table,
            "user list" => Self::Userlist,
            "regex" => Self::Regex,
            "variable" => Self::Variable,
            "number or variable" => Self::NumberOrVariable,
            "Protocol buffers field number" => Self::ProtobufField,
            _ => Self::Str,
        }
    }

    /// What messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Str | Self::Variable | Self::NumberOrVariable => "string",
            Self::Int => "integer",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Mask4 => "IPv4 mask",
            Self::Mask6 => "IPv6 mask",
            Self::Backend => "backend",
            Self::Frontend => "frontend",
            Self::Server => "server",
            Self::Table => "table",
            Self::Userlist => "user list",
            Self::Regex => "regex",
            Self::ProtobufField => "Protocol buffers field number",
        }
    }

    /// The proxy, table, server or list of the place itself stands in where it is left out.
    pub(crate) fn is_implied(self) -> bool {
        matches!(self, Self::Backend | Self::Frontend | Self::Table | Self::Userlist)
    }
}

/// The arguments of a fetch or converter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) params: Vec<Param>,
    /// How many of them must be given.
    pub(crate) required: usize,
}

impl Signature {
    pub(crate) fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Self { params: Vec::new(), required: 0 };
        }
        let (needed, optional) = text.split_once('[').unwrap_or((text, ""));
        let params = |text: &str| -> Vec<Param> {
            text.trim_end_matches(']').split(',').filter(|part| !part.is_empty()).map(Param::parse).collect()
        };
        let mut all = params(needed);
        let required = all.len();
        all.extend(params(optional));
        Self { params: all, required }
    }
}
