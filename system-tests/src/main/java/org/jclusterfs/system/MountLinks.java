package org.jclusterfs.system;

/**
 * Makes this tree's mount helpers known to mount(8) and umount(8) as long as this process lives.
 */
final class MountLinks {

  private static boolean made;

  private MountLinks() {}

  /** Makes the links if they are not there yet; they go when the process ends. */
  static synchronized void ensure() {
    if (made) {
      return;
    }
    String command = ProjectTree.command("lib/mount-links").toString();
    String owner = Long.toString(ProcessHandle.current().pid());
    Commands.run(java.time.Duration.ofMinutes(12), java.util.List.of(command, "link", owner))
        .orFail();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> Commands.run(command, "unlink", owner), "unlink"));
    made = true;
  }
}
