//! Counters that a process leaves in a file for the next one.

use crate::program::{LIMIT, Place, is_lb};
use crate::reload::{body, command};
use lb_harness::eventually;
use nix::sys::signal::Signal;

#[test]
fn the_next_process_goes_on_counting() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let cli = place.path("cli");
    let file = place.path("stats");
    let config = |frontend: &str, file: &str| {
        format!(
            "global\n stats socket {} level admin\n{file}defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
             frontend {frontend}\n guid front\n bind {} guid-prefix listens\n default_backend b\nbackend b\n guid back\n \
             http-request return status 200 content-type text/plain string ok\n server s 127.0.0.1:1 guid behind\n",
            cli.display(),
            place.front
        )
    };
    let answers = |frontend: &str| {
        let table = command(&cli, &format!("show stat {frontend} 1 -1"));
        let mut lines = table.lines();
        let at = lines.next()?.split(',').position(|name| name == "hrsp_2xx")?;
        lines.next()?.split(',').nth(at)?.parse::<u32>().ok()
    };
    place.write("lb.cfg", &config("f", ""));
    let running = place.start(["-db", "-f", "lb.cfg"]);
    for _ in 0..3 {
        assert_eq!(body(place.front).as_deref(), Some("ok"));
    }
    assert!(eventually(LIMIT, || answers("f") == Some(3)));
    let dump = command(&cli, "dump stats-file");
    let names: Vec<_> = dump.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names, ["#fe guid", "front", "", "#be guid", "behind", "back", ""]);
    std::fs::write(&file, &dump).unwrap();
    running.end_by(Signal::SIGTERM);

    // Under another name: the guid counts. At a reload what runs counts, not the file.
    place.write("lb.cfg", &config("web", &format!(" stats-file {}\n", file.display())));
    let running = place.start(["-db", "-f", "lb.cfg"]);
    assert_eq!(answers("web"), Some(3));
    assert_eq!(body(place.front).as_deref(), Some("ok"));
    assert!(eventually(LIMIT, || answers("web") == Some(4)));
    let text = config("web", &format!(" stats-file {}\n", file.display()));
    place.write("lb.cfg", &format!("{text}backend more\n"));
    running.signal(Signal::SIGUSR2);
    assert!(eventually(LIMIT, || command(&cli, "show backend").contains("more")));
    assert_eq!(answers("web"), Some(4));
    running.end_by(Signal::SIGTERM);

    std::fs::write(&file, "nonsense\n").unwrap();
    let ended = place.run(["-c", "-f", "lb.cfg"]);
    let warning = format!("Invalid stats-file format in file '{}'.", file.display());
    assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
}
