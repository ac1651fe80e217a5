#!/bin/sh
# Installs netdiag for the user who runs this: the binary, its completions and
# manual pages, below ~/.local. Never needs root.
#
#   curl -fsSL https://github.com/netdiag/netdiag/releases/latest/download/install.sh | sh
#
# NETDIAG_VERSION=0.1.0   another version than the newest
# NETDIAG_PREFIX=DIR      another place than ~/.local
# NETDIAG_BASE_URL=URL    another place to download from than the releases on GitHub
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

download() { # URL FILE
  if command -v curl >/dev/null; then
    why=$(curl -fsSL --retry 2 --max-time 600 -o "$2" "$1" 2>&1)
  elif command -v wget >/dev/null; then
    why=$(wget -nv --timeout=60 -O "$2" "$1" 2>&1)
  else
    fail "Needs curl or wget"
  fi || fail "Cannot download $1: $why"
}

checksum() { # FILE
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  else
    shasum -a 256 "$1"
  fi | cut -d ' ' -f 1
}

system() {
  case $(uname -s) in
  Linux) os=linux ;;
  Darwin) os=macos ;;
  *) fail "There is no binary for $(uname -s); on Windows run install.ps1" ;;
  esac
  case $(uname -m) in
  x86_64 | amd64) arch=x86_64 ;;
  aarch64 | arm64) arch=aarch64 ;;
  *) fail "There is no binary for $(uname -m) processors" ;;
  esac
  # A process that Rosetta translates is told x86_64.
  if [ $os = macos ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
    arch=aarch64
  fi
  echo "$os-$arch"
}

# Everything is in a function, so that nothing runs of a script that was cut off.
main() {
  command -v sha256sum >/dev/null || command -v shasum >/dev/null ||
    fail "Needs sha256sum or shasum, to check what is downloaded"
  prefix=${NETDIAG_PREFIX:-${HOME:?is not set: set NETDIAG_PREFIX}/.local}
  base=${NETDIAG_BASE_URL:-https://github.com/netdiag/netdiag/releases}
  if [ -n "${NETDIAG_VERSION:-}" ]; then
    base=$base/download/v${NETDIAG_VERSION#v}
  else
    base=$base/latest/download
  fi
  system=$(system)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM

  download "$base/SHA256SUMS" "$work/SHA256SUMS"
  line=$(grep -E "^[0-9a-f]{64}  netdiag-[0-9A-Za-z.+-]+-$system\.tar\.gz$" "$work/SHA256SUMS") ||
    fail "SHA256SUMS names no archive for $system"
  archive=${line#*  }
  download "$base/$archive" "$work/$archive"
  sum=$(checksum "$work/$archive")
  [ "$sum" = "${line%% *}" ] ||
    fail "$archive is not what SHA256SUMS says: its checksum is $sum. Nothing was installed"

  tar -xzf "$work/$archive" -C "$work" || fail "Cannot unpack $archive"
  from=$work/${archive%.tar.gz}
  share=$prefix/share
  put "$from/netdiag" "$prefix/bin/netdiag" 755
  put "$from/completions/netdiag.bash" "$share/bash-completion/completions/netdiag" 644
  put "$from/completions/_netdiag" "$share/zsh/site-functions/_netdiag" 644
  put "$from/completions/netdiag.fish" "$share/fish/vendor_completions.d/netdiag.fish" 644
  for page in "$from"/man/*.1; do
    put "$page" "$share/man/man1/${page##*/}" 644
  done
  echo "Installed $("$prefix/bin/netdiag" --version) as $prefix/bin/netdiag"
  case :$PATH: in
  *":$prefix/bin:"*) ;;
  *) echo "Add $prefix/bin to PATH" ;;
  esac
}

# Beside the old one first: a program that runs is replaced in one step.
put() { # FROM TO MODE
  mkdir -p "${2%/*}" && cp "$1" "$2.new" && chmod "$3" "$2.new" && mv -f "$2.new" "$2" ||
    fail "Cannot write $2"
}

main
