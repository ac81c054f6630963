# Sourced: builds the programs when they are not built or older than their sources.
#
#   build_if_stale           runs Maven without the tests if need be; needs need_java before
#   test_classes MODULE…     the class path of these modules' compiled tests

# shellcheck shell=bash

build_if_stale() {
  local stamp=target/built log status=0
  if [ -e "$stamp" ] && [ -z "$(find pom.xml ./*/pom.xml ./*/src -newer "$stamp" -print -quit)" ]; then
    return 0
  fi
  mkdir -p target
  log=$(mktemp)
  echo "building (about a minute, longer when Maven has to fetch libraries first)"
  mvn -B -q -DskipTests package >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" != 0 ]; then
    tail -n 40 "$log" >&2
    echo "the build failed" >&2
  else
    touch "$stamp"
  fi
  rm -f "$log"
  return "$status"
}

test_classes() {
  local path=
  for module in "$@"; do
    path+=${path:+:}$module/target/test-classes
  done
  printf '%s' "$path"
}
