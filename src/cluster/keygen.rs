//! `lb cluster keygen DIR NODE...`: certificates for the nodes of a cluster.

use lb_cluster::transport::keygen::Authority;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

const USAGE: &str = "Usage: lb cluster keygen DIR NODE...\n\n\
    Writes to DIR:\n    ca.pem    the authority that all nodes trust (ca-file)\n    \
    ca.key    its key, which no node needs: keep it elsewhere\n    \
    NODE.pem  a node's certificate and key (crt)\n\n\
    An authority that is in DIR already signs more nodes. No file is written over.\n";

/// Does what the words after `cluster` say. The text for standard output, or what is wrong.
pub(crate) fn command(words: &[String]) -> Result<String, String> {
    match words {
        [verb, directory, nodes @ ..] if verb == "keygen" && !nodes.is_empty() => {
            write(Path::new(directory), nodes)
        }
        [] => Ok(USAGE.to_owned()),
        [verb, ..] if verb == "keygen" => {
            Err(format!("a folder and the names of nodes are missing.\n{USAGE}"))
        }
        [verb, ..] => Err(format!("unknown command '{verb}'.\n{USAGE}")),
    }
}

fn write(directory: &Path, nodes: &[String]) -> Result<String, String> {
    if let Some(wrong) = nodes.iter().find(|name| !is_name(name)) {
        return Err(format!("'{wrong}' is no name of a node: letters, digits, '-', '_' and '.' are."));
    }
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}.", directory.display());
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| failed(&error))?;
    let (authority, mut written) = authority(directory)?;
    for node in nodes {
        let pem = authority.node(node).map_err(|error| format!("{node}: {error}."))?;
        written.push_str(&put(directory, &format!("{node}.pem"), &pem)?);
    }
    Ok(written)
}

/// The authority of a folder, made when there is none.
fn authority(directory: &Path) -> Result<(Authority, String), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}.", directory.display());
    let kept = [fs::read(directory.join("ca.pem")), fs::read(directory.join("ca.key"))];
    match kept {
        [Ok(certificate), Ok(key)] => {
            let authority = Authority::from_pem(&certificate, &key).map_err(|error| failed(&error))?;
            Ok((authority, String::new()))
        }
        [Err(one), Err(other)] if is_missing(&one) && is_missing(&other) => {
            let authority = Authority::new().map_err(|error| failed(&error))?;
            let certificate = authority.certificate().map_err(|error| failed(&error))?;
            let key = authority.key().map_err(|error| failed(&error))?;
            let written = put(directory, "ca.key", &key)? + &put(directory, "ca.pem", &certificate)?;
            Ok((authority, written))
        }
        [Err(error), _] => Err(format!("{}: {error}.", directory.join("ca.pem").display())),
        [_, Err(error)] => Err(format!("{}: {error}.", directory.join("ca.key").display())),
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name != "ca" && !name.starts_with('.') && name.bytes().all(fits)
}

/// Writes a new file that its owner alone can read, and says so.
fn put(directory: &Path, name: &str, bytes: &[u8]) -> Result<String, String> {
    let path = directory.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| format!("{}: {error}.", path.display()))?;
    file.write_all(bytes).map_err(|error| format!("{}: {error}.", path.display()))?;
    Ok(format!("{}\n", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn nodes_are_signed_by_one_authority_also_later() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("keys");
        let run = |names: &str| command(&words(&format!("keygen {} {names}", directory.display())));
        assert_eq!(run("lb1 lb2").unwrap().lines().count(), 4);
        let authority = fs::read(directory.join("ca.pem")).unwrap();
        assert_eq!(run("lb3").unwrap().lines().count(), 1);
        assert_eq!(fs::read(directory.join("ca.pem")).unwrap(), authority);
        for file in fs::read_dir(&directory).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(run("lb3").unwrap_err().contains("lb3.pem"));
        fs::remove_file(directory.join("ca.key")).unwrap();
        assert!(run("lb4").unwrap_err().contains("ca.key"));
    }

    #[test]
    fn wrong_words_are_told() {
        for wrong in ["keygen", "keygen dir", "keygen dir a/b", "keygen dir ca", "start"] {
            command(&words(wrong)).unwrap_err();
        }
        assert!(command(&[]).unwrap().starts_with("Usage"));
    }
}
