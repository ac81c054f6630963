# Common part of the launchers: finds the jars and a Java, and becomes the program.
#
#   . "$here/lib/launch.sh"
#   launch MODULE MAIN-CLASS ARGUMENTS…
#
# Jars come from the build tree where the launcher lies in one, else from /usr/share/jclusterfs/lib. Java is
# $JAVA_HOME/bin/java, else /usr/bin/java. JCLUSTERFS_JAVA_OPTS adds options to the virtual machine;
# JCLUSTERFS_CLASS_PATH stands instead of the jars, for tests that run before these are made.

# Prints the class path of a module.
launch_class_path() {
  local module=$1 tree=$2 jar path=
  if [ -n "${JCLUSTERFS_CLASS_PATH:-}" ]; then
    printf '%s\n' "$JCLUSTERFS_CLASS_PATH"
    return
  fi
  if [ -f "$tree/pom.xml" ]; then
    for jar in "$tree/$module/target/$module"-*.jar "$tree/$module/target/lib"/*.jar; do
      if [ -f "$jar" ]; then path=$path:$jar; fi
    done
    if [ -z "$path" ]; then
      echo "$module is not built: run 'mvn package' in $tree" >&2
      return 1
    fi
  else
    for jar in /usr/share/jclusterfs/lib/*.jar; do
      if [ -f "$jar" ]; then path=$path:$jar; fi
    done
    if [ -z "$path" ]; then
      echo "no jars in /usr/share/jclusterfs/lib: install the package jclusterfs again" >&2
      return 1
    fi
  fi
  printf '%s\n' "${path#:}"
}

# Prints the Java to use. mount(8) calls its helper without PATH and without HOME, so neither is needed.
launch_java() {
  if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then
    printf '%s\n' "$JAVA_HOME/bin/java"
  elif [ -x /usr/bin/java ]; then
    printf '%s\n' /usr/bin/java
  else
    echo "no Java found: set JAVA_HOME or install default-jre-headless" >&2
    return 1
  fi
}

# Prints the major version of a Java from the release file beside it (asking it costs a tenth of a second).
launch_java_major() {
  local home line
  home=$1
  while [ -L "$home" ]; do
    line=$(/usr/bin/readlink "$home")
    case $line in /*) home=$line ;; *) home=${home%/*}/$line ;; esac
  done
  home=${home%/bin/java}
  if [ -r "$home/release" ]; then
    while IFS= read -r line; do
      case $line in
        JAVA_VERSION=*)
          line=${line#JAVA_VERSION=\"}
          printf '%s\n' "${line%%[!0-9]*}"
          return
          ;;
      esac
    done <"$home/release"
  fi
  line=$("$1" -XshowSettings:properties -version 2>&1 | /bin/sed -n 's/^ *java.specification.version = //p')
  printf '%s\n' "$line"
}

# Sets launch_flags: what the libraries ask of the virtual machine, by its version.
launch_set_flags() {
  launch_flags=(
    --add-opens=java.base/java.nio=ALL-UNNAMED
    --add-opens=java.base/java.lang=ALL-UNNAMED
    -Djava.awt.headless=true
    # It records a stack trace for every 128th buffer; the tests keep it on.
    -Dio.netty.leakDetection.level=disabled
  )
  if [ "$1" -ge 24 ]; then
    launch_flags+=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
  fi
}

# launch MODULE MAIN-CLASS ARGUMENTS…: for tools that start, do one thing and end. Sets launch_tuning before to other
# than the default for a daemon.
launch() {
  local module=$1 main=$2 tree java path
  shift 2
  tree=${BASH_SOURCE[0]%/*}/../..
  path=$(launch_class_path "$module" "$tree") || exit 1
  java=$(launch_java) || exit 1
  launch_set_flags "$(launch_java_major "$java")"
  if [ -z "${launch_tuning+set}" ]; then
    launch_tuning=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto)
  fi
  # In a C locale Java would turn every non-ASCII byte of a path or a label into a question mark.
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
    *[uU][tT][fF]-8 | *[uU][tT][fF]8) ;;
    *) export LC_ALL=C.UTF-8 ;;
  esac
  # shellcheck disable=SC2086
  exec "$java" "${launch_tuning[@]}" "${launch_flags[@]}" ${JCLUSTERFS_JAVA_OPTS:-} -cp "$path" "$main" "$@"
}
