package org.jclusterfs.mount.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Requests.InHeader;
import org.jclusterfs.mount.protocol.Requests.WriteIn;

/**
 * Lets go of processes that are killed while a request of theirs waits, for another node's lock or
 * for the device: the kernel keeps a process until its request is answered, and tells of a signal
 * once, without saying which. So where an interrupt came the process is looked at until its request
 * is answered; when it is about to die the request is answered with EINTR at once. What was asked
 * for is still done, as a write of a killed process that was under way is. Thread-safe.
 */
final class DyingProcesses {
  private static final System.Logger LOG = System.getLogger(DyingProcesses.class.getName());
  private static final int LOOK_MILLIS = 50;
  private static final int MOST_WATCHED = 65_536;

  /** An interrupt may overtake its request for as long. */
  private static final int LOOKS_BEFORE_IT_COMES = 20;

  private static final int SIGKILL_BIT = 1 << 8;
  private static final int PF_EXITING = 4;
  private static final int STAT_FLAGS = 6;

  private final Set<Request> served = ConcurrentHashMap.newKeySet();
  private final Map<Long, Integer> watched = new ConcurrentHashMap<>();
  private boolean watching;

  /** A reader has this one for all that it reads. */
  void add(Request request) {
    served.add(request);
  }

  /** The reader ends. */
  void remove(Request request) {
    served.remove(request);
  }

  /** A process that waits for the answer to request {@code unique} was signalled. */
  synchronized void interrupted(long unique) {
    if (watched.size() >= MOST_WATCHED) {
      return;
    }
    watched.put(unique, LOOKS_BEFORE_IT_COMES);
    if (!watching) {
      watching = true;
      Thread thread = new Thread(null, this::watch, "dying-processes", 256 << 10);
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void watch() {
    do {
      for (Iterator<Map.Entry<Long, Integer>> i = watched.entrySet().iterator(); i.hasNext(); ) {
        Map.Entry<Long, Integer> each = i.next();
        int left = look(each.getKey(), each.getValue());
        if (left == 0) {
          i.remove();
        } else {
          each.setValue(left);
        }
      }
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    } while (!ended());
  }

  private synchronized boolean ended() {
    watching = !watched.isEmpty();
    return !watching;
  }

  /** Looks once; returns how often it may be looked for if it is not there, 0: never again. */
  private int look(long unique, int left) {
    for (Request request : served) {
      InHeader header = request.waiting();
      if (header != null && header.unique() == unique) {
        if (!isAnswerable(request, header)) {
          return 0;
        }
        if (isDying(header.pid()) && request.abandon(unique)) {
          LOG.log(System.Logger.Level.DEBUG, "process {0} is killed: {1}", header.pid(), request);
          return 0;
        }
        return 1;
      }
    }
    return left - 1;
  }

  /** Not what gives something back, and not pages that are written back for no process. */
  private static boolean isAnswerable(Request request, InHeader header) {
    return switch (header.opcode()) {
      case Opcode.RELEASE, Opcode.RELEASEDIR, Opcode.SETLK, Opcode.SETLKW -> false;
      case Opcode.WRITE -> {
        WriteIn in = WriteIn.at(request.input(), request.body());
        yield (in.writeFlags() & Flags.WRITE_CACHE) == 0;
      }
      default -> true;
    };
  }

  /** Whether a thread has SIGKILL before it or is on its way out. */
  static boolean isDying(int thread) {
    try {
      Path process = Path.of("/proc", Integer.toString(thread));
      for (String line : Files.readAllLines(process.resolve("status"))) {
        if (line.startsWith("SigPnd:") || line.startsWith("ShdPnd:")) {
          long pending = Long.parseUnsignedLong(line.substring(7).strip(), 16);
          if ((pending & SIGKILL_BIT) != 0) {
            return true;
          }
        }
      }
      String stat = Files.readString(process.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return (Long.parseLong(fields[STAT_FLAGS]) & PF_EXITING) != 0;
    } catch (IOException | NumberFormatException e) {
      // Of another process namespace: it is waited for.
      return false;
    }
  }
}
