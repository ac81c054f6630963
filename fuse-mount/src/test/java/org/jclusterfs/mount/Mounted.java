package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.Vfs;

/** A {@link FakeVfs} mounted by a binding; needs root and /dev/fuse. */
public final class Mounted implements AutoCloseable {
  public final FakeVfs vfs = new FakeVfs();
  public final Path directory;
  public final Binding binding;

  /** A binding to test. */
  @FunctionalInterface
  public interface Kind {
    /** Prepares one. */
    Binding of(Vfs vfs, BindingOptions options) throws MountException;
  }

  /** Mounts; {@code acls}: the kernel is to obey access control lists. */
  public Mounted(Kind kind, boolean acls) throws Exception {
    directory = Files.createTempDirectory("jclusterfs-mount").toRealPath();
    binding = kind.of(vfs, new BindingOptions("fake:volume", directory, 0, 5000, acls));
    try {
      binding.mount();
    } catch (Exception e) {
      Files.delete(directory);
      throw e;
    }
  }

  /** A path on it. */
  public Path path(String name) {
    return directory.resolve(name);
  }

  /** Runs a shell command in the mount's directory; returns what it printed, with its status. */
  public String shell(String command) throws IOException, InterruptedException {
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
  public String python(String... lines) throws IOException, InterruptedException {
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
