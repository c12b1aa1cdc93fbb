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

# Real files (CORPUS/cases/NAME/haproxy.cfg) with one word changed: haproxy's verdict and the parser's.
mutation CORPUS *ARGUMENTS:
    cargo test --release --workspace --test mutation -- {{CORPUS}} {{ARGUMENTS}}

# The examples' tiers ended under load, each in turn, twice, behind haproxy and lb (minutes).
stack *ARGUMENTS:
    LB_DEMAND_TOOLS=1 cargo test --release --workspace --test stack -- --include-ignored --nocapture --test-threads 1 {{ARGUMENTS}}

# Everything, as the gate does; installs Debian packages when they are missing.
ci:
    .ci/run
