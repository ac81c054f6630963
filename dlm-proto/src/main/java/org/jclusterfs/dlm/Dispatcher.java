package org.jclusterfs.dlm;

/** Hands each kind of message to the role of a node that it is for. */
final class Dispatcher implements LockMessage.Handler {
  private final LockEngine engine;
  private final OwnLocks own;
  private final Master master;
  private final Moves moves;

  Dispatcher(LockEngine engine, OwnLocks own, Master master, Moves moves) {
    this.engine = engine;
    this.own = own;
    this.master = master;
    this.moves = moves;
  }

  @Override
  public void onRequest(int from, LockMessage.Request message) {
    master.request(from, message);
  }

  @Override
  public void onConvert(int from, LockMessage.Convert message) {
    master.convert(from, message);
  }

  @Override
  public void onUnlock(int from, LockMessage.Unlock message) {
    master.unlock(from, message);
  }

  @Override
  public void onCancel(int from, LockMessage.Cancel message) {
    master.cancel(from, message);
  }

  @Override
  public void onGranted(LockMessage.Granted message) {
    own.granted(message);
  }

  @Override
  public void onDenied(LockMessage.Denied message) {
    own.denied(message);
  }

  @Override
  public void onBlocking(LockMessage.Blocking message) {
    own.blocking(message);
  }

  @Override
  public void onTest(int from, LockMessage.Test message) {
    master.test(from, message);
  }

  @Override
  public void onTested(LockMessage.Tested message) {
    own.tested(message);
  }

  @Override
  public void onMastered(int from, LockMessage.Mastered message) {
    engine.mastered(from, message);
  }

  @Override
  public void onReported(int from) {
    engine.memberReported(from);
  }

  @Override
  public void onReclaim(int from, LockMessage.Reclaim message) {
    engine.reclaimed(from, message);
  }

  @Override
  public void onReclaimed(int from) {
    engine.memberReclaimed(from);
  }

  @Override
  public void onClaim(int from, LockMessage.Claim message) {
    engine.claimed(new Directory.Claim(from, message.region()));
  }

  @Override
  public void onOwner(LockMessage.Owner message) {
    engine.owned(message);
  }

  @Override
  public void onMoved(int from, LockMessage.Moved message) {
    engine.moved(from, message);
  }

  @Override
  public void onDrained(int from, LockMessage.Drained message) {
    moves.drained(from, message);
  }

  @Override
  public void onMoveValues(int from, LockMessage.MoveValues message) {
    moves.values(from, message);
  }

  @Override
  public void onMoveLocks(int from, LockMessage.MoveLocks message) {
    moves.locks(from, message);
  }

  @Override
  public void onMove(int from, LockMessage.Move message) {
    moves.move(from, message);
  }

  @Override
  public void onTaken(int from, LockMessage.Taken message) {
    moves.taken(from, message);
  }
}
