# What the end-to-end tests share: a daemon in a network namespace of its own, clients, checks. Sourced by each test, which
# is called with the folder of the built programs.
set -euo pipefail

bin=${1:?usage: $0 BIN_DIR}
bin=$(readlink -f "$bin")
here=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")")
root=$(readlink -f "$here/../..")
name=$(basename "$0")
work=$(mktemp -d "/tmp/actord-e2e.XXXXXX")
data=$work/data
space=ae2e-$$
node_address=192.0.2.10
daemon=

skip() { # ctest shows exit code 77 as skipped
  echo "skipped: $*"
  exit 77
}
[[ $(id -u) == 0 ]] || skip "needs root: containers, network namespaces and iptables"
for program in ip nsenter iptables conmon runc busybox curl; do
  command -v "$program" >/dev/null || skip "needs the program $program"
done

say() { printf -- '--- %s\n' "$*"; }
die() {
  printf 'FAILED: %s\n' "$*" >&2
  [[ -f $work/actord.log ]] && { echo '--- the daemon said:' >&2; tail -n 60 "$work/actord.log" >&2; }
  exit 1
}

# in_net COMMAND...: in the network of the test's node. Unlike `ip netns exec` this leaves /sys, and so the cgroups, alone.
in_net() { nsenter --net="/run/netns/$space" -- "$@"; }

make_net() {
  ip netns add "$space"
  in_net ip link set lo up
  in_net ip link add node0 type bridge
  in_net ip addr add "$node_address/24" dev node0
  in_net ip link set node0 up
  in_net ip route add default via 192.0.2.1 dev node0
}

# start_daemon [FLAG...]: returns once the API answers.
start_daemon() {
  nsenter --net="/run/netns/$space" -- "$bin/actord" --data-dir "$data" --node-name node-1 "$@" >>"$work/actord.log" 2>&1 &
  daemon=$!
  export KUBECONFIG=$data/admin.kubeconfig
  wait_for "the API" 20 api_ready
}
api_ready() {
  kill -0 "$daemon" 2>/dev/null || die "actord ended while starting"
  [[ $(in_net curl -sk -m 2 https://127.0.0.1:6443/readyz 2>/dev/null) == ok ]]
}
stop_daemon() {
  [[ -n $daemon ]] || return 0
  kill "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  daemon=
}
kill_daemon() {
  kill -9 "$daemon"
  wait "$daemon" 2>/dev/null || true
  daemon=
}

# The newest kubectl there is: versions stand side by side next to the installed one, else the installed one.
newest_kubectl() {
  local installed
  installed=$(command -v kubectl) || die "no kubectl"
  find "$(dirname "$(readlink -f "$installed")")" -maxdepth 1 -name 'kubectl.1.*' | sort -V | tail -n 1 | grep . || echo "$installed"
}
kubectl_program=$(newest_kubectl)
# Every version there is, oldest first.
find_kubectls() {
  find "$(dirname "$(readlink -f "$(type -P kubectl)")")" -maxdepth 1 -name 'kubectl.1.*' | sort -V | grep . || type -P kubectl
}
kubectl() { in_net "$kubectl_program" --cache-dir "$work/kubectl-cache" "$@"; }
actctl() { in_net "$bin/actctl" "$@"; }

# wait_for WHAT SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local what=$1 seconds=$2 end
  shift 2
  end=$((SECONDS + seconds))
  until "$@"; do
    ((SECONDS < end)) || die "waited ${seconds}s in vain for $what"
    sleep 0.05
  done
}

# expect TEXT ACTUAL: the actual text contains the other.
expect() { [[ $2 == *"$1"* ]] || die "expected '$1' in: $2"; }
refuse() { [[ $2 != *"$1"* ]] || die "did not expect '$1' in: $2"; }
equal() { [[ $1 == "$2" ]] || die "expected '$1', got '$2'"; }

load_hello() {
  "$root/tests/images/build_hello" "$work/hello.tar"
  actctl image load "$work/hello.tar"
}

service_address() { kubectl get service "$1" -n "$2" -o 'jsonpath={.spec.clusterIP}'; }
answers() { # answers NAMESPACE SERVICE TEXT
  local address
  address=$(service_address "$2" "$1") && [[ $address ]] && [[ $(in_net curl -fsS -m 2 "http://$address/" 2>/dev/null) == *"$3"* ]]
}

finish() {
  local code=$?
  trap - EXIT
  set +e
  [[ -d ${KEEP_LOGS:-} ]] && cp "$work"/*.log "$KEEP_LOGS"/ # of the daemons, for whoever looks for a fault
  stop_daemon
  in_net timeout 60 "$bin/actord" reset --data-dir "$data" >/dev/null 2>&1
  for pid in $(ip netns pids "$space" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
  # conmon and containers of this test name its folder on their command lines or hold mounts in it
  for pid in $(pgrep -f "$work" 2>/dev/null); do [[ $pid != $$ ]] && kill -9 "$pid" 2>/dev/null; done
  awk -v dir="$work" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
  ip netns del "$space" 2>/dev/null
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

make_net
