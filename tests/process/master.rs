//! `-W`: a monitor and a worker.

use crate::program::{End, LIMIT, Place, Running, exists, is_lb};
use lb_harness::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::unix::net::UnixDatagram;

fn start(place: &Place, global: &str) -> Running {
    let config = place.config(global);
    let running = place.start(["-W", "-p", "pid", "-f", config.to_str().unwrap()]);
    assert!(running.worker().is_some());
    running
}

fn kill_worker(running: &Running, signal: Signal) {
    kill(Pid::from_raw(running.worker().unwrap()), signal).unwrap();
}

#[test]
fn the_monitor_ends_as_its_worker_was_ended() {
    let cases = [
        (Signal::SIGINT, 130, "Interrupt"),
        (Signal::SIGTERM, 143, "Terminated"),
        (Signal::SIGKILL, 137, "Killed"),
        (Signal::SIGABRT, 134, "Aborted"),
    ];
    for (signal, code, name) in cases {
        let place = Place::new();
        let mut running = start(&place, "");
        let worker = running.worker().unwrap();
        kill_worker(&running, signal);
        let end = running.wait();
        let shown = if signal == Signal::SIGTERM { 0 } else { code };
        assert_eq!(end, End::Code(shown));
        let stderr = running.output(end).stderr;
        let told = format!(
            "[ALERT]    ({}) : Current worker ({worker}) exited with code {code} ({name})\n",
            running.pid()
        );
        assert!(stderr.contains(&told), "{stderr}");
        assert!(stderr.contains(&format!("All workers exited. Exiting... ({shown})\n")), "{stderr}");
        let failed = shown > 130;
        assert_eq!(
            stderr.contains("exit-on-failure: killing every processes with SIGTERM\n"),
            failed,
            "{stderr}"
        );
    }
}

#[test]
fn signals_reach_the_worker() {
    for (signal, end) in
        [(Signal::SIGINT, End::Code(130)), (Signal::SIGTERM, End::Code(0)), (Signal::SIGUSR1, End::Code(0))]
    {
        let place = Place::new();
        let running = start(&place, "");
        let worker = running.worker().unwrap();
        let ended = running.end_by(signal);
        assert_eq!(ended.end, end);
        assert!(ended.stderr.contains(" : Exiting Master process...\n"), "{}", ended.stderr);
        assert!(!exists(worker));
    }
}

#[test]
fn the_pid_file_holds_the_launched_process() {
    let place = Place::new();
    let running = start(&place, "");
    assert!(eventually(LIMIT, || place.pid_in("pid") == Some(running.pid())));
    let stderr = running.end_by(Signal::SIGTERM).stderr;
    assert!(stderr.contains(" : Loading success.\n"), "{stderr}");
}

#[test]
fn the_worker_does_not_outlive_its_monitor() {
    let place = Place::new();
    let mut running = start(&place, "");
    let worker = running.worker().unwrap();
    running.signal(Signal::SIGKILL);
    running.wait();
    // the first thread is gone before the others are
    assert!(eventually(LIMIT, || !exists(worker) && !place.listens()));
}

#[test]
fn the_keyword_asks_for_a_monitor_too() {
    let place = Place::new();
    let config = place.config(" master-worker");
    let running = place.start(["-f", config.to_str().unwrap()]);
    assert!(running.worker().is_some());
    assert_eq!(running.end_by(Signal::SIGTERM).end, End::Code(0));
}

#[test]
fn systemd_hears_of_readiness_and_the_end() {
    let place = Place::new();
    let path = place.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let hear = || {
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    // As Debian's file has it: with `-Ws` that means nothing.
    let config = place.config(" daemon");
    let running = place.spawn_with(["-Ws", "-f", config.to_str().unwrap()], &[("NOTIFY_SOCKET", &path)]);
    let mut ready = hear();
    if !is_lb() && ready.starts_with("RELOADING=1") {
        ready = hear(); // haproxy's master starts itself again
    }
    assert!(ready.contains("READY=1\n"), "{ready}");
    assert!(ready.contains(&format!("MAINPID={}", running.pid())), "{ready}");
    assert!(place.listens());
    if is_lb() {
        let good = std::fs::read_to_string(&config).unwrap();
        for (text, answer) in
            [(format!("{good} nonsense\n"), "READY=1\nSTATUS=Reload failed!"), (good, "READY=1\nMAINPID=")]
        {
            std::fs::write(&config, text).unwrap();
            running.signal(Signal::SIGUSR2);
            let begin = hear();
            assert!(begin.starts_with("RELOADING=1\n") && begin.contains("\nMONOTONIC_USEC="), "{begin}");
            let end = hear();
            assert!(end.starts_with(answer), "{end}");
        }
        running.signal(Signal::SIGTERM);
        assert!(hear().starts_with("STOPPING=1"));
    } else {
        running.signal(Signal::SIGTERM);
    }
}

#[test]
fn no_one_keeps_the_output_after_the_end() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1] {
        let place = Place::new();
        // `end_by` waits for the end of both streams
        start(&place, "").end_by(signal);
    }
}

/// Sends one line, closes that side, and reads the answer up to the end of the connection.
fn command(mut socket: impl std::io::Read + std::io::Write, line: &str, close: impl FnOnce()) -> String {
    socket.write_all(line.as_bytes()).unwrap();
    close();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_master_socket_answers() {
    let place = Place::new();
    let config = place.config("");
    let path = place.path("master.sock");
    let master = format!("{},level,operator,mode,600", path.display());
    let args = ["-W", "-S", &master, "-f", config.to_str().unwrap()];
    let running = place.start(args);
    let ask = |line: &str| {
        let socket = std::os::unix::net::UnixStream::connect(&path).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        let half = socket.try_clone().unwrap();
        command(socket, line, || half.shutdown(std::net::Shutdown::Write).unwrap())
    };
    let proc = ask("show proc\n");
    let rows: Vec<Vec<&str>> = proc.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"]);
    assert_eq!(rows[1][..2], [&running.pid().to_string()[..], "master"]);
    assert_eq!(rows[2], ["#", "workers"]);
    assert_eq!(rows[3][..2], [&running.worker().unwrap().to_string()[..], "worker"]);
    assert!(ask("show version\n").ends_with("\n\n"));
    let info = ask("@1 show info\n");
    assert!(info.contains("\nProcess_num: 1\n") && info.ends_with("\n\n"), "{info}");
    let worker = running.worker().unwrap();
    assert!(ask(&format!("@!{worker} show cli level\n")).starts_with("operator\n"));
    assert!(ask("@2 show info\n").starts_with("Can't find the target PID matching the prefix '@2'\n"));
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    if is_lb() {
        assert_eq!(ask("reload\n"), "Permission denied\n\n");
        assert_eq!(ask("@@1 show cli level;show version\n").lines().next(), Some("operator"));
    }
    assert_eq!(running.end_by(Signal::SIGTERM).end, End::Code(0));
}

#[test]
fn the_master_socket_may_be_inherited() {
    use std::os::fd::AsRawFd;
    let place = Place::new();
    let config = place.config("");
    let listener = std::net::TcpListener::bind((place.front.ip(), 0)).unwrap();
    nix::fcntl::fcntl(&listener, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let master = format!("fd@{}", listener.as_raw_fd());
    let running = place.start(["-W", "-S", &master, "-f", config.to_str().unwrap()]);
    let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let half = socket.try_clone().unwrap();
    let answer = command(socket, "show version\n", || half.shutdown(std::net::Shutdown::Write).unwrap());
    assert!(answer.ends_with("\n\n"), "{answer}");
    let ended = running.end_by(Signal::SIGINT);
    assert_eq!(ended.end, End::Code(130));
}
