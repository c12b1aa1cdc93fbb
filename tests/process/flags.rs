//! Flags that answer and end, and their exit codes.

use crate::program::{End, Place, is_lb, main_says};

/// The words of a line, with `CFG` for a good configuration.
fn run(place: &Place, line: &str) -> crate::program::Ended {
    let config = place.config("");
    place.run(line.split_whitespace().map(|word| match word {
        "CFG" => config.display().to_string(),
        word => word.to_owned(),
    }))
}

#[test]
fn version_has_the_form_that_tools_read() {
    let place = Place::new();
    let plain = run(&place, "-v");
    assert_eq!(plain.end, End::Code(0));
    let mut words = plain.stdout.lines().next().unwrap().split(' ');
    assert_eq!((words.next(), words.next()), (Some("HAProxy"), Some("version")));
    assert!(words.next().unwrap().split('.').count() >= 3);
    let build = run(&place, "-vv").stdout;
    assert!(build.contains("TARGET  = linux-"));
    assert!(build.lines().any(|line| line.starts_with("Feature list : ") && line.contains(" +THREAD")));
    assert!(build.lines().any(|line| line.starts_with("Available services : ")));
    if is_lb() {
        assert!(run(&place, "-vq").stdout.starts_with("3.5.0-lb-"));
        assert_eq!(run(&place, "-vqs").stdout, "3.5.0\n");
        assert_eq!(run(&place, "-vqb").stdout, "3.5\n");
    }
}

#[test]
fn nothing_to_do_shows_the_usage() {
    let place = Place::new();
    std::fs::create_dir(place.path("empty")).unwrap();
    for line in ["", "-c", "-zz", "-f CFG stray", "-f empty -c"] {
        let ended = run(&place, line);
        assert_eq!(ended.end, End::Code(1), "{line}");
        assert!(
            ended.stdout.starts_with("HAProxy version ") && ended.stderr.contains("Usage"),
            "{line}: {ended:?}"
        );
    }
}

#[test]
fn a_good_configuration_is_said_to_be_valid() {
    let place = Place::new();
    for line in ["-c -f CFG", "-c -- CFG", "-c -V -f CFG", "-c -dM -dI -dW -f CFG", "-c -sf 1 -f CFG"] {
        let ended = run(&place, line);
        assert_eq!((ended.end, ended.stderr.as_str()), (End::Code(0), ""), "{line}");
        assert_eq!(ended.stdout, "Configuration file is valid\n", "{line}");
    }
    assert_eq!(run(&place, "-c -q -f CFG").stdout, "");
}

#[test]
fn a_bad_configuration_names_file_and_line() {
    let place = Place::new();
    place.write("bad.cfg", "global\n maxcon 10\n");
    let ended = run(&place, "-c -f bad.cfg");
    assert_eq!(ended.end, End::Code(1));
    let lines: Vec<&str> = ended.stderr.lines().map(|line| line.split_once(") : ").unwrap().1).collect();
    assert!(lines[0].starts_with("haproxy version is "));
    assert!(lines[1].starts_with("path to executable is "));
    assert!(
        lines[2].starts_with("config : parsing [bad.cfg:2] : unknown keyword 'maxcon' in 'global' section")
    );
    assert_eq!(lines[3], "config : Error(s) found in configuration file : bad.cfg");
    assert_eq!(lines[4], "config : Fatal errors found in configuration.");
    assert!(ended.stderr.lines().nth(2).unwrap().starts_with("[ALERT]    ("));
    let quiet = run(&place, "-c -q -f bad.cfg");
    assert_eq!((quiet.end, quiet.stderr.as_str()), (End::Code(1), ""));
}

#[test]
fn nothing_to_listen_on_is_2_when_checked_and_1_when_run() {
    let place = Place::new();
    place.write("none.cfg", "global\n maxconn 10\n");
    let checked = run(&place, "-c -f none.cfg");
    assert_eq!(checked.end, End::Code(2));
    assert_eq!(
        checked.stdout,
        "Configuration file has no error but will not start (no listener) => exit(2).\n"
    );
    let ran = run(&place, "-f none.cfg");
    assert_eq!(ran.end, End::Code(1));
    assert!(ran.stderr.contains("No enabled listener found (check for 'bind' directives) ! Exiting."));
}

#[test]
fn files_and_folders_that_cannot_be_read_are_told() {
    let place = Place::new();
    let ended = run(&place, "-c -f missing.cfg");
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.contains(
        "config : Cannot open configuration file/directory missing.cfg : No such file or directory\n"
    ));
    let ended = run(&place, "-C /nonexistent -c -f CFG");
    assert_eq!(ended.end, End::Code(1));
    assert!(
        ended.stderr.contains("Could not change to directory /nonexistent : No such file or directory\n")
    );
    std::fs::create_dir(place.path("sub")).unwrap();
    place.write("sub/none.cfg", "global\n");
    assert_eq!(run(&place, "-C sub -c -f none.cfg").end, End::Code(2));
    std::fs::rename(place.config(""), place.path("sub/a.cfg")).unwrap();
    place.write("sub/ignored.txt", "nonsense\n");
    assert_eq!(place.run(["-c", "-f", "sub"]).end, End::Code(0));
}

#[test]
fn a_warning_is_fatal_on_demand() {
    let place = Place::new();
    place.write("warn.cfg", &format!("frontend f\n mode http\n bind {}\n", place.front));
    let ended = run(&place, "-c -f warn.cfg");
    assert_eq!(ended.end, End::Code(0), "{ended:?}");
    assert!(ended.stdout.contains("Warnings were found."));
    let ended = run(&place, "-c -dW -f warn.cfg");
    assert_eq!(ended.end, End::Code(1));
    assert!(
        ended.stderr.ends_with("config : Some warnings were found and 'zero-warning' is set. Aborting.\n")
    );
}

#[test]
fn conditions_are_0_1_or_2() {
    let place = Place::new();
    let code = |condition: &str| place.run(["-cc", condition]).end;
    assert_eq!(code("version_atleast(2.4-dev0)"), End::Code(0));
    assert_eq!(code("version_atleast(99)"), End::Code(1));
    assert_eq!(code("feature(THREAD) && !streq(a,b)"), End::Code(0));
    assert_eq!(code(""), End::Code(1));
    let wrong = place.run(["-cc", "foo"]);
    assert_eq!(wrong.end, End::Code(2));
    assert!(
        wrong
            .stderr
            .ends_with("config : Failed to evaluate condition: unparsable conditional expression 'foo'\n")
    );
    if is_lb() {
        assert_eq!(code("version_atleast(3.5)"), End::Code(0));
        assert_eq!(code("feature(LUA)"), End::Code(1));
    }
}

#[test]
fn wrong_values_are_told() {
    let place = Place::new();
    let ended = run(&place, "-sf abc -f CFG");
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.contains("-sf option: some bytes unconsumed in PID list {abc}"));
    let ended = run(&place, "-x /nonexistent -f CFG");
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.contains("Failed to connect to the old process socket '/nonexistent'"));
    assert!(ended.stderr.contains("Failed to get the sockets from the old process!"));
    if is_lb() {
        let ended = run(&place, "-4 -f CFG");
        assert_eq!(ended.end, End::Code(1));
        assert!(ended.stderr.contains("option '-4' is not supported yet."));
    }
}

#[test]
fn an_address_in_use_is_told() {
    let place = Place::new();
    let _taken = std::net::TcpListener::bind(place.front).unwrap();
    for mode in ["-db", "-W", "-D"] {
        let ended = run(&place, &format!("{mode} -f CFG"));
        assert_eq!(ended.end, End::Code(1), "{mode}");
        let address = format!("[{}]", place.front);
        let told = |line: &str| {
            line.contains("cannot bind socket (Address already in use)") && line.ends_with(&address)
        };
        assert!(ended.stderr.lines().any(told), "{mode}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(&main_says("Some protocols failed to start their listeners! Exiting."))
        );
    }
}

#[test]
fn keywords_are_listed_by_class() {
    let place = Place::new();
    let ended = run(&place, "-dKacl,smp -c -f CFG");
    assert_eq!(ended.end, End::Code(0));
    let (smp, acl) =
        ("# List of registered sample fetch functions:\n", "# List of registered ACL keywords:\n");
    assert!(ended.stdout.contains(smp) && ended.stdout.contains(acl));
    assert!(ended.stdout.contains("\npath_beg = path -m beg\n"));
    assert!(run(&place, "-dKhelp -c -f CFG").stdout.contains("cnv: sample converter keywords\n"));
}

#[test]
fn loaded_object_files_are_listed() {
    let place = Place::new();
    let ended = run(&place, "-dL -c -f CFG");
    let program = std::fs::canonicalize(crate::program::path()).unwrap();
    assert!(ended.stdout.starts_with("List of loaded object files:\n"));
    assert!(ended.stdout.lines().any(|line| line == program.to_str().unwrap()), "{}", ended.stdout);
}
