package org.jclusterfs.system;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the arrows of docs/architecture.md: between the modules, and between fs-core's packages.
 */
class ModuleArrowsTest {

  private static final String BASE = "org.jclusterfs.";
  private static final List<String> DOORS = List.of("mount", "mkfs", "fsck");
  private static final List<String> FOUNDATIONS = List.of("journal", "dlm", "iscsi");

  /** From the top down; packages of one row know nothing of each other, each knows those below. */
  private static final List<List<String>> CORE =
      List.of(
          List.of("vfs"),
          List.of("volume"),
          List.of("directory", "xattr"),
          List.of("inode"),
          List.of("alloc"),
          List.of("txn"),
          List.of("cluster"),
          List.of("device", "format"),
          List.of("status"));

  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("org.jclusterfs");

  @ParameterizedTest
  @MethodSource("foundations")
  void foundationKnowsNoOtherModule(String foundation) {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + foundation + "..")
            .should()
            .dependOnClassesThat(inModule("").and(not(inModule(foundation)))));
  }

  @ParameterizedTest
  @MethodSource("doors")
  void doorKnowsOnlyTheHall(String door) {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + door + "..")
            .should()
            .dependOnClassesThat(inModule("").and(not(inModule(door))).and(not(inModule("core")))));
  }

  @Test
  void hallKnowsNoDoor() {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + "core..")
            .should()
            .dependOnClassesThat(
                inModule("mount")
                    .or(inModule("mkfs"))
                    .or(inModule("fsck"))
                    .or(inModule("system"))));
  }

  @ParameterizedTest
  @MethodSource("corePackages")
  void corePackageKnowsOnlyWhatLiesBelow(String name) {
    List<String> forbidden = new ArrayList<>();
    for (List<String> row : CORE) {
      forbidden.addAll(row);
      if (row.contains(name)) {
        break;
      }
    }
    forbidden.remove(name);
    if (forbidden.isEmpty()) {
      return; // the top
    }
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + "core." + name + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                forbidden.stream().map(p -> BASE + "core." + p + "..").toArray(String[]::new)));
  }

  @Test
  void corePackagesAreAllInTheTable() {
    List<String> known = corePackages().toList();
    List<String> unknown =
        PRODUCT.that(inModule("core")).stream()
            .map(c -> c.getPackageName())
            .map(p -> p.substring(Math.min(p.length(), (BASE + "core.").length())))
            .map(p -> p.replaceFirst("\\..*", ""))
            .distinct()
            .filter(p -> !known.contains(p))
            .toList();
    assertTrue(unknown.isEmpty(), "packages of fs-core without a place in the order: " + unknown);
  }

  @Test
  void formatImportsOnlyTheJdkAndItsStore() {
    check(
        classes()
            .that()
            .resideInAPackage(BASE + "core.format..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(BASE + "core.format..", "java.."));
  }

  @Test
  void journalImportsOnlyTheJdkAndLz4() {
    check(
        classes()
            .that()
            .resideInAPackage(BASE + "journal..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(BASE + "journal..", "java..", "net.jpountz.."));
  }

  @Test
  void lockManagerUsesNettyOnlyInItsTransport() {
    check(
        classes()
            .that()
            .resideInAPackage(BASE + "dlm..")
            .and()
            .resideOutsideOfPackages(BASE + "dlm.transport..", BASE + "dlm.net..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(BASE + "dlm..", "java.."));
  }

  @Test
  void onlyClusterSpeaksWithTheLockManagerAndOnlyDevicesWithTheInitiator() {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + "core.device..")
            .should()
            .dependOnClassesThat(inModule("dlm").or(inModule("journal"))));
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + "core..")
            .and()
            .resideOutsideOfPackage(BASE + "core.device..")
            .should()
            .dependOnClassesThat(inModule("iscsi")));
  }

  private static Stream<String> foundations() {
    return FOUNDATIONS.stream();
  }

  private static Stream<String> doors() {
    return DOORS.stream();
  }

  private static Stream<String> corePackages() {
    return CORE.stream().flatMap(List::stream);
  }

  /** Classes of a module; of any module for "". */
  private static DescribedPredicate<JavaClass> inModule(String module) {
    return JavaClass.Predicates.resideInAPackage(
        module.isEmpty() ? "org.jclusterfs.." : BASE + module + "..");
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(PRODUCT);
  }
}
