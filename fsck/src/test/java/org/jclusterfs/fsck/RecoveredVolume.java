package org.jclusterfs.fsck;

import java.util.Map;
import java.util.TreeMap;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DiskImage;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * What a volume is after a crash, as a mount shows it and the checker judges it.
 *
 * @param lines the tree, as {@link ModelTree.Snapshot#lines}
 * @param contents of the files, by path
 * @param problem what went wrong on the way, or null
 */
record RecoveredVolume(String lines, Map<String, byte[]> contents, String problem) {

  private static RecoveredVolume broken(String problem) {
    return new RecoveredVolume("", Map.of(), problem);
  }

  /** Mounts (and so replays), looks at everything, unmounts (and so frees orphans) and checks. */
  static RecoveredVolume of(DiskImage image, Fault... faults) {
    SimulatedDisk disk = new SimulatedDisk(image);
    try {
      FsckOracle.endClaims(disk);
      return of(disk, faults);
    } catch (Exception | AssertionError e) {
      return broken(e.toString());
    }
  }

  /** As the other one, on a disk whose claims are ended and which others may look at afterwards. */
  static RecoveredVolume of(SimulatedDisk disk, Fault... faults) {
    try {
      MountedVolume volume =
          new MountedVolume(new SimulatedBlockDevice(disk), SequenceRun.afterwards(), faults);
      RecoveredVolume seen;
      try {
        seen = seenBy(volume);
      } finally {
        volume.vfs.close();
      }
      FsckOracle.requireClean(disk, "after recovery");
      return seen;
    } catch (Exception | AssertionError e) {
      return broken(e.toString());
    }
  }

  /** All that a mount shows. */
  static RecoveredVolume seenBy(MountedVolume volume) throws FsException {
    StringBuilder lines = new StringBuilder();
    Map<String, byte[]> contents = new TreeMap<>();
    walk(volume, lines, "", volume.root(), contents);
    return new RecoveredVolume(lines.toString(), contents, null);
  }

  private static void walk(
      MountedVolume volume,
      StringBuilder out,
      String path,
      long number,
      Map<String, byte[]> contents)
      throws FsException {
    Attributes attributes = volume.attributes(number);
    ModelInode.Type type =
        switch (attributes.mode() & MountedVolume.TYPE_MASK) {
          case MountedVolume.DIRECTORY -> ModelInode.Type.DIRECTORY;
          case MountedVolume.SYMLINK -> ModelInode.Type.SYMLINK;
          case MountedVolume.FIFO -> ModelInode.Type.FIFO;
          case MountedVolume.CHARACTER_DEVICE -> ModelInode.Type.DEVICE;
          default -> ModelInode.Type.FILE;
        };
    String target = type == ModelInode.Type.SYMLINK ? volume.readLink(number) : null;
    ModelInode.line(
        out,
        path,
        type,
        attributes.linkCount(),
        target,
        volume.xattrs(number),
        Math.toIntExact(attributes.size()));
    if (type == ModelInode.Type.FILE) {
      contents.put(path, volume.readWhole(number));
    }
    if (type == ModelInode.Type.DIRECTORY) {
      for (Map.Entry<String, Long> entry : volume.list(number).entrySet()) {
        walk(volume, out, path + "/" + entry.getKey(), entry.getValue(), contents);
      }
    }
  }

  /**
   * Whether this is one of the states that a model allows; null, or what is wrong.
   *
   * @param durable number of the last operation that is durable
   * @param begun number of the last operation that had begun
   */
  String judge(ModelTree model, int durable, int begun) {
    if (problem != null) {
      return problem;
    }
    String wrong = null;
    for (int exact = begun; exact >= durable; exact--) {
      ModelTree.Snapshot snapshot = model.snapshots().get(exact);
      if (!snapshot.lines().equals(lines)) {
        continue;
      }
      String content = judgeContents(snapshot, durable, exact, begun);
      if (content == null) {
        return null;
      }
      wrong = "the tree is as operation " + exact + " left it, but " + content;
    }
    return wrong != null
        ? wrong
        : "the tree is not as any of the operations "
            + durable
            + " to "
            + begun
            + " left it; found:\n"
            + lines
            + "newest:\n"
            + model.snapshots().get(begun).lines()
            + "oldest:\n"
            + model.snapshots().get(durable).lines();
  }

  /**
   * Whether the files hold what they have to where the tree is as one operation left it; null, or
   * what is wrong.
   */
  String judgeContents(ModelTree.Snapshot snapshot, int durable, int exact, int begun) {
    for (Map.Entry<String, ModelInode> file : snapshot.files().entrySet()) {
      byte[] found = contents.get(file.getKey());
      String wrong = file.getValue().judge(found, durable, exact, begun);
      if (wrong != null) {
        return file.getKey() + ": " + wrong;
      }
    }
    return null;
  }
}
