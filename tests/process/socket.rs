//! A `stats socket` and clients that mean no good: whatever they send, each gets an answer or an end, and nobody else notices.

use crate::program::{LIMIT, Place, Running, is_lb};
use crate::reload::{body, command};
use lb_harness::eventually;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn start(place: &Place, global: &str) -> Running {
    let text =
        format!(" stats socket {} level admin\n stats maxconn 300\n{global}", place.path("cli").display());
    let config = place.config(&text);
    place.start(["-db", "-f", config.to_str().unwrap()])
}

fn connect(place: &Place) -> UnixStream {
    let socket = UnixStream::connect(place.path("cli")).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

/// Numbers that look random and are the same each time.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    })
}

/// 200 inputs: nonsense, cut lines, long lines, bytes, commands amid them.
fn inputs() -> Vec<Vec<u8>> {
    let mut inputs: Vec<Vec<u8>> = [
        "\n",
        "\r\n",
        ";\n",
        ";;;;\n",
        "\\\n",
        "\\",
        "show",
        "show \n",
        "show info",
        "@\n",
        "@1 show info\n",
        "<<\n",
        "add map x <<\n",
        "add map x <<\nunfinished",
        "add map <<EOF\na b\nEOF\n",
        "set server\n",
        "set server /\n",
        "set server f/\n",
        "set weight f/s 99999999999999999999\n",
        "set weight f/s -1\n",
        "set maxconn global -5\n",
        "set maxconn global 18446744073709551616\n",
        "set timeout cli 0\n",
        "set timeout cli 99999999999999d\n",
        "show stat -1 -1 99999999999\n",
        "show stat 4294967296\n",
        "show sess 0xzz\n",
        "show fd -7\n",
        "clear map #99\n",
        "del acl #-1 x\n",
        "commit map @x y\n",
        "prepare acl\n",
        "add server f/ \n",
        "add backend a from a mode a\n",
        "wait 0\n",
        "wait 1 srv-removable\n",
        "prompt x\n",
        "help help help\n",
        "show env \u{1f980}\n",
        "show errors -1 both\n",
        "get var proc.\n",
        "experimental-mode on; set var proc.x expr\n",
        "shutdown session 0x0\n",
        "_getsocks\n",
        "_getsocks now\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "show info typed json desc float\n",
        "quit now\n",
        "user;operator;show info\n",
        "\u{0}show info\n",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    // Too long: a line, a payload, many commands, many words.
    inputs.push([&b"show "[..], &vec![b'x'; 100_000], b"\n"].concat());
    inputs.push(vec![b'y'; 70_000]);
    inputs.push([&b"add map x <<\n"[..], &b"key value\n".repeat(10_000)].concat());
    inputs.push(b"show version;".repeat(5_000));
    inputs.push([&b"set "[..], &b"a ".repeat(8_000), b"\n"].concat());
    inputs.push(b"\n".repeat(10_000));
    while inputs.len() < 200 {
        let seed = inputs.len() as u64;
        let mut bytes: Vec<u8> = noise(seed).take(1 + 37 * inputs.len()).collect();
        // Some have commands amid the noise, some end in none.
        match seed % 4 {
            0 => bytes.extend_from_slice(b"\nshow version\n"),
            1 => bytes.push(b'\n'),
            2 => bytes.splice(..0, *b"show stat ").for_each(drop),
            _ => {}
        }
        inputs.push(bytes);
    }
    inputs
}

/// Sends in pieces, closes that side, and reads to the end; false: no end came.
fn say(mut socket: UnixStream, bytes: &[u8], piece: usize) -> bool {
    for part in bytes.chunks(piece) {
        // It may have had enough.
        if socket.write_all(part).is_err() {
            break;
        }
    }
    let _ = socket.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

/// What is shown once it does not change any more.
fn settled(show: &impl Fn() -> String) -> String {
    let mut last = show();
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(200));
        let now = show();
        if now.lines().count() == last.lines().count() {
            return now;
        }
        last = now;
    }
    last
}

#[test]
fn bad_input_is_answered_or_ended_and_nothing_else() {
    let place = Place::new();
    let running = start(&place, "");
    let open = || command(&place.path("cli"), "show fd");
    // What is opened when it is first needed is there after this.
    for input in inputs() {
        say(connect(&place), &input, 1000);
    }
    let before = if is_lb() { settled(&open) } else { String::new() };
    for (number, input) in inputs().iter().enumerate() {
        let piece = [input.len().max(1), 1000, 7.max(input.len() / 30)][number % 3];
        assert!(
            say(connect(&place), input, piece),
            "{number}: {:?}",
            String::from_utf8_lossy(&input[..input.len().min(80)])
        );
    }
    // All at once, byte by byte in turn.
    let inputs = inputs();
    let mut open_ones: Vec<_> = inputs.iter().step_by(5).map(|input| (connect(&place), input)).collect();
    for at in 0..200 {
        for (socket, input) in &mut open_ones {
            if let Some(byte) = input.get(at) {
                let _ = socket.write_all(&[*byte]);
            }
        }
    }
    for (socket, input) in open_ones {
        assert!(say(socket, &[], 1), "{:?}", String::from_utf8_lossy(&input[..input.len().min(80)]));
    }
    assert_eq!(body(place.front).as_deref(), Some("ok"));
    assert!(command(&place.path("cli"), "show info").contains("\nPid: "));
    if is_lb() {
        let closed = eventually(LIMIT, || open().lines().count() <= before.lines().count());
        assert!(closed, "{}, where there was\n{before}", open());
    }
    let said = running.end_by(nix::sys::signal::Signal::SIGTERM).stderr;
    assert!(!said.contains("panic"), "{said}");
}

#[test]
fn clients_that_say_nothing_are_ended() {
    let place = Place::new();
    let _running = start(&place, " stats timeout 1s\n");
    let silent: Vec<_> = (0..100).map(|_| connect(&place)).collect();
    // Those who speak are served meanwhile.
    assert!(command(&place.path("cli"), "show info").contains("\nPid: "));
    for mut socket in silent {
        let mut answer = Vec::new();
        let ended = socket.read_to_end(&mut answer);
        assert!(ended.is_ok() && answer.is_empty(), "{ended:?} {answer:?}");
    }
    // One that says the beginning of a line is no better.
    let mut socket = connect(&place);
    socket.write_all(b"show in").unwrap();
    std::thread::sleep(Duration::from_millis(10));
    let mut answer = Vec::new();
    assert!(socket.read_to_end(&mut answer).is_ok());
}
