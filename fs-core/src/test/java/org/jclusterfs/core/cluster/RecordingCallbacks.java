package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/** Notes the calls it gets; what it answers and does meanwhile can be set. */
final class RecordingCallbacks implements LockCallbacks {
  final List<String> calls = new ArrayList<>();
  volatile boolean busy;
  final AtomicInteger askedWhetherBusy = new AtomicInteger();
  volatile Runnable duringSync = () -> {};
  volatile Supplier<Boolean> duringInvalidate = () -> false;
  volatile IOException failure;
  volatile byte[] value;

  @Override
  public void syncMany() {
    note("sync many");
  }

  @Override
  public void sync(LockName name, LockMode to) throws IOException {
    note("sync " + to);
    if (failure != null) {
      throw failure;
    }
    duringSync.run();
  }

  @Override
  public boolean invalidate(LockName name, LockMode from, LockMode to) {
    note("invalidate " + from + " " + to);
    return duringInvalidate.get();
  }

  @Override
  public byte[] value(LockName name) {
    return value;
  }

  @Override
  public boolean busy(LockName name) {
    askedWhetherBusy.incrementAndGet();
    return busy;
  }

  private synchronized void note(String call) {
    calls.add(call);
  }

  synchronized List<String> calls() {
    return new ArrayList<>(calls);
  }
}
