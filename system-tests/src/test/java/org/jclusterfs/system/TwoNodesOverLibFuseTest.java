package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** Both nodes by {@code binding=libfuse}: the same, but for what docs/mount.md says. */
class TwoNodesOverLibFuseTest extends TwoNodesContract {

  @Override
  Target.Kind kind() {
    return Target.Kind.FILE;
  }

  @Override
  String options() {
    return "binding=libfuse";
  }

  @Test
  @Override
  void storesThroughASharedMappingAreSeenOnTheOtherNodeAndItsWritesInTheMapping()
      throws IOException {
    Files.write(a.resolve("mapped"), new byte[8192]);
    String script = "import mmap; f = open('mapped', 'r+b'); mmap.mmap(f.fileno(), 8192)";
    Outcome refused = Commands.shell("cd '" + a + "' && python3 -c \"" + script + "\"");
    assertTrue(refused.err().contains("No such device"), refused.describe());
  }

  @Test
  @Override
  void accessControlListsAreObeyedOnBothNodesAtOnceAndInherited() throws IOException {
    Files.writeString(a.resolve("listed"), "x");
    Outcome refused = Commands.run("setfacl", "-m", "u:65534:r", a.resolve("listed").toString());
    assertTrue(refused.err().contains("not supported"), refused.describe());
  }

  @Test
  @Override
  void inodeFlagsAreObeyedOnBothNodesAtOnce() throws IOException {
    Files.writeString(a.resolve("kept"), "x");
    Outcome refused = Commands.run("chattr", "+i", a.resolve("kept").toString());
    assertTrue(refused.err().contains("not supported"), refused.describe());
  }
}
