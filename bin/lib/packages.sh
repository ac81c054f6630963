# Sourced: installs Debian packages that are missing, without starting the services they bring.
#
#   need_packages WHAT...     WHAT is COMMAND=PACKAGE, or PATH=PACKAGE with an absolute path or glob
#   need_java                 a JDK of release 17 or newer and Maven; sets JAVA_HOME where the
#                             machine's default is older and a newer one is installed
#
# Nothing is done, and the network is not touched, when all is there.

# shellcheck shell=bash

# Whether COMMAND is on the path (sbin included), or PATH (a glob) exists.
have() {
  case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# While packages are unpacked, invoke-rc.d finds a policy that forbids to start anything. A policy
# of the machine's owner is put back as it was, also after a failure or a signal.
forbid_services() {
  policy=/usr/sbin/policy-rc.d
  policy_kept=$policy.jclusterfs-kept
  if [ -e "$policy_kept" ]; then
    : # An earlier run was killed before it could restore: what it kept is the owner's.
  elif [ -e "$policy" ] || [ -L "$policy" ]; then
    mv "$policy" "$policy_kept"
  fi
  printf '#!/bin/sh\n# jclusterfs: installing packages without starting them\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

allow_services() {
  rm -f "$policy"
  if [ -e "$policy_kept" ] || [ -L "$policy_kept" ]; then mv "$policy_kept" "$policy"; fi
}

need_packages() {
  local what missing=()
  for what in "$@"; do
    have "${what%%=*}" || missing+=("${what#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "missing: ${missing[*]}; install them (apt-get install ${missing[*]}) or run this as root" >&2
    return 1
  fi
  if ! have apt-get; then
    echo "missing: ${missing[*]}; this machine has no apt-get, install them by hand" >&2
    return 1
  fi
  echo "installing ${missing[*]}"
  (
    forbid_services
    trap allow_services EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    { apt-get -q -y update && apt-get -q -y install --no-install-recommends "${missing[@]}"; } \
      >"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
  ) || { echo "could not install: ${missing[*]}" >&2; return 1; }
  for what in "$@"; do
    have "${what%%=*}" || { echo "${what#*=} is installed, but ${what%%=*} is not there" >&2; return 1; }
  done
}

# Release number of the JDK in a home directory, 0 where there is no compiler.
jdk_release() {
  local version
  [ -x "$1/bin/javac" ] || { echo 0; return; }
  version=$("$1/bin/javac" -version 2>&1) || { echo 0; return; }
  version=${version#javac }
  version=${version%%[.-]*}
  case $version in '' | *[!0-9]*) echo 0 ;; *) echo "$version" ;; esac
}

need_java() {
  local home package
  # The owner's choice first, then the default of the machine, then whatever is installed.
  find_jdk() {
    for home in "${JAVA_HOME:-/none}" "$(dirname "$(dirname "$(readlink -f "$(command -v javac || echo /none/none/none)")")")" \
      /usr/lib/jvm/*; do
      if [ "$(jdk_release "$home")" -ge 17 ]; then
        export JAVA_HOME=$home
        return 0
      fi
    done
    return 1
  }
  if ! find_jdk; then
    package=openjdk-17-jdk-headless
    if have apt-cache && ! apt-cache show "$package" >/dev/null 2>&1; then
      [ "$(id -u)" != 0 ] || apt-get -q -y update >/dev/null 2>&1 </dev/null || true
      apt-cache show "$package" >/dev/null 2>&1 || package=default-jdk-headless
    fi
    need_packages "/usr/lib/jvm/*/bin/javac=$package" || return 1
    find_jdk || { echo "no JDK of release 17 or newer after installing $package" >&2; return 1; }
  fi
  need_packages mvn=maven
}
