//! `balance uri [len N] [depth N] [whole] [path-only]`: the request target, or a part of it.

/// Which part of the target.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// `len`: at most that many bytes; 0: all.
    len: usize,
    /// `depth`: up to that many directories; 0: all.
    depth: usize,
    /// `whole`: the query too.
    whole: bool,
    /// `path-only`: from the path of an absolute target on.
    path_only: bool,
}

impl Part {
    /// What the words after `uri` say.
    pub(super) fn parse(args: &[&str]) -> Result<Self, String> {
        let mut part = Self::default();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let mut number = || {
                let value = words.next().and_then(|value| value.parse().ok()).filter(|value| *value > 0);
                value.ok_or_else(|| format!("'balance uri {word}' expects a positive integer."))
            };
            match *word {
                "len" => part.len = number()?,
                "depth" => part.depth = number()?,
                "whole" => part.whole = true,
                "path-only" => part.path_only = true,
                other => {
                    return Err(format!(
                        "'balance uri' only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{other}')."
                    ));
                }
            }
        }
        Ok(part)
    }

    /// The part of a target that is hashed.
    pub(super) fn of(self, target: &[u8]) -> &[u8] {
        let target = if self.path_only { path(target) } else { target };
        let target = if self.len > 0 { target.get(..self.len).unwrap_or(target) } else { target };
        let mut slashes = 0;
        let end = target.iter().position(|byte| match byte {
            b'/' => {
                slashes += 1;
                self.depth > 0 && slashes > self.depth
            }
            b'?' => !self.whole,
            _ => false,
        });
        end.and_then(|end| target.get(..end)).unwrap_or(target)
    }
}

/// What follows scheme and authority.
fn path(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let authority = memchr::memmem::find(target, b"://").map_or(0, |at| at + 3);
    let rest = target.get(authority..).unwrap_or_default();
    memchr::memchr(b'/', rest).and_then(|at| rest.get(at..)).unwrap_or_default()
}
