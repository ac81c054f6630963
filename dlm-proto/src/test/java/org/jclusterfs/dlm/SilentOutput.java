package org.jclusterfs.dlm;

import java.nio.ByteBuffer;

/** An engine's owner that wants to hear nothing; tests override what they do want. */
class SilentOutput implements EngineOutput {
  @Override
  public void send(int slot, ByteBuffer message) {}

  @Override
  public void granted(long lockId, Grant grant) {}

  @Override
  public void denied(long lockId, DenyReason reason, Blocker blocker) {}

  @Override
  public void blocking(long lockId, LockMode wanted) {}

  @Override
  public void tested(long queryId, Blocker blocker) {}

  @Override
  public void recovered(long viewNumber) {}
}
