//! Values on their way between the two sides: parameters from the wire to SQLite, columns from SQLite to the wire.

use crate::sqlstate::error;
use pgwire::api::Type;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::results::{DataRowEncoder, FieldInfo};
use pgwire::error::PgWireResult;
use rusqlite::types::{Value, ValueRef};

/// A column of a result: its name, and the type that it is sent as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As the statement names it.
    pub name: String,
    /// From the declaration of the table; an expression is sent as text.
    pub kind: Type,
}

/// The type for a declaration, like `BIGINT` or `VARCHAR(20)`.
pub fn declared(declaration: Option<&str>) -> Type {
    let declaration = declaration.unwrap_or_default().to_ascii_uppercase();
    match declaration.split('(').next().unwrap_or_default().trim() {
        "BIGINT" | "INT8" => Type::INT8,
        "INTEGER" | "INT" | "INT4" | "SMALLINT" => Type::INT4,
        "BOOLEAN" | "BOOL" => Type::BOOL,
        "DOUBLE PRECISION" | "FLOAT8" | "REAL" => Type::FLOAT8,
        "BYTEA" | "BLOB" => Type::BYTEA,
        _ => Type::TEXT,
    }
}

/// The columns as the wire describes them, in the formats that the client asked for.
pub fn fields(columns: &[Column], format: &Format) -> Vec<FieldInfo> {
    let field = |(at, column): (usize, &Column)| {
        FieldInfo::new(column.name.clone(), None, None, column.kind.clone(), format.format_for(at))
    };
    columns.iter().enumerate().map(field).collect()
}

/// The parameters that the client bound.
///
/// # Errors
/// 22P02 and the like for what does not fit its type; 0A000 for a type that SQLite has nothing for.
pub fn parameters<S: Clone>(portal: &Portal<S>) -> PgWireResult<Vec<Value>> {
    (0..portal.parameter_len())
        .map(|at| {
            let kind = portal.statement.parameter_types.get(at).cloned().flatten().unwrap_or(Type::TEXT);
            parameter(portal, at, &kind)
        })
        .collect()
}

fn parameter<S: Clone>(portal: &Portal<S>, at: usize, kind: &Type) -> PgWireResult<Value> {
    let value = match *kind {
        Type::INT8 => portal.parameter::<i64>(at, kind)?.map(Value::from),
        Type::INT4 => portal.parameter::<i32>(at, kind)?.map(Value::from),
        Type::INT2 => portal.parameter::<i16>(at, kind)?.map(Value::from),
        Type::BOOL => portal.parameter::<bool>(at, kind)?.map(Value::from),
        Type::FLOAT8 => portal.parameter::<f64>(at, kind)?.map(Value::from),
        Type::FLOAT4 => portal.parameter::<f32>(at, kind)?.map(|value| Value::from(f64::from(value))),
        Type::BYTEA => portal.parameter::<Vec<u8>>(at, kind)?.map(Value::from),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
            portal.parameter::<String>(at, &Type::TEXT)?.map(Value::from)
        }
        _ => return Err(error("0A000", format!("parameters of type {kind} are not supported"))),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Adds one value to a row, as the type that was described to the client.
///
/// # Errors
/// 42804 or 22003 when the value is not of that type: SQLite's columns hold anything.
pub fn encode(row: &mut DataRowEncoder, column: &Column, value: ValueRef<'_>) -> PgWireResult<()> {
    let mismatch = || {
        error(
            "42804",
            format!("column \"{}\" is {}, but holds {}", column.name, column.kind, value.data_type()),
        )
    };
    if value == ValueRef::Null {
        return row.encode_field(&None::<String>);
    }
    match (&column.kind, value) {
        (&Type::INT8, ValueRef::Integer(number)) => row.encode_field(&number),
        (&Type::INT4, ValueRef::Integer(number)) => {
            let small = i32::try_from(number);
            let small = small.map_err(|_| error("22003", format!("{number} is out of range for integer")))?;
            row.encode_field(&small)
        }
        (&Type::BOOL, ValueRef::Integer(number)) => row.encode_field(&(number != 0)),
        (&Type::FLOAT8, ValueRef::Real(number)) => row.encode_field(&number),
        #[expect(clippy::cast_precision_loss, reason = "as SQLite itself does")]
        (&Type::FLOAT8, ValueRef::Integer(number)) => row.encode_field(&(number as f64)),
        (&Type::BYTEA, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => row.encode_field(&bytes),
        (&Type::TEXT, ValueRef::Text(bytes)) => row.encode_field(&String::from_utf8_lossy(bytes).as_ref()),
        (&Type::TEXT, ValueRef::Integer(number)) => row.encode_field(&number.to_string()),
        (&Type::TEXT, ValueRef::Real(number)) => row.encode_field(&number.to_string()),
        _ => Err(mismatch()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_become_types() {
        assert_eq!(declared(Some("BIGINT")), Type::INT8);
        assert_eq!(declared(Some("varchar(20)")), Type::TEXT);
        assert_eq!(declared(Some("double precision")), Type::FLOAT8);
        assert_eq!(declared(Some("Blob")), Type::BYTEA);
        assert_eq!(declared(None), Type::TEXT);
    }
}
