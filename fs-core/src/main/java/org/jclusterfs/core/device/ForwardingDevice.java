package org.jclusterfs.core.device;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.status.PathStatus;

/**
 * A device that passes everything on to another one; subclasses say what differs. Its {@link
 * #urgent()} way is itself, so that nothing goes past a subclass. As thread-safe as the other.
 */
public abstract class ForwardingDevice implements BlockDevice {

  private final BlockDevice device;

  /** Passes on to a device, which is closed with this one. */
  protected ForwardingDevice(BlockDevice device) {
    this.device = device;
  }

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public long size() {
    return device.size();
  }

  @Override
  public int logicalBlockSize() {
    return device.logicalBlockSize();
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return device.read(offset, dst);
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return device.write(offset, src);
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return device.writeDurably(offset, src);
  }

  @Override
  public CompletableFuture<Void> flush() {
    return device.flush();
  }

  @Override
  public boolean canDiscard() {
    return device.canDiscard();
  }

  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return device.discard(offset, length);
  }

  @Override
  public boolean hasVolatileWriteCache() {
    return device.hasVolatileWriteCache();
  }

  @Override
  public void setWriteGate(WriteGate gate) {
    device.setWriteGate(gate);
  }

  @Override
  public void setFenceCheck(FenceCheck check) {
    device.setFenceCheck(check);
  }

  @Override
  public Fencing fencing() {
    return device.fencing();
  }

  @Override
  public List<InetAddress> localAddresses() {
    return device.localAddresses();
  }

  @Override
  public List<PathStatus> paths() {
    return device.paths();
  }

  @Override
  public void close() {
    device.close();
  }
}
