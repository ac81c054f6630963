package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A volume that is made, mounted and used by a user without any right, in a mount namespace where
 * /dev/fuse is open to everybody and this tree lies where everybody may read it.
 */
class UserMountTest {
  private static final String PROLOGUE =
      """
      set -u; w=$1
      mount -t tmpfs -o mode=755,dev none $w/dev && mknod -m 666 $w/dev/fuse c 10 229
      mount --bind $w/dev/fuse /dev/fuse && mount --bind $2 $w/tree || exit 1
      user() {
        setpriv --reuid=65534 --regid=65534 --clear-groups env -i HOME=$w/home LC_ALL=C \\
          JAVA_HOME=${JAVA_HOME:-} PATH=$w/tree/bin:/usr/bin:/bin bash -c "cd $w; $1"
      }
      """;

  private Path directory;

  @BeforeEach
  void prepare() throws IOException {
    directory = WorkDirectory.make("user");
    for (String name : List.of("dev", "tree", "home", "m")) {
      Files.createDirectory(directory.resolve(name));
    }
    String own = "cd '%s' && truncate -s 256M volume && chown 65534:65534 volume home m";
    Commands.shell(own.formatted(directory)).orFail();
  }

  private Outcome inNamespace(String script) {
    return Commands.run(
        Duration.ofSeconds(90),
        List.of(
            "unshare",
            "-m",
            "--propagation",
            "private",
            "bash",
            "-c",
            PROLOGUE + script,
            "bash",
            directory.toString(),
            ProjectTree.root().toString()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernel", "libfuse"})
  void userMountsUsesAndUnmounts(String binding) throws IOException {
    Outcome outcome =
        inNamespace(
            """
            user 'mkfs.jclusterfs -F -N 2 file:volume >home/mkfs.log && mount.jclusterfs file:volume m -o binding=BINDING' &&
            user 'echo mine >m/file; cat m/file; stat -c %U m m/file; jclusterfs status m | grep -c member'
            ls $w/m >/dev/null 2>&1 || echo others may not
            user 'exec 7>m/open; umount.jclusterfs m || echo busy; exec 7>&-; umount.jclusterfs m && ls m home/.jclusterfs'
            user 'fsck.jclusterfs -n -f file:volume >home/fsck.log && echo clean'
            """
                .replace("BINDING", binding));
    assertEquals(
        "mine\nnobody\nnobody\n1\nothers may not\nbusy\nhome/.jclusterfs:\njclusterfs.log\n\nm:\nclean\n",
        outcome.out(),
        outcome.describe());
  }

  @Test
  void userMountsALunByIscsi() {
    try (Target target = Target.start(Target.Kind.TGTD, "256M")) {
      Outcome outcome =
          inNamespace(
              """
              user 'mkfs.jclusterfs -F -N 2 --initiator NAME DEVICE >home/mkfs.log && mount.jclusterfs DEVICE m -o initiator=NAME' &&
              user 'echo mine >m/file; cat m/file; stat -c %U m/file; jclusterfs status m | grep -c member; umount.jclusterfs m && ls m'
              user 'fsck.jclusterfs -n -f --initiator NAME DEVICE >home/fsck.log && echo clean'
              """
                  .replace("NAME", target.initiator(0))
                  .replace("DEVICE", target.device()));
      assertEquals("mine\nnobody\n1\nclean\n", outcome.out(), outcome.describe());
    }
  }

  @Test
  void deadMountIsReplacedAndABusyOneIsEndedByForce() {
    Outcome outcome =
        inNamespace(
            """
            mount="mount.jclusterfs file:$w/volume $w/m"
            user "mkfs.jclusterfs -F -N 2 file:volume >/dev/null; $mount && echo kept >m/file && sync m/file"
            kill -9 $(ls $w/home/.jclusterfs | grep -x '[0-9]*')
            user "ls m; $mount && cat m/file; exec 7>m/open; umount.jclusterfs m -f && echo ended; ls m"
            """);
    assertEquals("kept\nended\n", outcome.out(), outcome.describe());
  }

  @Test
  void withoutFusermountThePackageIsNamed() {
    Outcome outcome =
        inNamespace(
            """
            touch $w/none; mount --bind $w/none /usr/bin/fusermount3
            user "mkfs.jclusterfs -F -N 2 file:volume >/dev/null; mount.jclusterfs file:volume m"
            """);
    assertEquals(32, outcome.status(), outcome.describe());
    assertTrue(outcome.err().contains("package fuse3"), outcome.describe());
    assertFalse(Files.exists(directory.resolve("home/.jclusterfs/1")), "nothing is left");
  }
}
