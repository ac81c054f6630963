# Sourced: processes and ports of the test targets.

# shellcheck shell=bash

# is_ours PID TEXT: whether PID lives and TEXT stands in its command line. Pids are reused.
is_ours() {
  [ -n "${1:-}" ] && [ -r "/proc/$1/cmdline" ] && tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2"
}

# wait_until SECONDS COMMAND...: until COMMAND succeeds.
wait_until() {
  local tenths=$(($1 * 10))
  shift
  until "$@"; do
    [ "$tenths" -gt 0 ] || return 1
    tenths=$((tenths - 1))
    sleep 0.1
  done
}

# end_process PID TEXT SECONDS: SIGTERM, and SIGKILL to its group or itself after SECONDS.
end_process() {
  is_ours "$1" "$2" || return 0
  kill "$1" 2>/dev/null || true
  wait_until "$3" is_gone "$1" "$2" || kill -9 -- "-$1" 2>/dev/null || kill -9 "$1" 2>/dev/null || true
}

is_gone() { ! is_ours "$1" "$2"; }

# port_is_open PORT [HOST]: whether somebody accepts connections there.
port_is_open() { (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null; }

# A TCP port on which nobody listens just now.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    port_is_open "$port" || { echo "$port"; return; }
  done
}
