#!/bin/sh
# Builds guard and installs it under one prefix. Touches no dotfile unless asked to.
set -eu

usage() {
    cat <<'END'
Usage: ./install.sh [--prefix DIR] [--write]
       ./install.sh [--prefix DIR] --uninstall

  --prefix DIR  install to DIR/bin and DIR/lib/guard (default: ~/.local)
  --write       add guard's lines to ~/.profile, ~/.bashrc and ~/.zshrc, between markers
  --uninstall   remove what this script installed and wrote, and nothing else
END
}

say() { printf '%s\n' "$*"; }

die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

begin='# >>> guard >>>'
end='# <<< guard <<<'
made='# this file was made by guard'

# A guard that is installed already must not stand between this script and cp, mv or rm.
without_shims() {
    left=$1:
    right=
    while [ -n "$left" ]; do
        directory=${left%%:*}
        left=${left#*:}
        if [ ! -e "${directory:-.}/.guard-links" ]; then
            right=$right:$directory
        fi
    done
    printf '%s' "${right#:}"
}

# Prints a file without what is between the markers.
without_block() {
    awk -v begin="$begin" -v end="$end" '
        $0 == begin { inside = 1 }
        !inside { print }
        $0 == end { inside = 0 }
    ' "$1"
}

# Replaces the content of a file; a symlink and its mode stay.
replace_content() {
    content=$(mktemp)
    cat >"$content"
    cat "$content" >"$1"
    rm -f "$content"
}

write_lines() {
    wrote=
    for file in "$HOME/.bashrc" "$HOME/.zshrc" "$HOME/.profile"; do
        if [ ! -e "$file" ] && { [ -n "$wrote" ] || [ "$file" != "$HOME/.profile" ]; }; then
            continue
        fi
        note=
        if [ ! -e "$file" ]; then
            : >"$file"
            note=$made
        elif grep -qxF "$made" "$file"; then
            note=$made
        fi
        {
            without_block "$file"
            say "$begin"
            if [ -n "$note" ]; then
                say "$note"
            fi
            lines
            say "$end"
        } | replace_content "$file"
        wrote=yes
        say "wrote guard's lines to $file"
    done
}

remove_lines() {
    for file in "$HOME/.bashrc" "$HOME/.zshrc" "$HOME/.profile"; do
        if [ ! -f "$file" ] || ! grep -qxF "$begin" "$file"; then
            continue
        fi
        ours=$(grep -cxF "$made" "$file" || true)
        without_block "$file" | replace_content "$file"
        if [ "$ours" -gt 0 ] && [ ! -s "$file" ]; then
            rm -f "$file"
        fi
        say "removed guard's lines from $file"
    done
}

# Text as one word for a shell.
quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# Text inside of a JSON string.
json() {
    printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

lines() {
    say "export CLAUDE_CODE_SHELL=$(quoted "$shells/$shell")"
    say "case :\$PATH: in"
    say "*:$(quoted "$shims"):*) ;;"
    say "*) export PATH=$(quoted "$shims"):\"\$PATH\" ;;"
    say "esac"
}

explain() {
    cat <<END

guard is installed: $prefix/bin/guard

For Claude Code, in ~/.claude/settings.json:

    { "env": { "CLAUDE_CODE_SHELL": "$(json "$shells/$shell")" } }

For other agents, in the terminal that they are started from:

    export SHELL=$(quoted "$shells/$shell")
    export PATH=$(quoted "$shims"):"\$PATH"

For one command:

    $prefix/bin/guard -- COMMAND

END
}

# Runs a command the way an agent does: without a terminal that a person could answer on.
as_an_agent() {
    if command -v setsid >/dev/null 2>&1; then
        setsid -w "$@" </dev/null
    else
        "$@" </dev/null
    fi
}

# Runs one command in the place of the show, with a state directory of its own.
play() {
    (
        cd "$canary/shop"
        XDG_STATE_HOME=$canary/state as_an_agent "$shells/$shell" -c "$1" 2>&1
    )
}

# The main job, for real: a file that must survive does, and a harmless command runs.
show() {
    canary=$(mktemp -d "$prefix/lib/guard/canary.XXXXXX")
    # An empty repository: no rule of one further up says that files here do not matter.
    mkdir -p "$canary/shop/.git/objects" "$canary/shop/.git/refs"
    say 'ref: refs/heads/main' >"$canary/shop/.git/HEAD"
    say "the only copy" >"$canary/shop/notes.txt"
    say "An agent runs: rm -rf notes.txt"
    status=0
    message=$(play 'rm -rf notes.txt') || status=$?
    kept=no
    if [ -f "$canary/shop/notes.txt" ]; then
        kept=yes
    fi
    listed=$(play ls) || listed="ls failed: $listed"
    rm -rf "$canary"
    printf '%s\n' "$message" | sed 's/^/  | /'
    if [ "$status" -ne 126 ] || [ "$kept" != yes ]; then
        die "guard did not stop it (exit status $status, file kept: $kept)"
    fi
    say "Stopped with exit status 126; the file is still there."
    say "An agent runs: ls"
    printf '%s\n' "$listed" | sed 's/^/  | /'
    if [ "$listed" != notes.txt ]; then
        die "a harmless command did not run"
    fi
}

build() {
    if ! command -v cargo >/dev/null 2>&1; then
        if [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
            PATH=$HOME/.cargo/bin:$PATH
        else
            die "cargo is not installed; get Rust from https://rustup.rs or your distribution"
        fi
    fi
    (cd "$source" && cargo build --release --locked) || die "the build failed"
    built=${CARGO_TARGET_DIR:-target}
    case $built in
    /*) ;;
    *) built=$source/$built ;;
    esac
    built=$built/release/guard
    [ -x "$built" ] || die "the build left no program at $built"
}

install_guard() {
    program=$prefix/bin/guard
    if [ -e "$program" ] && [ ! -e "$shells/.guard-links" ]; then
        die "$program is another program; choose another --prefix, or move it away"
    fi
    build
    mkdir -p "$prefix/bin"
    cp "$built" "$program.new"
    chmod 755 "$program.new"
    mv -f "$program.new" "$program"
    "$program" setup --prefix "$prefix" >/dev/null
    for shell in bash zsh sh; do
        if [ -e "$shells/$shell" ]; then
            break
        fi
    done
    if [ "$write" = yes ]; then
        write_lines
    fi
    explain
    show
}

uninstall_guard() {
    if [ -n "${HOME:-}" ]; then
        remove_lines
    fi
    if [ -e "$shells/.guard-links" ] && [ -x "$prefix/bin/guard" ]; then
        "$prefix/bin/guard" setup --prefix "$prefix" --remove
        rm -f "$prefix/bin/guard"
        say "removed guard from $prefix"
    else
        say "guard is not installed in $prefix"
    fi
    say "The audit log stays, in ${XDG_STATE_HOME:-${HOME:-~}/.local/state}/guard"
}

prefix=
write=no
uninstall=no
while [ $# -gt 0 ]; do
    case $1 in
    --prefix)
        [ $# -ge 2 ] || die "--prefix needs a directory"
        prefix=$2
        shift
        ;;
    --prefix=*) prefix=${1#--prefix=} ;;
    --write) write=yes ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done

if [ -z "$prefix" ]; then
    [ -n "${HOME:-}" ] || die "HOME is not set; say where to install with --prefix DIR"
    prefix=$HOME/.local
fi
if [ "$write" = yes ] && [ -z "${HOME:-}" ]; then
    die "HOME is not set, so there are no files for --write"
fi
case $prefix in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac
PATH=$(without_shims "$PATH")
export PATH
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
shells=$prefix/lib/guard/shells
shims=$prefix/lib/guard/shims

if [ "$uninstall" = yes ]; then
    uninstall_guard
else
    install_guard
fi
