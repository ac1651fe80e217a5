#!/usr/bin/env bash
# Runs netdiag on Linux aarch64 without the hardware: Deno for aarch64 and its
# C library run under QEMU's user-mode emulation, which hands system calls to
# the kernel of this machine. Needs Debian, root and npm, and installs the rest.
# Nothing is sent but within two network namespaces of its own. The last line
# is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/foreign/checks.sh
source tests/foreign/checks.sh

readonly PACKAGES=(qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross iproute2)
readonly DENO=@deno/linux-arm64-glibc@2.9.5
readonly DENO_SHA256=e1a70c5eb03b0ebaf761077029ef86b9ba22d50e2b54ca45ce5437457f701b63
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/netdiag-foreign/aarch64
# In seconds: all checks together, and each one.
readonly LIMIT=300 STEP_LIMIT=60
# The tests of FFI and of sockets, but for those that measure the machine's speed.
readonly TESTS=(
  tests/os/{stream,datagram,unix,deno_ports,system}_test.ts
  tests/echo/{server,probe_stream,probe,load_stream,tls}_test.ts
)

export NO_COLOR=1 LC_ALL=C DENO_NO_UPDATE_CHECK=1 DENO_DIR=$CACHE/deno-dir

work=$(mktemp -d)
readonly work near=netdiag-aarch64-$$-near far=netdiag-aarch64-$$-far
servers=()

clean_up() {
  [[ ${#servers[@]} -eq 0 ]] || kill -KILL "${servers[@]}" 2>/dev/null
  ip netns delete "$near" 2>/dev/null
  ip netns delete "$far" 2>/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

install_deno() {
  is_deno "$CACHE/deno" && return
  npm pack --silent --pack-destination "$work" "$DENO" >/dev/null &&
    tar -xzf "$work"/*.tgz -C "$work" package/deno &&
    is_deno "$work/package/deno" &&
    mkdir -p "$CACHE" && install -m 755 "$work/package/deno" "$CACHE/deno"
}

# The C library where Debian on aarch64 has it, since --allow-ffi names that path.
lay_out_root() {
  mkdir -p "$work/root/lib" &&
    ln -s /usr/aarch64-linux-gnu/lib/* "$work/root/lib/" &&
    ln -s . "$work/root/lib/aarch64-linux-gnu"
}

# near (10.79.1.1, fd79::1) and far (10.79.1.2, fd79::2), which is near's router to nowhere.
build_network() {
  ip netns add "$near" && ip netns add "$far" || return
  local host
  for host in "$near" "$far"; do
    ip netns exec "$host" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
      net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 || return
    ip -n "$host" link set lo up || return
  done
  ip link add eth0 netns "$near" type veth peer name eth0 netns "$far" &&
    ip -n "$near" link set eth0 up && ip -n "$far" link set eth0 up &&
    ip -n "$near" address add 10.79.1.1/24 dev eth0 &&
    ip -n "$near" address add fd79::1/64 dev eth0 &&
    ip -n "$far" address add 10.79.1.2/24 dev eth0 &&
    ip -n "$far" address add fd79::2/64 dev eth0 &&
    ip -n "$far" route add unreachable 10.79.2.0/24 &&
    ip -n "$far" route add 10.79.3.0/24 via 10.79.1.1 &&
    ip -n "$near" route add default via 10.79.1.2
}

# check NAME STATUS PATTERN COMMAND...: it ends in time, with this status, and prints this.
check() {
  local name=$1 expected=$2 pattern=$3 output status=0 started=$SECONDS
  local limit=$((LIMIT - SECONDS < STEP_LIMIT ? LIMIT - SECONDS : STEP_LIMIT))
  shift 3
  if [[ $limit -le 0 ]]; then
    output="Not run: all together took longer than $LIMIT s" status=none
  else
    output=$(timeout --kill-after=1 "$limit" "$@" 2>&1) || status=$?
  fi
  judge "$name" "$expected" "$pattern" "$status" "$started" <<<"$output"
}

# serve LOG PATTERN COMMAND...: starts a server, and waits for this line of its output.
serve() {
  local log=$1 pattern=$2
  shift 2
  "$@" >"$log" 2>&1 &
  servers+=($!)
  disown
  grep -qm 1 -- "$pattern" < <(exec timeout "$STEP_LIMIT" tail -n +1 -f "$log")
}

readonly deno=(qemu-aarch64-static -L "$work/root" "$CACHE/deno")
readonly on_near=(ip netns exec "$near" "${deno[@]}")
readonly on_far=(ip netns exec "$far" "${deno[@]}")
readonly main=(run --quiet --no-prompt --cached-only --allow-net --allow-ffi
  --allow-read --allow-write main.ts)
readonly netdiag=("${on_near[@]}" "${main[@]}")

if ! install_packages || ! install_deno || ! lay_out_root ||
  ! "${deno[@]}" cache --quiet --frozen main.ts "${TESTS[@]}" || ! build_network; then
  echo "Cannot set up Deno for aarch64 under QEMU"
  echo "0 passed, 1 failed"
  exit 1
fi
SECONDS=0

check "Deno is one for aarch64" 0 "^aarch64 linux$" \
  "${on_near[@]}" eval 'console.log(Deno.build.arch, Deno.build.os)'

check "ping 127.0.0.1" 0 "3 received, 0% packet loss" \
  "${netdiag[@]}" ping -c 3 -i 0.2 127.0.0.1
check "ping ::1" 0 '"answered":3,.*"lost":0' \
  "${netdiag[@]}" ping --json -c 3 -i 0.2 ::1
check "ping localhost, by name and back" 0 "bytes from localhost \(" \
  "${netdiag[@]}" ping -c 1 localhost
permissions=(--allow-net=127.0.0.1 --allow-ffi=/lib/aarch64-linux-gnu/libc.so.6)
check "permissions of ping" 0 "^${permissions[*]}$" \
  "${netdiag[@]}" permissions ping 127.0.0.1
check "ping with these, and no more" 0 "1 received, 0% packet loss" \
  "${on_near[@]}" run --no-prompt --cached-only "${permissions[@]}" main.ts ping -c 1 127.0.0.1
check "ping across a link, 1400 bytes" 0 "1408 bytes from 10.79.1.2: .* ttl=64 " \
  "${netdiag[@]}" ping -c 2 -i 0.2 -s 1400 10.79.1.2
check "ping across a link, IPv6" 0 "2 received, 0% packet loss" \
  "${netdiag[@]}" ping -c 2 -i 0.2 fd79::2
check "ping an unreachable host: the router's error" 1 \
  "From 10.79.1.2 icmp_seq=1 Destination Host Unreachable" \
  "${netdiag[@]}" ping -c 1 10.79.2.1
check "ping past the time to live: the router's error" 1 \
  "From 10.79.1.2 icmp_seq=1 Time to live exceeded" \
  "${netdiag[@]}" ping -c 1 -t 1 10.79.3.1
check "ping where no route leads" 2 "Network is unreachable" \
  "${netdiag[@]}" ping -c 1 2001:db8::1
check "ping -M do beyond the MTU: the system's error" 1 "[Mm]essage too long.*1500" \
  "${netdiag[@]}" ping -c 1 -M do -s 2000 10.79.1.2
check "ping 254 targets" 0 '"targets":254,"alive":254,' \
  "${netdiag[@]}" ping --json -g 127.0.0.0/24
check "ping --tcp, a closed port" 0 '"answered":2,.*"lost":0' \
  "${netdiag[@]}" ping --json -c 2 -i 0.2 --tcp 9 10.79.1.2
check "ping --udp, a closed port, IPv6" 0 '"answered":2,.*"lost":0' \
  "${netdiag[@]}" ping --json -c 2 -i 0.2 --udp 9 fd79::2
check "ping, raw socket" 0 '"socket":"raw"' \
  "${netdiag[@]}" ping --json -c 2 -i 0.2 10.79.1.2
ip netns exec "$near" sysctl -qw net.ipv4.ping_group_range="0 2147483647"
check "ping, datagram socket" 0 '"socket":"datagram"' \
  "${netdiag[@]}" ping --json -c 2 -i 0.2 10.79.1.2

serve "$work/http.log" ready "${on_far[@]}" eval '
  Deno.serve({ hostname: "::", port: 80, onListen: () => console.log("ready") },
    () => new Response("hello\n".repeat(10_000)))'
check "ping --tcp, an open port" 0 '"answered":2,.*"lost":0' \
  "${netdiag[@]}" ping --json -c 2 -i 0.2 --tcp 80 10.79.1.2
check "http, a keep-alive connection" 0 '"reused":true,.*"bodyBytes":60000' \
  "${netdiag[@]}" http --json --repeat 3 http://10.79.1.2/
check "http, IPv6" 0 "200 OK" "${netdiag[@]}" http "http://[fd79::2]/"

# check_echo HOST ENDPOINT: Unix datagrams are answered within one namespace only (unix(7), autobind).
check_echo() {
  local -n host=$1
  local name=${2/"$work/"/}
  check "echo send $name" 0 "3 received, 0% loss" \
    "${host[@]}" "${main[@]}" echo send -c 3 -i 0.1 "$2" hello
  check "echo load $name" 0 '"unanswered":0,.*"mismatched":0,"errors":\{\},"perSecond":[1-9]' \
    "${host[@]}" "${main[@]}" echo load --json --conns 16 --warmup 0 --duration 2s "$2"
}

serve "$work/echo.log" "^Try it" "${on_far[@]}" "${main[@]}" echo \
  tcp://10.79.1.2:7007 "udp://[fd79::2]:7007" "unix:$work/echo" "unixgram:$work/echogram"
check "echo server, its native event loop" 0 "unixgram:.*\(native\)$" cat "$work/echo.log"
check_echo on_near tcp://10.79.1.2:7007
check_echo on_near "udp://[fd79::2]:7007"
check_echo on_far "unix:$work/echo"
check_echo on_far "unixgram:$work/echogram"
kill -INT "${servers[-1]}"
check "echo server, ended by Ctrl-C" 0 "^34 connections, at most 16 at one time, 0 refused" \
  tail --pid="${servers[-1]}" -n +1 -f "$work/echo.log"

for test in "${TESTS[@]}"; do
  check "$test" 0 '^ok \| [1-9][0-9]* passed' \
    "${on_near[@]}" test --no-check --cached-only -A "$test"
done

verdict
