package org.jclusterfs.system;

import org.jclusterfs.system.NamespaceOperation.Kind;
import org.jclusterfs.system.NamespaceOperation.Type;

/**
 * Names in directories, and what each system call on them does at once. A state is an array of the
 * object that each place names, 0 for none; a state is never changed. An object is the operation
 * that made it, by its number from 1 on.
 *
 * <p>A call has one moment at which it happens, or two: the kernel resolves a path first and acts
 * on what it found. So link(2) may link a file that has been renamed meanwhile, stat(2) counts the
 * links of what the name stood for, a rename may be refused because of types that its two names had
 * one after the other, and a listing that was read to its end goes on with names made since.
 */
final class NamespaceModel {

  /** The call is over. */
  static final int OVER = -2;

  private static final int EPERM = 1;

  private final NamespaceOperation[] operations;

  NamespaceModel(NamespaceOperation[] operations) {
    this.operations = operations;
  }

  /** The state of empty directories. */
  static int[] empty() {
    return new int[NamespaceOperation.DIRECTORIES * NamespaceOperation.NAMES];
  }

  /** What a moment of a call makes of a state. */
  record Outcome(int[] state, int next) {}

  /**
   * Lets the next moment of a call happen.
   *
   * @param number of the operation, from 1 on
   * @param phase 0 for the first moment, else what {@link Outcome#next} was after it
   * @return the state after it, and {@link #OVER} or the phase that follows; or null if the call
   *     could not have had the result that it had
   */
  Outcome step(int[] state, int number, int phase) {
    NamespaceOperation call = operations[number - 1];
    if (call.errno() == SystemCalls.ESTALE) {
      // The kernel's own: a lookup met a directory that another node had moved, while others here
      // held the rename mutex or its old parent (d_splice_alias), at both walks of the path.
      return over(state, true);
    }
    return switch (call.kind()) {
      case CREATE, MKDIR, SYMLINK -> make(state, number, call);
      case OPEN -> open(state, number, call);
      case UNLINK, RMDIR -> remove(state, call);
      case RENAME, NOREPLACE, EXCHANGE -> rename(state, call, phase);
      case LINK -> link(state, call, phase);
      case STAT -> stat(state, call, phase);
      case LIST -> list(state, call, phase);
      default -> throw new AssertionError(call);
    };
  }

  /**
   * Another way in which the next moment of a call may happen, or null. A rename whose two names
   * stood for one inode when the kernel looked them up, one after the other, is done without asking
   * anybody: as between two names of one file, nothing is moved.
   */
  Outcome otherwise(int[] state, int number, int phase) {
    NamespaceOperation call = operations[number - 1];
    boolean renames = call.kind() == Kind.RENAME || call.kind() == Kind.EXCHANGE;
    int source = state[call.from()];
    return renames && call.errno() == 0 && phase == 0 && source != 0
        ? new Outcome(state, source)
        : null;
  }

  /** Whether a call changes no state at any moment, so that it may as well happen at once. */
  boolean onlyLooks(int number) {
    NamespaceOperation call = operations[number - 1];
    return call.errno() != 0 || call.kind() == Kind.STAT || call.kind() == Kind.LIST;
  }

  private Type type(int object) {
    return object == 0 ? Type.NONE : operations[object - 1].kind().makes;
  }

  private long inode(int object) {
    return operations[object - 1].inode();
  }

  private static int links(int[] state, int object) {
    int links = 0;
    for (int each : state) {
      links += each == object ? 1 : 0;
    }
    return links;
  }

  private static Outcome over(int[] state, boolean possible) {
    return possible ? new Outcome(state, OVER) : null;
  }

  private static int[] with(int[] state, int place, int object) {
    int[] changed = state.clone();
    changed[place] = object;
    return changed;
  }

  private static Outcome make(int[] state, int number, NamespaceOperation call) {
    boolean taken = state[call.from()] != 0;
    if (call.errno() == 0) {
      return taken ? null : over(with(state, call.from(), number), true);
    }
    return over(state, taken && call.errno() == SystemCalls.EEXIST);
  }

  private Outcome open(int[] state, int number, NamespaceOperation call) {
    int found = state[call.from()];
    switch (call.errno()) {
      case 0:
        return found == 0
            ? over(with(state, call.from(), number), true)
            : over(state, type(found) == Type.FILE && inode(found) == call.inode());
      case SystemCalls.EISDIR:
        return over(state, type(found) == Type.DIRECTORY);
      case SystemCalls.ELOOP:
        return over(state, type(found) == Type.LINK);
      default:
        return null;
    }
  }

  private Outcome remove(int[] state, NamespaceOperation call) {
    int found = state[call.from()];
    boolean directory = type(found) == Type.DIRECTORY;
    boolean wantsDirectory = call.kind() == Kind.RMDIR;
    return switch (call.errno()) {
      case 0 ->
          found != 0 && directory == wantsDirectory
              ? over(with(state, call.from(), 0), true)
              : null;
      case SystemCalls.ENOENT -> over(state, found == 0);
      case SystemCalls.EISDIR -> over(state, directory && !wantsDirectory);
      case SystemCalls.ENOTDIR -> over(state, found != 0 && !directory && wantsDirectory);
      default -> null;
    };
  }

  private Outcome rename(int[] state, NamespaceOperation call, int phase) {
    int source = state[call.from()];
    int target = state[call.to()];
    boolean exchange = call.kind() == Kind.EXCHANGE;
    switch (call.errno()) {
      case 0:
        return phase == 0 ? renamed(state, call, source, target) : over(state, target == phase);
      case SystemCalls.ENOENT:
        return over(state, source == 0 || exchange && target == 0);
      case SystemCalls.EEXIST:
        return over(state, call.kind() == Kind.NOREPLACE && target != 0);
      case SystemCalls.EISDIR, SystemCalls.ENOTDIR:
        // Two moments: what the one name stood for, then the other.
        if (exchange) {
          return null;
        }
        boolean moved = call.errno() == SystemCalls.ENOTDIR;
        if (phase == 0) {
          boolean fits = source != 0 && (type(source) == Type.DIRECTORY) == moved;
          return fits ? new Outcome(state, 1) : null;
        }
        return over(state, target != 0 && (type(target) == Type.DIRECTORY) != moved);
      default:
        return null;
    }
  }

  private Outcome renamed(int[] state, NamespaceOperation call, int source, int target) {
    if (source == 0) {
      return null;
    }
    if (call.kind() == Kind.EXCHANGE) {
      return target == 0
          ? null
          : over(with(with(state, call.from(), target), call.to(), source), true);
    }
    if (target == source) {
      return over(state, call.kind() == Kind.RENAME); // names of one file: nothing is done
    }
    if (target != 0) {
      boolean sameSort = (type(source) == Type.DIRECTORY) == (type(target) == Type.DIRECTORY);
      if (call.kind() == Kind.NOREPLACE || !sameSort) {
        return null;
      }
    }
    return over(with(with(state, call.from(), 0), call.to(), source), true);
  }

  private Outcome link(int[] state, NamespaceOperation call, int phase) {
    int source = state[call.from()];
    if (phase == 0) {
      return source == 0
          ? over(state, call.errno() == SystemCalls.ENOENT)
          : new Outcome(state, source);
    }
    int target = state[call.to()];
    boolean directory = type(phase) == Type.DIRECTORY;
    boolean gone = links(state, phase) == 0;
    return switch (call.errno()) {
      case 0 ->
          target == 0 && !directory && !gone ? over(with(state, call.to(), phase), true) : null;
      case SystemCalls.ENOENT -> over(state, gone);
      case SystemCalls.EEXIST -> over(state, target != 0);
      case EPERM -> over(state, directory);
      default -> null;
    };
  }

  private Outcome stat(int[] state, NamespaceOperation call, int phase) {
    if (phase != 0) {
      return over(state, links(state, phase) == call.links());
    }
    int found = state[call.from()];
    if (found == 0) {
      return over(state, call.errno() == SystemCalls.ENOENT);
    }
    if (call.errno() != 0 || type(found) != call.type()) {
      return null;
    }
    if (call.type() != Type.FILE) {
      return over(state, true);
    }
    return inode(found) == call.inode() ? new Outcome(state, found) : null;
  }

  private static int names(int[] state, NamespaceOperation call) {
    int names = 0;
    for (int n = 0; n < NamespaceOperation.NAMES; n++) {
      names |= state[call.from() + n] == 0 ? 0 : 1 << n;
    }
    return names;
  }

  private static Outcome list(int[] state, NamespaceOperation call, int phase) {
    if (call.errno() != 0) {
      return null;
    }
    int names = names(state, call);
    if (phase == 0) {
      int more = call.listed() & ~names;
      if ((names & ~call.listed()) != 0) {
        return null;
      }
      return more == 0 ? over(state, true) : new Outcome(state, more);
    }
    return over(state, (phase & ~names) == 0);
  }

  /** A state for people. */
  String describe(int[] state) {
    StringBuilder text = new StringBuilder();
    for (int place = 0; place < state.length; place++) {
      if (state[place] != 0) {
        text.append(NamespaceOperation.directory(place)).append('/');
        text.append(NamespaceOperation.name(place)).append('=');
        text.append(type(state[place]).name().toLowerCase());
        text.append(type(state[place]) == Type.FILE ? " " + inode(state[place]) : "").append(' ');
      }
    }
    return text.toString();
  }
}
