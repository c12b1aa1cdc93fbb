//! The text of such a file: what it says, line by line, and what is wrong with it.

use crate::compile::guid;

/// Which of the two parts of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// `#fe`: frontends and listeners.
    Front,
    /// `#be`: backends and servers.
    Back,
}

/// What a line says of something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// The line, from 1.
    pub(super) number: usize,
    pub(super) side: Side,
    pub(super) guid: &'a str,
    /// Columns and numbers.
    pub(super) values: Vec<(&'a str, u64)>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// It is no such file: nothing of it counts.
    Form,
    /// The head of a part.
    Header(usize),
    /// A line.
    Line(usize),
}

/// Reads a text.
pub(super) fn read(text: &str) -> (Vec<Row<'_>>, Vec<Fault>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut part: Option<(Side, Vec<&str>)> = None;
    let mut known = false;
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if line.starts_with('#') {
            part = match header(line) {
                Ok(part) => part,
                Err(()) if known => {
                    faults.push(Fault::Header(number));
                    None
                }
                Err(()) => return (rows, vec![Fault::Form]),
            };
            known = true;
        } else if let Some((side, columns)) = &part {
            match row(number, *side, columns, line) {
                Some(row) => rows.push(row),
                None => faults.push(Fault::Line(number)),
            }
        } else if !known {
            return (rows, vec![Fault::Form]);
        }
    }
    (rows, faults)
}

/// `#fe guid,COLUMN,COLUMN,`; none for a part that is not known.
#[allow(clippy::type_complexity)]
fn header(line: &str) -> Result<Option<(Side, Vec<&str>)>, ()> {
    let (name, columns) = line.split_once(' ').filter(|(name, _)| name.len() > 1).ok_or(())?;
    let mut columns = columns.strip_suffix(',').ok_or(())?.split(',');
    let first = columns.next();
    let side = match name {
        "#fe" => Side::Front,
        "#be" => Side::Back,
        _ => return Ok(None),
    };
    if first == Some("guid") { Ok(Some((side, columns.collect()))) } else { Err(()) }
}

fn row<'a>(number: usize, side: Side, columns: &[&'a str], line: &'a str) -> Option<Row<'a>> {
    let (guid, values) = line.split_once(',').unwrap_or((line, ""));
    if guid.is_empty() || guid::fault(guid).is_some() {
        return None;
    }
    // What is no number is left out.
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let value = |(column, text): (&&'a str, &'a str)| {
        Some(text).filter(digits).and_then(|text| text.parse().ok()).map(|number| (*column, number))
    };
    let values = columns.iter().zip(values.split(',')).filter_map(value).collect();
    Some(Row { number, side, guid, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_the_columns_of_their_part() {
        let text = "// made by hand\n\n#fe guid,stot,new,bin,\na,1,2,3,\n#xx guid,stot,\nb,9,\n#be guid,bin,\nb,x,\nc,18446744073709551615,7,\nd\n";
        let row = |number, side, guid, values| Row { number, side, guid, values };
        let rows = vec![
            row(4, Side::Front, "a", vec![("stot", 1), ("new", 2), ("bin", 3)]),
            row(8, Side::Back, "b", vec![]),
            row(9, Side::Back, "c", vec![("bin", u64::MAX)]),
            row(10, Side::Back, "d", vec![]),
        ];
        assert_eq!(read(text), (rows, vec![]));
    }

    #[test]
    fn what_is_wrong_is_left_out_and_no_such_file_is_not_read() {
        for text in ["a,1,\n", "#fe\n", "#fe guid,stot\n", "#fe stot,\n", "# guid,\n", "\u{7f}ELF"] {
            assert_eq!(read(text), (vec![], vec![Fault::Form]), "{text}");
        }
        let (rows, faults) = read("#fe guid,stot,\n/,1,\na,1,\n#be x,\nb,1,\n");
        assert_eq!((rows.len(), faults), (1, vec![Fault::Line(2), Fault::Header(4)]));
    }
}
