//! The configurations that are mutated.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// A configuration and the folder with the files that it names.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) text: String,
    pub(crate) environment: Vec<(String, String)>,
}

/// Copies the cases into a scratch folder, beside throw-away certificates (`../_pki`).
pub(crate) fn load(corpus: &Path, scratch: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(corpus.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    certificates(&scratch.join("_pki"));
    folders.iter().filter_map(|from| one(from, scratch)).collect()
}

fn one(from: &Path, scratch: &Path) -> Option<Case> {
    let text = String::from_utf8(fs::read(from.join("haproxy.cfg")).ok()?).ok()?;
    let name = from.file_name()?.to_string_lossy().into_owned();
    let folder = scratch.join(&name);
    copy(from, &folder).ok()?;
    let pairs = fs::read_to_string(from.join("env")).unwrap_or_default();
    let pairs = pairs.lines().filter_map(|line| line.split_once('='));
    let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Case { name, folder, text, environment })
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if path.is_dir() { copy(&path, &to.join(name))? } else { fs::copy(&path, to.join(name)).map(drop)? }
    }
    Ok(())
}

/// `s0.pem` to `s3.pem` (certificate and key), `dir0/`, `dir1/`, `ca.pem`, `crl.pem`, `dh.pem`.
fn certificates(folder: &Path) {
    for name in ["dir0", "dir1"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let openssl = |words: &str| {
        let done = Command::new("openssl").args(words.split(' ')).current_dir(folder).output();
        assert!(done.is_ok_and(|done| done.status.success()), "openssl {words}");
    };
    let pem = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for index in 0..4 {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout k -out c -subj /CN=s{index}.dummy.example"
        ));
        let both = pem("c") + &pem("k");
        fs::write(folder.join(format!("s{index}.pem")), &both).unwrap();
        if index < 2 {
            fs::write(folder.join(format!("dir{index}/d.pem")), &both).unwrap();
        }
        if index == 0 {
            fs::copy(folder.join("c"), folder.join("ca.pem")).unwrap();
        }
    }
    fs::write(folder.join("db"), "").unwrap();
    let settings = "[ca]\ndefault_ca=x\n[x]\ndatabase=db\ndefault_md=sha256\ndefault_crl_days=30\n";
    fs::write(folder.join("cnf"), settings).unwrap();
    openssl("ca -gencrl -config cnf -keyfile s0.pem -cert ca.pem -out crl.pem");
    openssl("genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out dh.pem");
}
