//! Debian's source package of haproxy: its regression tests are run from a scratch folder and are never ours.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The unpacked source package below `scratch`, fetched with apt-get when it isn't there yet.
///
/// Where the machine's apt knows no source packages, a private copy of its lists below `scratch` is asked, so
/// neither root nor a change of the machine's configuration is needed. Mirrors drop old versions before their
/// index does: each version that the index names is tried, the newest first.
///
/// # Errors
/// No version can be fetched and unpacked; the text is apt's last word.
pub fn haproxy(scratch: &Path) -> io::Result<PathBuf> {
    let unpacked = scratch.join("haproxy");
    if unpacked.is_dir() {
        return Ok(unpacked);
    }
    fs::create_dir_all(scratch)?;
    let mut said = "no source package named haproxy".to_owned();
    let choices: [fn(&Path) -> io::Result<Apt>; 2] = [|_| Ok(Apt::of_the_machine()), Apt::private];
    for choose in choices {
        let apt = choose(scratch)?;
        for version in apt.versions() {
            match apt.fetch(scratch, &version).and_then(|()| unpack(scratch, &unpacked)) {
                Ok(()) => return Ok(unpacked),
                Err(error) => said = error.to_string(),
            }
        }
    }
    Err(io::Error::other(format!("haproxy's source can't be fetched: {said}")))
}

/// apt with the options that choose whose lists it uses.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn of_the_machine() -> Apt {
        Apt { options: Vec::new() }
    }

    /// The source side of the machine's own Debian archives, with lists of its own. They are fetched even where
    /// the machine's were never, as on a fresh container.
    fn private(scratch: &Path) -> io::Result<Apt> {
        let lists = scratch.join("lists");
        fs::create_dir_all(lists.join("partial"))?;
        let option = |name: &str, value: &Path| format!("-oDir::{name}={}", value.display());
        let own_lists = option("State::Lists", &lists);
        // An archive that can't be reached is of no use and no harm.
        let _ = output(Command::new("apt-get").args([&own_lists, "update"]));
        let format = "$(ORIGIN)|$(COMPONENT)|$(SIGNED_BY)|$(REPO_URI)|$(RELEASE)";
        let mut targets = Command::new("apt-get");
        targets.args([&own_lists, "indextargets", "--format", format, "Created-By: Packages"]);
        let mut sources: Vec<String> = output(&mut targets)?.lines().filter_map(source_line).collect();
        sources.dedup();
        let list = scratch.join("sources.list");
        fs::write(&list, sources.join("\n") + "\n")?;
        let options = vec![
            option("Etc::SourceList", &list),
            option("Etc::SourceParts", Path::new("/dev/null")),
            own_lists,
        ];
        let _ = output(Command::new("apt-get").args(&options).arg("update"));
        Ok(Apt { options })
    }

    /// The versions that the index names, newest first.
    fn versions(&self) -> Vec<String> {
        let shown = output(Command::new("apt-cache").args(&self.options).args(["showsrc", "haproxy"]));
        let mut versions: Vec<String> = shown
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.strip_prefix("Version: ").map(|version| version.trim().to_owned()))
            .collect();
        versions.sort();
        versions.dedup();
        versions.reverse();
        versions
    }

    fn fetch(&self, scratch: &Path, version: &str) -> io::Result<()> {
        let mut command = Command::new("apt-get");
        command.args(&self.options).args(["source", "--download-only"]).arg(format!("haproxy={version}"));
        output(command.current_dir(scratch)).map(|_| ())
    }
}

/// `deb-src` for one index of binary packages in Debian's main component.
fn source_line(target: &str) -> Option<String> {
    let mut fields = target.split('|');
    let (origin, component) = (fields.next()?, fields.next()?);
    let (key, uri, release) = (fields.next()?, fields.next()?, fields.next()?);
    if origin != "Debian" || component != "main" {
        return None;
    }
    // Without a key of its own an archive is checked with the machine's, and the field keeps its placeholder.
    let signed = if key.starts_with('/') { format!("[signed-by={key}] ") } else { String::new() };
    Some(format!("deb-src {signed}{uri} {release} main"))
}

fn unpack(scratch: &Path, folder: &Path) -> io::Result<()> {
    let description = fs::read_dir(scratch)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "dsc"))
        .ok_or_else(|| io::Error::other("apt-get fetched no .dsc file"))?;
    let mut command = Command::new("dpkg-source");
    output(command.args(["--no-check", "-x"]).arg(&description).arg(folder)).map(|_| ())
}

/// A command's output, when it ends well.
fn output(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debians_main_archives_are_asked_for_sources() {
        assert_eq!(
            source_line("Debian|main|/k.gpg|http://a/debian/|bookworm").as_deref(),
            Some("deb-src [signed-by=/k.gpg] http://a/debian/ bookworm main")
        );
        assert_eq!(
            source_line("Debian|main|$(SIGNED_BY)|http://a/debian/|bookworm-security").as_deref(),
            Some("deb-src http://a/debian/ bookworm-security main")
        );
        assert_eq!(source_line("Elsewhere|main||http://a/|stable"), None);
        assert_eq!(source_line("Debian|contrib||http://a/|stable"), None);
    }
}
