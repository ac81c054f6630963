package org.jclusterfs.mount.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Opcode;
import org.junit.jupiter.api.Test;

class StaleAnswersTest {
  private final StaleAnswers answers = new StaleAnswers();

  private int fail(int thread, int opcode) {
    return answers.failed(thread, opcode, Errno.ESTALE);
  }

  @Test
  void secondWalkOfAPathThatFindsARemovedInodeEndsWithNoEntry() {
    assertEquals(Errno.ESTALE, fail(7, Opcode.GETATTR));
    answers.succeeded(7, Opcode.LOOKUP); // the kernel walks again
    assertEquals(Errno.ENOENT, fail(7, Opcode.LINK));
    assertEquals(Errno.ESTALE, fail(7, Opcode.LINK), "the next call's first walk");
  }

  @Test
  void callThatSucceededOrFailedOtherwiseAtItsSecondWalkIsForgotten() {
    assertEquals(Errno.ESTALE, fail(7, Opcode.OPEN));
    answers.succeeded(7, Opcode.OPEN);
    assertEquals(Errno.ESTALE, fail(7, Opcode.OPEN));
    assertEquals(Errno.EACCES, answers.failed(7, Opcode.LOOKUP, Errno.EACCES));
    assertEquals(Errno.ESTALE, fail(7, Opcode.OPEN));
  }

  @Test
  void newNameOfALinkThatIsAbsentIsNotTheEndOfTheCall() {
    assertEquals(Errno.ESTALE, fail(7, Opcode.GETATTR));
    answers.failed(7, Opcode.LOOKUP, Errno.ENOENT);
    assertEquals(Errno.ENOENT, fail(7, Opcode.LINK));
  }

  @Test
  void threadsAreToldApartAndThoseOfOtherNamespacesAreNot() {
    assertEquals(Errno.ESTALE, fail(7, Opcode.OPEN));
    assertEquals(Errno.ESTALE, fail(8, Opcode.OPEN));
    assertEquals(Errno.ESTALE, fail(0, Opcode.OPEN));
    assertEquals(Errno.ESTALE, fail(0, Opcode.OPEN));
  }
}
