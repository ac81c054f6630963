# Sourced by bin/demo: what its steps do, and how they look.  A step says what it found on stdout.

# shellcheck shell=bash disable=SC2154

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold='' green='' red='' dim='' plain=''
fi
step_name='' started=()

headline() { printf '%s%s%s\n\n' "$bold" "$1" "$plain"; }
begin_clock() { all_began=$(date +%s%N); }
seconds_since() { local ms=$((($(date +%s%N) - $1) / 1000000)); printf '%d.%02d s' $((ms / 1000)) $((ms % 1000 / 10)); }

# step NAME FUNCTION: runs it in this shell (so that it can start processes and set variables), with its
# words below its name and time.
step() {
  local began
  step_name=$1
  began=$(date +%s%N)
  : >"$dir/said"
  "$2" >"$dir/said" 2>&1 3>&1
  printf '%s✔%s %s  %s%s%s\n' "$green" "$plain" "$1" "$dim" "$(seconds_since "$began")" "$plain"
  sed 's/^/    /' "$dir/said"
}

say_failed() {
  [ -n "$step_name" ] || return 0
  printf '%s✘ %s%s\n' "$red" "$step_name" "$plain"
  [ ! -e "$dir/said" ] || sed 's/^/    /' "$dir/said"
}


stop_processes() {
  local pid
  for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}

await_all() {
  local pid
  for pid in "$@"; do wait "$pid" || { echo "a writer failed"; return 1; }; done
}

start_target() {
  device=$(bin/lib/target-"$target" start "$dir/target" 4G)
  echo "$device"
}

initiator_of() {
  if [ -n "$target" ]; then echo "iqn.2026-01.org.jclusterfs.test:node$1"; else echo "$initiator"; fi
}

tool() {
  local name=$1 iqn
  shift
  iqn=$(initiator_of 3)
  "bin/$name" "$@" ${iqn:+--initiator "$iqn"} "$device"
}

format() { tool mkfs.jclusterfs -N 4 -L webcluster; }

mount_node() {
  local iqn
  iqn=$(initiator_of "$2")
  mount -t jclusterfs ${iqn:+-o "initiator=$iqn"} "$device" "$dir/node-$1"
}

mount_both() {
  mount_node a 0
  mount_node b 1
  df -h "$dir/node-a" "$dir/node-b"
}

mount_again() { mount_node b 1; }

file_seen() {
  local text
  echo "hello from A" >"$dir/node-a/greeting"
  text=$(cat "$dir/node-b/greeting")
  [ "$text" = "hello from A" ] || { echo "B read: $text"; return 1; }
  echo "B reads: $text"
  echo "and hello from B" >>"$dir/node-b/greeting"
  text=$(tail -n 1 "$dir/node-a/greeting")
  [ "$text" = "and hello from B" ] || { echo "A read: $text"; return 1; }
  echo "A reads: $text"
}

create_together() {
  local node pids=() count
  mkdir "$dir/node-a/together"
  for node in a b; do
    (for n in $(seq 200); do echo "$node $n" >"$dir/node-$node/together/$node-$n" || exit 1; done) &
    pids+=($!)
  done
  started+=("${pids[@]}")
  await_all "${pids[@]}"
  for node in a b; do
    count=$(find "$dir/node-$node/together" -type f | wc -l)
    [ "$count" = 400 ] || { echo "node $node lists $count files of 400"; return 1; }
  done
  count=$(cat "$dir/node-a/together/"b-* "$dir/node-b/together/"a-* | sort -u | wc -l)
  [ "$count" = 400 ] || { echo "$count of 400 files hold what was written"; return 1; }
  echo "400 files, all there on both nodes, each with its content"
}

append_together() {
  local node pids=() count
  for node in a b; do
    (for n in $(seq 300); do echo "line $n of node $node" || exit 1; done >>"$dir/node-$node/appended") &
    pids+=($!)
  done
  started+=("${pids[@]}")
  await_all "${pids[@]}"
  for node in a b; do
    count=$(sort -u "$dir/node-$node/appended" | grep -cE '^line [0-9]+ of node [ab]$')
    [ "$count" = 600 ] && [ "$(wc -l <"$dir/node-$node/appended")" = 600 ] ||
      { echo "node $node sees $count of 600 lines"; return 1; }
  done
  echo "600 lines, each there once and whole"
}

php_sessions() {
  local node n port ports=() servers=() clients=() sessions=5 rounds=10 total counted
  mkdir "$dir/node-a/sessions" "$dir/php"
  cat >"$dir/php/index.php" <<'PHP'
<?php
session_id($_GET['session']);
session_start();
$_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
usleep(500);
echo $_GET['session'], ' ', $_SESSION['n'], "\n";
PHP
  cat >"$dir/php/client.php" <<'PHP'
<?php
[, $port, $sessions, $rounds] = $argv;
for ($r = 0; $r < $rounds; $r++)
  for ($s = 0; $s < $sessions; $s++) {
    $answer = file_get_contents("http://127.0.0.1:$port/?session=s$s");
    if ($answer === false) exit(1);
    echo $answer;
  }
PHP
  for node in a b; do
    for n in 1 2 3 4 5; do
      port=$((20000 + RANDOM % 10000))
      PHP_CLI_SERVER_WORKERS=4 php -d session.save_handler=files -d "session.save_path=$dir/node-$node/sessions" \
        -d session.use_cookies=0 -d session.use_strict_mode=0 -d session.gc_probability=0 \
        -S "127.0.0.1:$port" -t "$dir/php" >"$dir/php/server-$node.log" 2>&1 </dev/null &
      servers+=($!)
      started+=($!)
      for _ in $(seq 50); do
        (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        kill -0 "${servers[-1]}" 2>/dev/null || continue 2 # the port was taken
        sleep 0.1
      done
      break
    done
    ports+=("$port")
  done
  for n in 1 2 3 4 5 6 7 8; do
    php "$dir/php/client.php" "${ports[n % 2]}" "$sessions" "$rounds" >"$dir/php/answers-$n" 2>&1 &
    clients+=($!)
    started+=($!)
  done
  await_all "${clients[@]}" || { tail -n 3 "$dir"/php/answers-* "$dir"/php/server-*.log; return 1; }
  total=$((8 * sessions * rounds))
  counted=$(sort -u "$dir"/php/answers-* | grep -cE '^s[0-9]+ [0-9]+$')
  kill "${servers[@]}" 2>/dev/null || true
  for n in $(seq 0 $((sessions - 1))); do
    grep -qx "s$n $((8 * rounds))" "$dir"/php/answers-* ||
      { echo "session s$n did not count to $((8 * rounds))"; return 1; }
  done
  [ "$counted" = "$total" ] || { echo "$counted of $total increments counted"; return 1; }
  echo "$total requests for $sessions sessions from 8 clients, every increment counted"
}

# The daemon of a node: the Java that serves its directory.
daemon_of() {
  local pid
  for pid in $(processes_of "$dir"); do
    if tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qx -- "$dir/node-$1" &&
      [ "$(basename "$(readlink "/proc/$pid/exe")")" = java ] &&
      find "/proc/$pid/fd" -lname /dev/fuse 2>/dev/null | grep -q .; then
      echo "$pid"
      return
    fi
  done
  echo "no daemon serves $dir/node-$1" >&2
  return 1
}

kill_one() {
  local node victim killed acknowledged before tries missing
  cat >"$dir/writer.php" <<'PHP'
<?php
// Appends lines, each followed by fsync, and tells which ones are safe.
$file = fopen($argv[1], 'a');
for ($n = 1; $file; $n++) {
  if (fwrite($file, "record $n\n") === false || !fsync($file)) exit(1);
  echo "$n\n";
}
PHP
  for node in a b; do
    php "$dir/writer.php" "$dir/node-$node/written-by-$node" >"$dir/safe-$node" 2>/dev/null </dev/null &
    started+=($!)
  done
  sleep 2
  victim=$(daemon_of b)
  kill -9 "$victim"
  killed=$(date +%s%N)
  sleep 0.5
  umount -i -l "$dir/node-b" 2>/dev/null || true
  acknowledged=$(tail -n 1 "$dir/safe-b")
  before=$(wc -l <"$dir/safe-a")
  # What B wrote can be read once A has recovered it: A waits for that here, as any process would.
  timeout 60 cat "$dir/node-a/written-by-b" >"$dir/survived" || { echo "A could not read what B wrote"; return 1; }
  echo "B killed after $acknowledged fsynced records; A reads its file after $(seconds_since "$killed")"
  missing=$(seq "$acknowledged" | sed 's/^/record /' | grep -vxFc -f "$dir/survived" || true)
  [ "$missing" = 0 ] || { echo "$missing of $acknowledged fsynced records are missing"; return 1; }
  echo "all $acknowledged are there"
  for tries in $(seq 300); do
    [ "$(wc -l <"$dir/safe-a")" -le $((before + 10)) ] || break
    [ "$tries" -lt 300 ] || { echo "A stands still"; return 1; }
    sleep 0.1
  done
  echo "A goes on writing: $(wc -l <"$dir/safe-a") records, $before of them when B was dead"
  stop_processes
  started=()
}

unmount_all() { for mountpoint in $(mounts_below "$dir"); do umount "$mountpoint"; done; }

unmount_and_check() {
  unmount_all
  tool fsck.jclusterfs -n -f
}

say_next() {
  cat <<NEXT

${bold}Done in $(seconds_since "$all_began").${plain} What to try next:
  bin/demo --device lio            the same on the Linux kernel's own target (--device file: without any)
  bin/demo --keep                  leave both mounts standing and play with them
  bin/campaign kill --minutes 5    kill one node of three, again and again
  bin/mkfs.jclusterfs --help       your own LUN: format it, then mount -t jclusterfs iscsi://HOST/IQN/LUN DIR
NEXT
}

say_kept() {
  cat <<KEPT

${bold}Kept:${plain} node A on $dir/node-a, node B on $dir/node-b, device $device
To end it:
  umount $dir/node-a $dir/node-b${target:+; bin/lib/target-$target stop $dir/target}; rm -rf $dir
KEPT
}
