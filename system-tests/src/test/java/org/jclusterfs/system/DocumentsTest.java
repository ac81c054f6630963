package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps the documents in step with the tree they describe. */
class DocumentsTest {

  private static final Path ROOT = ProjectTree.root();

  @Test
  void everyModuleOfTheBuildStandsInTheArchitecture() throws IOException {
    String pom = Files.readString(ROOT.resolve("pom.xml"));
    String architecture = Files.readString(ROOT.resolve("docs/architecture.md"));
    List<String> missing = new ArrayList<>();
    Matcher module = Pattern.compile("<module>([^<]+)</module>").matcher(pom);
    while (module.find()) {
      if (!architecture.contains(module.group(1)) && !module.group(1).equals("system-tests")) {
        missing.add(module.group(1));
      }
    }
    assertEquals(List.of(), missing, "modules that docs/architecture.md does not mention");
  }

  @Test
  void everyModulesTopPackageHasPackageInfo() throws IOException {
    try (Stream<Path> modules = Files.list(ROOT)) {
      List<Path> without =
          modules
              .filter(m -> Files.exists(m.resolve("pom.xml")))
              .filter(m -> !hasPackageInfo(m.resolve("src/main/java")))
              .toList();
      assertEquals(List.of(), without, "modules without a package-info.java");
    }
  }

  @Test
  void everyThirdPartyArtifactIsAccountedFor() throws IOException {
    String dependencies = Files.readString(ROOT.resolve("docs/dependencies.md"));
    List<String> missing = new ArrayList<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path pom : modules.map(m -> m.resolve("pom.xml")).filter(Files::exists).toList()) {
        Matcher dependency =
            Pattern.compile("<groupId>([^<]+)</groupId>\\s*<artifactId>([^<]+)</artifactId>")
                .matcher(Files.readString(pom));
        while (dependency.find()) {
          if (!dependency.group(1).equals("org.jclusterfs")
              && !dependency.group(1).equals("org.apache.maven.plugins")
              && !dependency.group(2).endsWith("-bom")
              && !dependencies.contains(dependency.group(2))) {
            missing.add(ROOT.relativize(pom) + ": " + dependency.group(2));
          }
        }
      }
    }
    assertEquals(List.of(), missing, "artifacts that docs/dependencies.md does not weigh");
  }

  @Test
  void everyCampaignOfTheManualStandsInTheUsage() throws IOException {
    String usage = Commands.run(ROOT.resolve("bin/campaign").toString(), "--help").orFail().out();
    List<String> missing = new ArrayList<>();
    Matcher campaign =
        Pattern.compile("`bin/campaign ([a-z-]+)`")
            .matcher(Files.readString(ROOT.resolve("docs/commands.md")));
    while (campaign.find()) {
      if (!usage.contains("\n  " + campaign.group(1) + " ")) {
        missing.add(campaign.group(1));
      }
    }
    assertEquals(List.of(), missing, "campaigns that bin/campaign --help does not explain");
  }

  private static boolean hasPackageInfo(Path sources) {
    try (Stream<Path> files = Files.walk(sources)) {
      return files.anyMatch(f -> f.endsWith("package-info.java"));
    } catch (IOException e) {
      return false;
    }
  }
}
