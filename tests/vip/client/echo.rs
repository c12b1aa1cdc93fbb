//! UDP echo at the virtual addresses: every host answers where its kernel lets it, whatever becomes of lb.

use crate::world::{VIP, VIP6, World};
use socket2::{Domain, Socket, Type};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

const PORT: u16 = 7007;
const EACH: Duration = Duration::from_millis(5);

fn at(ip: IpAddr) -> SocketAddr {
    SocketAddr::new(ip, PORT)
}

fn both() -> [IpAddr; 2] {
    [VIP.into(), VIP6.parse().unwrap()]
}

/// Answers on a host with its number.
pub(crate) struct Echo {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Echo {
    pub(crate) fn start(world: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..world.hosts).flat_map(|host| {
            let stop = Arc::clone(&stop);
            both().map(move |ip| {
                let stop = Arc::clone(&stop);
                World::within(&world.host(host), move || answer(&stop, ip, host))
            })
        });
        let threads = threads.collect();
        Self { stop, threads }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

fn answer(stop: &AtomicBool, ip: IpAddr, host: usize) {
    let socket = Socket::new(Domain::for_address(at(ip)), Type::DGRAM, None).unwrap();
    match ip {
        IpAddr::V4(_) => socket.set_freebind_v4(true).unwrap(),
        IpAddr::V6(_) => socket.set_freebind_v6(true).unwrap(),
    }
    socket.bind(&at(ip).into()).unwrap();
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut question = [0; 8];
    while !stop.load(Ordering::Relaxed) {
        if let Ok((8, from)) = socket.recv_from(&mut question) {
            let answer = [&question[..], &[u8::try_from(host).unwrap()]].concat();
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// When each question was sent that was answered, and which host did.
pub(super) type Answers = Vec<(Instant, usize)>;

/// Asks until it is told to stop, on this thread's network; the answers of each family.
pub(super) fn ask(stop: &AtomicBool) -> [Answers; 2] {
    let sockets = both().map(|ip| {
        let socket = UdpSocket::bind((if ip.is_ipv4() { "0.0.0.0" } else { "::" }, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        (socket, at(ip))
    });
    let (mut sent, mut answers) = (Vec::new(), [Vec::new(), Vec::new()]);
    let mut answer = [0; 16];
    while !stop.load(Ordering::Relaxed) {
        let number = sent.len() as u64;
        sent.push(Instant::now());
        for ((socket, to), answers) in sockets.iter().zip(&mut answers) {
            let _ = socket.send_to(&number.to_be_bytes(), to);
            loop {
                match socket.recv(&mut answer) {
                    Ok(9) => {
                        let number = u64::from_be_bytes(answer[..8].try_into().unwrap());
                        answers.push((sent[usize::try_from(number).unwrap()], usize::from(answer[8])));
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // What came back from a host that has no such address.
                    Err(_) => {}
                }
            }
        }
        sleep(EACH);
    }
    answers.iter_mut().for_each(|answers| answers.sort_unstable());
    answers
}
