package org.jclusterfs.iscsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.lang.reflect.RecordComponent;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.jclusterfs.iscsi.scsi.TgtdTarget;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README.md shows is so: its example compiles and runs, its tables are complete. */
class ReadmeTest {

  private static final Path README = Path.of("README.md");

  @TempDir Path directory;

  private static String example() throws Exception {
    Matcher block =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
    assertTrue(block.find());
    return block.group(1);
  }

  @Test
  void exampleHasTenLinesAtMostAndRunsAgainstATarget() throws Exception {
    String example = example();
    assertTrue(example.lines().count() <= 10, example);
    Files.createDirectory(directory.resolve("target"));
    try (TgtdTarget target = TgtdTarget.start(directory.resolve("target"))) {
      byte[] written = new byte[8192];
      Arrays.fill(written, 0, 4096, (byte) 42);
      Files.write(target.image(), written, java.nio.file.StandardOpenOption.WRITE);
      run(example.replaceAll("iscsi://[^\"]*", target.url().toString()));
      try (var image = Files.newInputStream(target.image())) {
        image.skipNBytes(4096);
        assertEquals(42, image.read(), "the block that was read was written behind itself");
      }
    }
  }

  private void run(String statements) throws Exception {
    Path source = directory.resolve("Example.java");
    Files.writeString(
        source,
        "import java.nio.ByteBuffer;\n"
            + "import org.jclusterfs.iscsi.*;\n"
            + "import org.jclusterfs.iscsi.scsi.*;\n"
            + "public class Example { public static void run() throws Exception {\n"
            + statements
            + "}}\n");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter said = new StringWriter();
    boolean compiled =
        compiler
            .getTask(
                said,
                null,
                null,
                List.of(
                    "-d",
                    directory.toString(),
                    "-proc:none",
                    "-cp",
                    System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"))),
                null,
                compiler
                    .getStandardFileManager(null, null, null)
                    .getJavaFileObjects(source.toFile()))
            .call();
    assertTrue(compiled, said.toString());
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {directory.toUri().toURL()}, getClass().getClassLoader())) {
      loader.loadClass("Example").getMethod("run").invoke(null);
    }
  }

  @Test
  void everyOptionStandsInTheTableWithItsDefault() throws Exception {
    String text = Files.readString(README);
    InitiatorOptions defaults = InitiatorOptions.of("iqn.2026-01.com.example:x");
    for (RecordComponent option : InitiatorOptions.class.getRecordComponents()) {
      Matcher row =
          Pattern.compile("^\\| `" + option.getName() + "` \\| ([^|]*) \\|", Pattern.MULTILINE)
              .matcher(text);
      assertTrue(row.find(), option.getName() + " is not in the table");
      Object value = option.getAccessor().invoke(defaults);
      if (value instanceof Integer) {
        assertEquals(value.toString(), row.group(1), option.getName());
      } else if (value instanceof java.time.Duration) {
        assertEquals(
            ((java.time.Duration) value).toSeconds() + " s", row.group(1), option.getName());
      }
    }
  }

  @Test
  void everyFailureStandsInTheTable() throws Exception {
    String text = Files.readString(README);
    List<String> missing = new ArrayList<>();
    try (var sources = Files.walk(Path.of("src/main/java"))) {
      for (Path source : sources.filter(f -> f.toString().endsWith("Exception.java")).toList()) {
        String name = source.getFileName().toString().replace(".java", "");
        if (!name.equals("IscsiException") && !text.contains("| `" + name + "` |")) {
          missing.add(name);
        }
      }
    }
    assertEquals(List.of(), missing, "failures that README.md does not tell");
  }
}
