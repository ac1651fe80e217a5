# What the scripts beside this one share. They name PACKAGES and DENO_SHA256.

passed=0 failed=0

install_packages() {
  dpkg -s "${PACKAGES[@]}" >/dev/null 2>&1 && return
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${PACKAGES[@]}" >/dev/null
}

is_deno() { [[ -f $1 ]] && sha256sum --check --status <<<"$DENO_SHA256  $1"; }

# judge NAME EXPECTED PATTERN STATUS STARTED: counts what began at STARTED and printed standard input.
judge() {
  local name=$1 expected=$2 pattern=$3 status=$4 started=$5 output
  output=$(cat)
  if [[ $status == "$expected" ]] && grep -qE -- "$pattern" <<<"$output"; then
    passed=$((passed + 1))
    echo "ok      $name ($((SECONDS - started)) s)"
  else
    failed=$((failed + 1))
    echo "FAILED  $name: exit status $status, expected $expected and \"$pattern\""
    tail -n 20 <<<"$output" | sed 's/^/        /'
  fi
}

verdict() {
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 ]]
}
