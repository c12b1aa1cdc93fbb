//! Files as the words that they stand for.

use crate::model::Place;
use crate::modernise::rewrite;
use crate::parse::parse_with_words;
use crate::{Source, World, raw};
use std::collections::HashMap;

/// Writes each line as the words that it is cut into: variables as what they stand for at this line, no comments behind them,
/// quotes only where they are needed. Parsing it again, in the same world, gives the same [`Config`](crate::Config). Lines without
/// words, and those that cannot be cut into words, stay as they are.
///
/// ```
/// use haproxy_cfg_parser::{Source, SystemWorld, print};
///
/// let text = "global\n  setenv A \"x y\"  # said once\n  description \"${A}\"!\n";
/// let printed = print(&[Source::new("a.cfg", text)], &SystemWorld::default());
/// assert_eq!(printed[0].bytes, b"global\n    setenv A \"x y\"\n    description \"x y!\"\n");
/// ```
pub fn print(sources: &[Source], world: &dyn World) -> Vec<Source> {
    let lines: HashMap<Place, String> = parse_with_words(sources, world).into_iter().collect();
    rewrite(sources, |place, line, out| match lines.get(place) {
        Some(words) if !words.is_empty() => {
            let indented = line.first().is_some_and(u8::is_ascii_whitespace);
            out.extend_from_slice(if indented { b"    " } else { b"" });
            out.extend_from_slice(&raw::bytes(words));
        }
        _ => out.extend_from_slice(line),
    })
}
