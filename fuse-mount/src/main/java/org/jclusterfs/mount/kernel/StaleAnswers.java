package org.jclusterfs.mount.kernel;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Opcode;

/**
 * Who was told ESTALE last. The kernel then walks the path again, but only once: where another node
 * has removed what it found that time, too, it would hand on ESTALE, which no program expects of a
 * path. So a thread that was told so is told ENOENT at the next time. Thread-safe.
 */
final class StaleAnswers {

  /** Threads remembered at most; one that is not remembered is told ESTALE again. */
  private static final int MOST = 1_000;

  /** What the kernel asks for on its way along a path, before it does what was called for. */
  private static final Set<Integer> ON_THE_WAY =
      Set.of(Opcode.LOOKUP, Opcode.GETATTR, Opcode.GETXATTR, Opcode.READLINK);

  private final ConcurrentHashMap<Integer, Integer> opcodes = new ConcurrentHashMap<>();

  /** What a failed request of a thread, 0 where it is not known, is answered with. */
  int failed(int thread, int opcode, int errno) {
    Integer before = opcodes.isEmpty() ? null : opcodes.remove(thread);
    if (errno != Errno.ESTALE || thread == 0) {
      if (before != null && makesName(before) && opcode == Opcode.LOOKUP) {
        opcodes.put(thread, before); // the new name, which may be absent
      }
      return errno;
    }
    if (before != null) {
      return Errno.ENOENT;
    }
    if (opcodes.size() < MOST) {
      opcodes.put(thread, opcode);
    }
    return errno;
  }

  private static boolean makesName(int opcode) {
    return opcode == Opcode.LINK || opcode == Opcode.CREATE;
  }

  /** A request of a thread succeeded. */
  void succeeded(int thread, int opcode) {
    if (!opcodes.isEmpty()
        && (!ON_THE_WAY.contains(opcode) || opcodes.getOrDefault(thread, -1) == opcode)) {
      opcodes.remove(thread);
    }
  }
}
