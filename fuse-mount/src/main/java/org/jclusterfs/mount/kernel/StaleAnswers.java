package org.jclusterfs.mount.kernel;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
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

  /** Longest time that a second walk takes, as a rule: it may wait for locks. */
  private static final long REMEMBERED_NANOS = TimeUnit.SECONDS.toNanos(3);

  private record Answer(int opcode, long time) {}

  private final ConcurrentHashMap<Integer, Answer> answers = new ConcurrentHashMap<>();

  /** What a failed request of a thread, 0 where it is not known, is answered with. */
  int failed(int thread, int opcode, int errno) {
    if (errno != Errno.ESTALE || thread == 0) {
      // A name that is absent may be the new one of a call that goes on.
      if (!answers.isEmpty() && !(opcode == Opcode.LOOKUP && errno == Errno.ENOENT)) {
        answers.remove(thread);
      }
      return errno;
    }
    long now = System.nanoTime();
    Answer before = answers.remove(thread);
    if (before != null && now - before.time < REMEMBERED_NANOS) {
      return Errno.ENOENT;
    }
    if (answers.size() >= MOST) {
      answers.values().removeIf(answer -> now - answer.time >= REMEMBERED_NANOS);
    }
    if (answers.size() < MOST) {
      answers.put(thread, new Answer(opcode, now));
    }
    return errno;
  }

  /** A request of a thread succeeded. */
  void succeeded(int thread, int opcode) {
    if (answers.isEmpty()) {
      return;
    }
    Answer before = answers.get(thread);
    if (before != null && (before.opcode == opcode || !ON_THE_WAY.contains(opcode))) {
      answers.remove(thread);
    }
  }
}
