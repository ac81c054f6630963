package org.jclusterfs.iscsi.target;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jclusterfs.iscsi.Portal;

/** Passes connections on to a portal, and does to their bytes what networks do. */
public final class Relay implements AutoCloseable {
  private static final long NEVER = Long.MAX_VALUE;

  private final ServerSocket server;
  private final Portal to;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong flipTowardsTarget = new AtomicLong(NEVER);
  private final AtomicLong flipTowardsInitiator = new AtomicLong(NEVER);
  private volatile boolean silent;

  public Relay(Portal to) throws IOException {
    this(to, "127.0.0.1");
  }

  public Relay(Portal to, String address) throws IOException {
    this.to = to;
    server = new ServerSocket(0, 64, InetAddress.getByName(address));
    thread("relay", this::accept);
  }

  public Portal portal() {
    return new Portal(server.getInetAddress().getHostAddress(), server.getLocalPort());
  }

  /** Passes nothing any more and closes nothing, or goes on. */
  public void setSilent(boolean next) {
    silent = next;
  }

  /** Flips a bit of the byte so far ahead of what goes to the target. */
  public void flipTowardsTarget(long ahead) {
    flipTowardsTarget.set(ahead);
  }

  /** Flips a bit of the byte so far ahead of what comes from the target. */
  public void flipTowardsInitiator(long ahead) {
    flipTowardsInitiator.set(ahead);
  }

  /** Whether each flip that was asked for has been done. */
  public boolean hasFlipped() {
    return flipTowardsTarget.get() == NEVER && flipTowardsInitiator.get() == NEVER;
  }

  private static void thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket near = server.accept();
        Socket far = new Socket(to.host(), to.port());
        near.setTcpNoDelay(true);
        far.setTcpNoDelay(true);
        open.add(near);
        open.add(far);
        thread("relay-out", () -> pass(near, far, flipTowardsTarget));
        thread("relay-in", () -> pass(far, near, flipTowardsInitiator));
      } catch (IOException closed) {
        // this relay, or the target
      }
    }
  }

  private void pass(Socket from, Socket onTo, AtomicLong flip) {
    byte[] buffer = new byte[65536];
    try (from;
        onTo) {
      InputStream in = from.getInputStream();
      OutputStream out = onTo.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        while (silent) {
          Thread.sleep(5);
        }
        long ahead = flip.get();
        if (ahead != NEVER && ahead < n) {
          buffer[(int) ahead] ^= 1;
          flip.set(NEVER);
        } else if (ahead != NEVER) {
          flip.set(ahead - n);
        }
        out.write(buffer, 0, n);
      }
    } catch (IOException ended) {
      // so has the other direction
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    silent = false;
    for (Socket each : open) {
      each.close();
    }
  }
}
