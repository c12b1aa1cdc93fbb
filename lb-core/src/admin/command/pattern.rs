//! Commands about maps and the patterns of ACLs.

use super::super::change::{PatternEdit, find_list};
use super::{Call, Change, Command, Outcome};
use crate::acl::Reference;
use std::fmt::Write;
use std::sync::Arc;

/// Maps or ACLs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    Acl,
}

impl Kind {
    fn unknown(self) -> String {
        let name = if self == Self::Map { "map" } else { "ACL" };
        format!("Unknown {name} identifier. Please use #<id> or <file>.")
    }

    fn has(self, reference: &Reference) -> bool {
        match self {
            Self::Map => reference.is_map(),
            Self::Acl => reference.is_acl(),
        }
    }
}

pub(super) const ADD_ACL: Command =
    Command::admin(&["add", "acl"], "add acl [@<ver>] <acl> <pattern>", "add an acl entry", |call| {
        add(call, Kind::Acl).into()
    });
pub(super) const ADD_MAP: Command = Command::admin(
    &["add", "map"],
    "add map [@<ver>] <map> <key> <val>",
    "add a map entry (payload supported instead of key/val)",
    |call| add(call, Kind::Map).into(),
);
pub(super) const CLEAR_ACL: Command =
    Command::admin(&["clear", "acl"], "clear acl [@<ver>] <acl>", "clear the contents of this acl", |call| {
        clear(call, Kind::Acl).into()
    });
pub(super) const CLEAR_MAP: Command =
    Command::admin(&["clear", "map"], "clear map [@<ver>] <map>", "clear the contents of this map", |call| {
        clear(call, Kind::Map).into()
    });
pub(super) const COMMIT_ACL: Command =
    Command::admin(&["commit", "acl"], "commit acl @<ver> <acl>", "commit the ACL at this version", |call| {
        commit(call, Kind::Acl).into()
    });
pub(super) const COMMIT_MAP: Command =
    Command::admin(&["commit", "map"], "commit map @<ver> <map>", "commit the map at this version", |call| {
        commit(call, Kind::Map).into()
    });
pub(super) const DEL_ACL: Command = Command::admin(
    &["del", "acl"],
    "del acl <acl> [<key>|#<ref>]",
    "delete acl entries matching <key>",
    |call| delete(call, Kind::Acl).into(),
);
pub(super) const DEL_MAP: Command = Command::admin(
    &["del", "map"],
    "del map <map> [<key>|#<ref>]",
    "delete map entries matching <key>",
    |call| delete(call, Kind::Map).into(),
);
pub(super) const GET_ACL: Command = Command::user(
    &["get", "acl"],
    "get acl <acl> <value>",
    "report the patterns matching a sample for an ACL",
    |call| get(call, Kind::Acl).into(),
);
pub(super) const GET_MAP: Command = Command::user(
    &["get", "map"],
    "get map <map> <value>",
    "report the keys and values matching a sample for a map",
    |call| get(call, Kind::Map).into(),
);
pub(super) const PREPARE_ACL: Command = Command::admin(
    &["prepare", "acl"],
    "prepare acl <acl>",
    "prepare a new version for atomic ACL replacement",
    |call| prepare(call, Kind::Acl).into(),
);
pub(super) const PREPARE_MAP: Command = Command::admin(
    &["prepare", "map"],
    "prepare map <map>",
    "prepare a new version for atomic map replacement",
    |call| prepare(call, Kind::Map).into(),
);
pub(super) const SET_MAP: Command =
    Command::admin(&["set", "map"], "set map <map> [<key>|#<ref>] <value>", "modify a map entry", |call| {
        set(call).into()
    });
pub(super) const SHOW_ACL: Command = Command::user(
    &["show", "acl"],
    "show acl [@<ver>] <acl>",
    "report available acls or dump an acl's contents",
    |call| show(call, Kind::Acl).into(),
);
pub(super) const SHOW_MAP: Command = Command::user(
    &["show", "map"],
    "show map [@<ver>] [map]",
    "report available maps or dump a map's contents",
    |call| show(call, Kind::Map).into(),
);

type Answer = Result<Outcome, String>;

/// The version that the first argument names, and the arguments after it.
fn version<'a>(call: &'a Call<'_>) -> (Option<u32>, &'a [String]) {
    match call.args.split_first() {
        Some((first, rest)) if first.starts_with('@') => {
            // What is no number counts as far as it is one, as in C.
            let digits: String = first.chars().skip(1).take_while(char::is_ascii_digit).collect();
            (Some(digits.parse().unwrap_or(0)), rest)
        }
        _ => (None, call.args),
    }
}

fn list<'a>(call: &'a Call<'_>, kind: Kind, name: Option<&String>) -> Result<&'a Arc<Reference>, String> {
    let name = name.map_or("", String::as_str);
    find_list(call.plan, name).ok().filter(|reference| kind.has(reference)).ok_or_else(|| kind.unknown())
}

/// An edit of the list, named so that every node of a cluster finds it.
fn edit(reference: &Reference, edit: PatternEdit) -> Change {
    Change::Patterns { list: reference.name(), edit }
}

fn show(call: &Call<'_>, kind: Kind) -> Answer {
    let (version, args) = version(call);
    if args.is_empty() {
        let mut out = String::from("# id (file) description\n");
        for reference in call.plan.references.iter().filter(|reference| kind.has(reference)) {
            out.push_str(&reference.describe());
            out.push('\n');
        }
        return Ok(Outcome::Dump(out));
    }
    let reference = list(call, kind, args.first())?;
    let versions = reference.versions();
    let mut out = String::new();
    for entry in versions.of(version.unwrap_or(versions.current())) {
        let _ = match entry.value.as_deref().filter(|_| kind == Kind::Map) {
            Some(value) => writeln!(out, "0x{:x} {} {value}", entry.id, entry.key),
            None => writeln!(out, "0x{:x} {}", entry.id, entry.key),
        };
    }
    Ok(Outcome::Dump(out))
}

fn get(call: &Call<'_>, kind: Kind) -> Answer {
    if call.args.len() < 2 {
        let name = if kind == Kind::Map { "map" } else { "ACL" };
        return Err(format!("Missing {name} identifier and/or key."));
    }
    let reference = list(call, kind, call.args.first())?;
    Ok(Outcome::Dump(reference.find(call.arg(1)).iter().map(|line| format!("{line}\n")).collect()))
}

fn add(call: &Call<'_>, kind: Kind) -> Answer {
    let (version, args) = version(call);
    let usage = || {
        match kind {
        Kind::Map => {
            "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload"
                .to_owned()
        }
        Kind::Acl => "'add acl' expects two parameters: ACL identifier and pattern.".to_owned(),
    }
    };
    let complete = match kind {
        _ if call.payload.is_some() => !args.is_empty(),
        Kind::Map => args.len() > 2,
        Kind::Acl => args.len() > 1,
    };
    if !complete {
        return Err(usage());
    }
    let reference = list(call, kind, args.first())?;
    if kind == Kind::Acl && reference.is_map() {
        let text = "This ACL is shared with a map containing samples. You must use the command 'add map' to add values.";
        return Err(text.into());
    }
    let entries = match (call.payload, kind) {
        (Some(payload), _) => payload_entries(payload, kind)?,
        (None, Kind::Map) => vec![(args[1].clone(), Some(args[2].clone()))],
        (None, Kind::Acl) => vec![(args[1].clone(), None)],
    };
    for (key, value) in &entries {
        reference.check(key, value.as_deref())?;
    }
    Ok(Outcome::Change(edit(reference, PatternEdit::Add { version, entries })))
}

/// A payload's lines: patterns, or keys with values.
fn payload_entries(payload: &str, kind: Kind) -> Result<Vec<(String, Option<String>)>, String> {
    let mut entries = Vec::new();
    for line in payload.lines() {
        let line = line.trim_start_matches([' ', '\t']);
        if line.is_empty() {
            continue;
        }
        if kind == Kind::Acl {
            entries.push((line.to_owned(), None));
            continue;
        }
        let (key, value) = line.split_at(line.find([' ', '\t']).unwrap_or(line.len()));
        let value = value.trim_start_matches([' ', '\t']);
        if value.is_empty() {
            return Err(format!("Missing value for key '{key}'."));
        }
        entries.push((key.to_owned(), Some(value.to_owned())));
    }
    Ok(entries)
}

fn set(call: &Call<'_>) -> Answer {
    if call.args.len() < 3 {
        return Err("'set map' expects three parameters: map identifier, key and value.".into());
    }
    let reference = list(call, Kind::Map, call.args.first())?;
    let (key, value) = (call.arg(1).to_owned(), call.arg(2).to_owned());
    if !key.starts_with('#') {
        reference.check(&key, Some(&value))?;
    }
    Ok(Outcome::Change(edit(reference, PatternEdit::Set { key, value })))
}

fn delete(call: &Call<'_>, kind: Kind) -> Answer {
    if call.args.len() < 2 {
        let name = if kind == Kind::Map { "map" } else { "ACL" };
        return Err(format!("This command expects two parameters: {name} identifier and key."));
    }
    // HAProxy speaks of maps here for both.
    let reference = list(call, kind, call.args.first()).map_err(|_| Kind::Map.unknown())?;
    Ok(Outcome::Change(edit(reference, PatternEdit::Delete { key: call.arg(1).to_owned() })))
}

fn clear(call: &Call<'_>, kind: Kind) -> Answer {
    let (version, args) = version(call);
    if args.is_empty() {
        return Err(format!("Missing {} identifier.", if kind == Kind::Map { "map" } else { "ACL" }));
    }
    let reference = list(call, kind, args.first())?;
    Ok(Outcome::Change(edit(reference, PatternEdit::Clear { version })))
}

fn prepare(call: &Call<'_>, kind: Kind) -> Answer {
    let reference = list(call, kind, call.args.first())?;
    let next = reference.versions().next() + 1;
    let text = format!("New version created: {next}");
    Ok(Outcome::Said(edit(reference, PatternEdit::Prepare { version: next }), text))
}

fn commit(call: &Call<'_>, kind: Kind) -> Answer {
    let (Some(version), args) = version(call) else { return Err("Missing version number.".into()) };
    let reference = list(call, kind, args.first())?;
    let versions = reference.versions();
    // Where another node has committed it, this one says it again.
    let repeated = call.shared && version == versions.current() && version != 0;
    if !repeated && (version <= versions.current() || version > versions.next()) {
        return Err("Version number out of range.".into());
    }
    drop(versions);
    Ok(Outcome::Change(edit(reference, PatternEdit::Commit { version })))
}
