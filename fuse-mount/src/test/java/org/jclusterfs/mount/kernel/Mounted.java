package org.jclusterfs.mount.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jclusterfs.mount.BindingOptions;
import org.jclusterfs.mount.FakeVfs;

/** A {@link FakeVfs} mounted through the kernel; needs root and /dev/fuse. */
final class Mounted implements AutoCloseable {
  final FakeVfs vfs = new FakeVfs();
  final Path directory;
  final KernelBinding binding;

  Mounted() throws Exception {
    this(true);
  }

  /** A mount whose kernel obeys access control lists, or knows of none. */
  Mounted(boolean acls) throws Exception {
    directory = Files.createTempDirectory("jclusterfs-mount").toRealPath();
    binding = new KernelBinding(vfs, new BindingOptions("fake:volume", directory, 0, 5000, acls));
    try {
      binding.mount();
    } catch (Exception e) {
      Files.delete(directory);
      throw e;
    }
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  /** Runs a shell command in the mount's directory; returns what it printed, with its status. */
  String shell(String command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("/bin/bash", "-c", "cd \"$0\" && " + command, directory.toString())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String text =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1).strip();
    int status = process.waitFor();
    return status == 0 ? text : text + " [" + status + "]";
  }

  /** Runs a Python program in the mount's directory. */
  String python(String... lines) throws IOException, InterruptedException {
    Path script = Files.createTempFile("jclusterfs-test", ".py");
    Files.writeString(script, String.join("\n", lines));
    try {
      return shell("timeout 30 python3 " + script);
    } finally {
      Files.delete(script);
    }
  }

  @Override
  public void close() throws Exception {
    binding.close();
    binding.awaitEnd();
    Files.delete(directory);
  }
}
