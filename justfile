# What `.ci/run` does in one go, in the pieces that a developer repeats.

# All recipes.
default:
    @just --list

# Format, lints and tests, changing nothing.
verify:
    cargo fmt --all --check
    cargo clippy --release --workspace --all-targets -- -D warnings
    cargo test --release --workspace

# Format, and apply the lints' own corrections.
fix:
    cargo fmt --all
    cargo clippy --release --workspace --all-targets --fix --allow-dirty --allow-staged

# CPU per request and memory beside haproxy and nginx (tests/performance/README.md).
performance *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo bench --workspace --bench performance -- {{ARGUMENTS}}

# HAProxy's own regression tests on lb (tests/regression/README.md).
regression *ARGUMENTS:
    cargo test --release --workspace --test regression -- --run {{ARGUMENTS}}

# Our own .vtc files on haproxy and lb (tests/vtc/README.md).
vtc *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo test --release --workspace --test vtc -- {{ARGUMENTS}}

# CPU time and memory of `-c` on a file of 10,000 rules and 50,000 servers, beside haproxy.
load *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo bench --workspace --bench load -- {{ARGUMENTS}}

# A fuzz target (configuration needs no engine) for SECONDS; needs a nightly toolchain and cargo-fuzz.
fuzz TARGET="configuration" SECONDS="3600" *ARGUMENTS:
    mkdir -p fuzz/corpus/{{TARGET}}
    [ {{TARGET}} != configuration ] || cp haproxy-cfg-parser/tests/cases/*.cfg fuzz/corpus/configuration/
    cargo run -q --release -p haproxy-cfg-parser --example words > fuzz/corpus/words.dict
    cargo +nightly fuzz run -s none {{ if TARGET == "configuration" { "--no-default-features" } else { "" } }} {{TARGET}} -- \
        -dict=fuzz/corpus/words.dict -max_len=20000 -timeout=60 -max_total_time={{SECONDS}} {{ARGUMENTS}}

# Real files (CORPUS/cases/NAME/haproxy.cfg) with one word changed: haproxy's verdict and the parser's; COUNT 0: the files as they are.
mutation CORPUS *ARGUMENTS:
    cargo test --release --workspace --test mutation -- {{CORPUS}} {{ARGUMENTS}}

# The examples' tiers ended under load, each in turn, twice, behind haproxy and lb (minutes).
stack *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo test --release --workspace --test stack -- --include-ignored --nocapture --test-threads 1 {{ARGUMENTS}}

# A thousand names over three name servers that lose, delay, cut, forge and reorder.
names:
    cargo test --release --workspace --test names -- --include-ignored --nocapture --test-threads 1

# Servers that are killed under load, and 5,000 that are checked, on haproxy and lb (a minute).
health *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo test --release --workspace --test health -- --include-ignored --nocapture --test-threads 1 {{ARGUMENTS}}

# Outages of virtual addresses in network namespaces, ROUNDS of each fault, and keepalived's BESIDE them (root; 75 s for each round
# of lb's, and 3 minutes for each of keepalived's). LB_VIP_FAULTS="crash,SIGTERM" runs these alone.
bench-vip ROUNDS="20" BESIDE="5":
    LB_VIP_BESIDE={{BESIDE}} LB_VIP_ROUNDS={{ROUNDS}} {{campaign}} outages::outages

# No move by nodes that have twice too much to do on all cores, with a reload every 10 s (root, wrk).
starve SECONDS="600":
    LB_VIP_SECONDS={{SECONDS}} {{campaign}} starve::

# 2,000 requests a second through the address, whose holder is killed ROUNDS times (root).
under-load ROUNDS="5":
    LB_VIP_ROUNDS={{ROUNDS}} {{campaign}} load::

# 2,000 requests a second to servers, of which the nodes lose sight, and which are killed, ROUNDS times, beside haproxy (root).
farm ROUNDS="5":
    LB_VIP_ROUNDS={{ROUNDS}} {{campaign}} farm::

# Faults of all kinds under traffic, for SECONDS on three nodes and as long on five (root).
soak SECONDS="900":
    LB_VIP_SECONDS={{SECONDS}} {{campaign}} soak::

# A link of the preferred node that comes and goes each second (root).
flap SECONDS="300":
    LB_VIP_SECONDS={{SECONDS}} {{campaign}} flap::

# 5,000 handshakes of strangers a second on the port of the nodes (root).
stranger SECONDS="30":
    LB_VIP_SECONDS={{SECONDS}} {{campaign}} stranger::

campaign := "LB_DEMAND_TOOLS=1 cargo test --release --workspace --test vip -- --ignored --nocapture --test-threads 1"

# A cluster simulated COUNT times, by the numbers from FIRST on; prints what situations they came to (ARCHITECTURE.md).
sim COUNT="10000" FIRST="0":
    LB_SIM_COUNT={{COUNT}} LB_SIM_SEED={{FIRST}} cargo test --release --workspace --lib -- sim::tests::nothing --nocapture

# A hundred reloads, and handovers, under 5,000 requests per second: failures, p99, memory, sockets (minutes, a quiet machine).
reloads *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo test --release --workspace --test reloads -- --include-ignored --nocapture --test-threads 1 {{ARGUMENTS}}

# How long a command takes in a cluster of three, on an otherwise idle machine.
latency:
    cargo test --release --workspace --test shared -- --ignored --nocapture --test-threads 1 latency

# Everything, as the gate does; installs Debian packages when they are missing.
ci:
    .ci/run

# A Debian package (packaging/README.md); needs cargo-deb.
deb:
    cargo deb
