#!/usr/bin/env bash
# Runs netdiag on Deno for Windows, under Wine: its IcmpSendEcho2Ex, resolver
# and sockets, over those of this machine. Needs Debian, root and npm, and
# installs the rest: Wine 10 in a tree of its own, below the user's cache.
# Nothing is sent but within network namespaces of its own, and no process
# outlives it. The last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/foreign/checks.sh
source tests/foreign/checks.sh

readonly PACKAGES=(debootstrap gcc-mingw-w64-x86-64 iproute2 util-linux)
readonly DEBIAN=trixie # has Wine 10; V8 needs more than Wine 8
readonly DENO=@deno/win32-x64@2.9.5
readonly DENO_SHA256=98f8c2a2d470e4ccb04c935c86ff8050817d877762aec5eaeeb9e409ccb3b9fd
readonly LINUX_DENO=2.9.6
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/netdiag-foreign/windows
readonly ROOT=$CACHE/$DEBIAN
# In seconds: all checks together, and each one.
readonly LIMIT=170 STEP_LIMIT=20

export NO_COLOR=1 LC_ALL=C DENO_NO_UPDATE_CHECK=1 DENO_DIR=$ROOT/deno-dir

install_wine() {
  [[ -d $ROOT ]] && return
  rm -rf "$ROOT.part" &&
    debootstrap --variant=minbase --include=wine64 "$DEBIAN" "$ROOT.part" >/dev/null &&
    mkdir "$ROOT.part/deno" "$ROOT.part/netdiag" &&
    echo "127.0.0.1 localhost" >"$ROOT.part/etc/hosts" &&
    : >"$ROOT.part/etc/resolv.conf" && mv "$ROOT.part" "$ROOT"
}

# Deno for Windows, with the library that Wine lacks beside it.
install_deno() {
  x86_64-w64-mingw32-gcc -O2 -Wall -Wextra -Werror -shared -s -o "$ROOT/deno/bcryptprimitives.dll" \
    tests/foreign/bcryptprimitives.c -ladvapi32 || return
  is_deno "$ROOT/deno/deno.exe" && return
  npm pack --silent --pack-destination "$ROOT/deno" "$DENO" >/dev/null &&
    tar -xzf "$ROOT"/deno/*.tgz -C "$ROOT/deno" --strip-components=1 package/deno.exe &&
    rm "$ROOT"/deno/*.tgz && is_deno "$ROOT/deno/deno.exe"
}

# What Wine calls a prefix: drive C and the registry. wineserver -w waits until all of it is written.
install_prefix() {
  timeout 120 "${session[@]}" sh -c 'WINEPREFIX=/wine.part; export WINEPREFIX
    rm -rf /wine.part; wine64 wineboot -i && wineserver64 -w && mv /wine.part /wine'
}

# One router away is far (10.79.2.2), and 254 more of its addresses; 10.79.3.0/24 never answers.
build_network() {
  mount -t tmpfs tmpfs /run/netns && ip link set lo up || return
  local host
  for host in router far; do
    ip netns add $host && ip -n $host link set lo up || return
  done
  ip link add eth0 type veth peer name eth0 netns router &&
    ip -n router link add eth1 type veth peer name eth0 netns far &&
    ip netns exec router sysctl -qw net.ipv4.ip_forward=1 &&
    ip link set eth0 up && ip -n router link set eth0 up &&
    ip -n router link set eth1 up && ip -n far link set eth0 up &&
    ip address add 10.79.1.2/24 dev eth0 &&
    ip -n router address add 10.79.1.1/24 dev eth0 &&
    ip -n router address add 10.79.2.1/24 dev eth1 &&
    ip -n far address add 10.79.2.2/24 dev eth0 &&
    ip route add 10.79.0.0/16 via 10.79.1.1 &&
    ip -n far route add default via 10.79.2.1 &&
    ip -n far route add local 10.79.4.0/24 dev lo &&
    ip -n router route add 10.79.4.0/24 via 10.79.2.2 &&
    ip -n router route add blackhole 10.79.3.0/24 &&
    mount --bind . "$ROOT/netdiag"
}

# check NAME STATUS PATTERN COMMAND...: it ends in time, with this status, and prints this.
check() {
  local name=$1 expected=$2 pattern=$3 status=0 started=$SECONDS
  shift 3
  if [[ $SECONDS -gt $LIMIT ]]; then
    echo "Not run: all together took longer than $LIMIT s" >"$work/output"
    status=none
  else
    "$@" >"$work/output" 2>&1 </dev/null || status=$?
  fi
  judge "$name" "$expected" "$pattern" "$status" "$started" <"$work/output"
}

# serve LOG PATTERN COMMAND...: starts a server, and waits for this line of its output.
serve() {
  local log=$1 pattern=$2
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  server=$!
  grep -qm 1 -- "$pattern" < <(exec timeout "$STEP_LIMIT" tail -n +1 -f "$log")
}

# interrupt LOG: what the program of the last server, on Windows, prints and returns after Ctrl-C.
interrupt() {
  kill -INT "$(pgrep -P "$(pgrep -P "$server")")"
  wait "$server"
  local status=$?
  cat "$1"
  return "$status"
}

give_up() {
  echo "Cannot set up Deno for Windows under Wine: $1"
  echo "0 passed, 1 failed"
  exit 1
}

# A session of Wine's ends with its program, down to Wine's drivers.
readonly session=(unshare --pid --fork --kill-child --mount-proc="$ROOT/proc"
  chroot "$ROOT" env -i HOME=/root PATH=/usr/lib/wine:/usr/bin:/bin
  WINEPREFIX=/wine XDG_RUNTIME_DIR=/tmp WINEDEBUG=-all NO_COLOR=1 'DENO_DIR=Z:\deno-dir'
  "WINEDLLOVERRIDES=bcryptprimitives=n;winedbg.exe=d;mscoree=;mshtml=")
readonly wine=(timeout --signal=KILL "$STEP_LIMIT" "${session[@]}"
  sh -c 'cd /netdiag && exec wine64 "$@"' wine)
readonly deno=("${wine[@]}" 'Z:\deno\deno.exe')
readonly main=(run --quiet --no-prompt --cached-only --allow-net --allow-ffi
  --allow-read --allow-write main.ts)
readonly netdiag=("${deno[@]}" "${main[@]}")

if [[ ${1-} != --isolated ]]; then
  # One run at a time: they share a tree, and Wine's registry in it.
  mkdir -p "$CACHE" && exec {lock}>"$CACHE/lock" && flock "$lock" || give_up "$CACHE"
  install_packages || give_up "the packages ${PACKAGES[*]}"
  install_wine || give_up "Wine, by debootstrap"
  install_deno || give_up "$DENO"
  linux_deno=$(npx -y "deno@$LINUX_DENO" eval 'console.log(Deno.execPath())') &&
    "$linux_deno" cache --quiet --frozen main.ts || give_up "netdiag's packages"
  # All that the checks start, and their network, ends with this one process.
  exec unshare --net --pid --fork --kill-child --mount-proc \
    bash "tests/foreign/$(basename "$0")" --isolated "$linux_deno"
fi

readonly linux_deno=$2
readonly on_far=(ip netns exec far timeout "$LIMIT" "$linux_deno" "${main[@]}")
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
build_network || give_up "its network"
[[ -d $ROOT/wine ]] || install_prefix >"$work/wineboot" 2>&1 || give_up "$(cat "$work/wineboot")"
SECONDS=0

check "Deno is one for Windows" 0 "^x86_64 windows" \
  "${deno[@]}" eval 'console.log(Deno.build.arch, Deno.build.os)'

check "ping 127.0.0.1" 0 "3 received, 0% packet loss" \
  "${netdiag[@]}" ping -c 3 -i 0.2 127.0.0.1
check "ping localhost, by name and back" 0 "bytes from localhost \(" \
  "${netdiag[@]}" ping -c 1 localhost
check "ping a name that there is not" 2 'Cannot resolve "nosuch.invalid"' \
  "${netdiag[@]}" ping -c 1 nosuch.invalid
check "ping through a router" 0 '"answered":3,.*"lost":0' \
  "${netdiag[@]}" ping --json -c 3 -i 0.2 10.79.2.2
check "ping -s 65500" 0 "65508 bytes from 10.79.2.2: .* ttl=63 " \
  "${netdiag[@]}" ping -c 1 -s 65500 10.79.2.2
check "ping -I, an address of its own" 0 "from 10.79.1.2 : .*" \
  "${netdiag[@]}" ping -c 1 -I 10.79.1.2 10.79.2.2
check "ping -I, another's address" 2 "EADDRNOTAVAIL" \
  "${netdiag[@]}" ping -c 1 -I 10.79.1.9 10.79.2.2
check "ping -t 1: the router's error" 1 \
  "From 10.79.1.1 icmp_seq=1 Time to live exceeded" \
  "${netdiag[@]}" ping -c 1 -t 1 10.79.2.2
check "ping an unknown network: the router's error" 1 \
  "From 10.79.1.1 icmp_seq=1 Destination Net Unreachable" \
  "${netdiag[@]}" ping -c 1 10.79.9.1
check "ping where no route leads" 2 "Network is unreachable" \
  "${netdiag[@]}" ping -c 1 192.0.2.77
check "ping -W, no answer" 1 "2 packets transmitted, 0 received, 100% packet loss" \
  "${netdiag[@]}" ping -c 2 -i 0.2 -W 0.3 10.79.3.1
check "ping two targets, one of them silent" 1 "10.79.4.1 : xmt/rcv/%loss = 2/2/0%" \
  "${netdiag[@]}" ping -c 2 -i 0.1 10.79.3.1 10.79.4.1
check "ping 254 targets at once" 0 '"targets":254,"alive":254,' \
  "${netdiag[@]}" ping --json --rate 0 -g 10.79.4.0/24
check "ping 254 silent targets at once" 1 '"alive":0,.*"lost":254,' \
  "${netdiag[@]}" ping --json --rate 0 --retries 0 -W 500ms -g 10.79.3.0/24
check "ping -6, which Wine has not" 2 "Cannot ping over IPv6: the system has no Icmp6ParseReplies" \
  "${netdiag[@]}" ping -6 -c 1 ::1
check "ping --tcp, a closed port" 0 "refused by 10.79.2.2 port 9: tcp_seq=2" \
  "${netdiag[@]}" ping -c 2 -i 0.2 --tcp 9 10.79.2.2
serve "$work/ping.log" "icmp_seq=2" "${netdiag[@]}" ping -i 0.2 10.79.2.2
check "ping, ended by Ctrl-C" 0 "received, 0% packet loss" interrupt "$work/ping.log"

serve "$work/far.log" "^Try it" "${on_far[@]}" echo tcp://10.79.2.2:7007 udp://10.79.2.2:7007
check "ping --udp, an echo" 0 "2 received, 0% packet loss" \
  "${netdiag[@]}" ping -c 2 -i 0.2 --udp 7007 10.79.2.2
readonly udp=(--allow-ffi --allow-net=10.79.2.2:7007,0.0.0.0:0)
check "permissions ping --udp" 0 "^--allow-net=10.79.2.2:7007,0.0.0.0:0 --allow-ffi" \
  "${netdiag[@]}" permissions ping --udp 7007 10.79.2.2
check "ping --udp, with no more than that" 0 "1 received, 0% packet loss" \
  "${deno[@]}" run --quiet --no-prompt --cached-only "${udp[@]}" main.ts ping -c 1 --udp 7007 10.79.2.2
check "ping --udp, with less" 2 "Requires net access to .0.0.0.0:0" \
  "${deno[@]}" run --quiet --no-prompt --cached-only --allow-ffi --allow-net=10.79.2.2:7007 main.ts ping -c 1 --udp 7007 10.79.2.2
for protocol in tcp udp; do
  check "echo send $protocol" 0 "3 received, 0% loss" \
    "${netdiag[@]}" echo send -c 3 -i 0.1 $protocol://10.79.2.2:7007 hello
  check "echo load $protocol" 0 '"unanswered":0,.*"mismatched":0,"errors":\{\},"perSecond":[1-9]' \
    "${netdiag[@]}" echo load --json --conns 16 --warmup 0 -d 1 $protocol://10.79.2.2:7007
done

serve "$work/echo.log" "^Try it" "${netdiag[@]}" echo tcp://10.79.1.2:7007 udp://10.79.1.2:7007
for protocol in tcp udp; do
  check "echo server, $protocol" 0 "3 received, 0% loss" \
    "${on_far[@]}" echo send -c 3 -i 0.1 $protocol://10.79.1.2:7007 hello
done
check "echo server, ended by Ctrl-C" 0 "^1 connection, at most 1 at one time, 0 refused" \
  interrupt "$work/echo.log"

serve "$work/http.log" ready ip netns exec far "$linux_deno" eval '
  Deno.serve({ hostname: "10.79.2.2", port: 80, onListen: () => console.log("ready") },
    () => new Response("hello\n".repeat(10_000)))'
check "http, a keep-alive connection" 0 '"reused":true,.*"bodyBytes":60000,' \
  "${netdiag[@]}" http --json --repeat 3 http://10.79.2.2/
check "http, a closed port" 1 "Cannot connect to 10.79.2.2:81: .*[Rr]efused" \
  "${netdiag[@]}" http http://10.79.2.2:81/

check "echo, a Unix socket, which Deno has not" 2 "Deno has no Unix sockets on Windows" \
  "${netdiag[@]}" echo unix:echo.sock
check "echo send, a Unix socket" 2 "Deno has no Unix sockets on Windows" \
  "${netdiag[@]}" echo send unix:echo.sock hello
check "permissions" 0 "^--allow-net=localhost --allow-ffi" \
  "${netdiag[@]}" permissions ping localhost
check "ping without the permission of ffi" 2 "run again with --allow-ffi" \
  "${deno[@]}" run --quiet --no-prompt --cached-only --allow-net main.ts ping -c 1 127.0.0.1

verdict
