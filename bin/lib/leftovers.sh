# Sourced: takes down everything that was started below a working directory, then removes it.
#
#   take_down DIR     mounts under DIR, processes that a *.pid file under DIR names or whose
#                     command line names a path under DIR (the mounts' daemons), then DIR itself
#
# DIR is one that the caller made by mktemp, so no process of anybody else names it.

# shellcheck shell=bash

# Mount points below a directory, the innermost first.
mounts_below() {
  awk -v dir="$1/" 'index($2 "/", dir) == 1 { print $2 }' /proc/self/mounts | sort -r
}

# Processes, other than this one and its ancestors, whose command line names a path below a directory.
processes_of() {
  local dir=$1 proc pid ancestors=" $$ $BASHPID " up=$$
  while [ "${up:-0}" -gt 1 ]; do
    up=$(awk '/^PPid:/ { print $2 }' "/proc/$up/status" 2>/dev/null) || break
    ancestors="$ancestors$up "
  done
  for proc in /proc/[0-9]*; do
    pid=${proc#/proc/}
    case $ancestors in *" $pid "*) continue ;; esac
    if tr '\0' '\n' 2>/dev/null <"$proc/cmdline" | grep -qF -- "$dir/"; then echo "$pid"; fi
  done 2>/dev/null
}

take_down() {
  local dir=$1 mountpoint pid pids tries
  [ -n "$dir" ] && [ -d "$dir" ] || return 0
  for mountpoint in $(mounts_below "$dir"); do
    timeout 20 umount "$mountpoint" 2>/dev/null || umount -i -l "$mountpoint" 2>/dev/null || true
  done
  pids=$(processes_of "$dir")
  if [ -n "$pids" ]; then
    # shellcheck disable=SC2086
    kill $pids 2>/dev/null || true
    for tries in 1 2 3 4 5 6 7 8 9 10; do
      pids=$(processes_of "$dir")
      [ -n "$pids" ] || break
      sleep 0.3
    done
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
  fi
  for mountpoint in $(mounts_below "$dir"); do
    umount -i -l "$mountpoint" 2>/dev/null || true
  done
  rm -rf --one-file-system "$dir"
}
