#!/usr/bin/env bash
# Unpacks the archive of this system in a folder, checks it against SHA256SUMS,
# and runs the binary: smoke.sh FOLDER
set -euo pipefail
cd "$1"

case $(uname -s) in
Linux) os=linux ;;
Darwin) os=macos ;;
*) os=windows ;;
esac
# bash is translated on Windows for ARM, and uname with it.
case ${RUNNER_ARCH:-$(uname -m)} in
ARM64 | arm64 | aarch64) arch=aarch64 ;;
*) arch=x86_64 ;;
esac

archive=$(grep -oE "netdiag-[^ ]+-$os-$arch\.(tar\.gz|zip)$" SHA256SUMS)
if command -v sha256sum >/dev/null; then
  grep -F "  $archive" SHA256SUMS | sha256sum --check
else
  grep -F "  $archive" SHA256SUMS | shasum -a 256 --check
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $archive in
*.zip) unzip -q "$archive" -d "$work" ;;
*) tar -xzf "$archive" -C "$work" ;;
esac
netdiag=$(echo "$work"/*/netdiag*)

set -x
"$netdiag" --version
"$netdiag" help ping | grep -q "^Usage: netdiag ping"
"$netdiag" completions bash | bash -n
# A refused handshake is an answer, too, and needs no privilege.
"$netdiag" ping -c 1 -W 10 --tcp 1 127.0.0.1
if [[ $os == linux ]]; then
  sudo=$([[ $EUID -eq 0 ]] || echo sudo)
  $sudo "$netdiag" ping -c 1 127.0.0.1
fi
