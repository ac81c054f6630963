package org.jclusterfs.iscsi.target;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.Opcode;

/**
 * {@link ModelSession}s behind a TCP port, with faults at chosen PDUs. A login by the ISID of a
 * connection ends that connection first, as session reinstatement does.
 */
public final class ModelTarget implements AutoCloseable {
  public static final String IQN = "iqn.2026-01.com.example:model";

  /** What happens at a PDU. */
  public enum Fault {
    NONE,
    /** The connection ends before the PDU is seen, or sent. */
    CUT_BEFORE,
    /** The connection ends after the PDU was carried out, or sent. */
    CUT_AFTER,
    /** The PDU arrives with a wrong header digest. */
    HEADER_DIGEST,
    /** The PDU arrives with a wrong data digest. */
    DATA_DIGEST,
    /** The PDU, and all that follow on its connection, are lost without a word. */
    SILENCE
  }

  /** Where a fault comes. */
  public interface Faults {
    /**
     * Asked for each PDU.
     *
     * @param index number of the PDU since the target began, from 0
     */
    Fault at(int index, Pdu pdu);
  }

  private final ServerSocket server;
  private final ModelSession.Settings settings;
  private final ModelDisk disk;
  private final ModelSession.Script script;
  private final AtomicInteger pdus = new AtomicInteger();
  private final AtomicInteger logins = new AtomicInteger();
  private final Map<Long, Socket> byIsid = new HashMap<>();
  private final List<Throwable> failures = new ArrayList<>();
  private volatile Faults faults = (index, pdu) -> Fault.NONE;

  public ModelTarget(ModelSession.Settings settings, ModelDisk disk, ModelSession.Script script)
      throws IOException {
    this.disk = disk;
    this.script = script;
    server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    this.settings =
        "itself".equals(settings.redirect())
            ? settings.withRedirect(portal().toString())
            : settings;
    Thread thread = new Thread(this::accept, "model-target");
    thread.setDaemon(true);
    thread.start();
  }

  public void setFaults(Faults next) {
    faults = next;
  }

  public Portal portal() {
    return new Portal("127.0.0.1", server.getLocalPort());
  }

  public IscsiUrl url() {
    return new IscsiUrl(null, List.of(portal()), List.of(IQN), 0);
  }

  /** PDUs seen and sent so far. */
  public int pdus() {
    return pdus.get();
  }

  /** Logins begun so far. */
  public int logins() {
    return logins.get();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        Thread thread = new Thread(() -> serve(socket), "model-connection");
        thread.setDaemon(true);
        thread.start();
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    ModelSession session = new ModelSession(settings, disk, script);
    try (socket) {
      while (!session.isEnded()) {
        // Digests begin after the login's last PDU.
        Pdu pdu = Pdu.read(socket.getInputStream(), session.headerDigest(), session.dataDigest());
        if (pdu.opcode() == Opcode.LOGIN_REQUEST) {
          reinstate(pdu.bhs().getLong(8) >>> 16, socket);
        }
        if (!take(pdu, session, socket)) {
          return;
        }
      }
    } catch (IOException ended) {
      // the initiator hung up, or reinstated its session
    } catch (RuntimeException | AssertionError e) {
      synchronized (failures) {
        failures.add(e);
      }
    }
  }

  private boolean take(Pdu pdu, ModelSession session, Socket socket) throws IOException {
    Fault fault = faults.at(pdus.getAndIncrement(), pdu);
    if (fault == Fault.SILENCE) {
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      return false;
    } else if (fault == Fault.DATA_DIGEST) {
      Pdu reject = Pdu.of(Opcode.REJECT, Bhs.FINAL);
      reject.bhs().put(2, (byte) 2);
      reject = session.unasked(reject.withData(pdu.bhs().array()), true);
      reject.write(socket.getOutputStream(), session.headerDigest(), session.dataDigest());
      return false;
    } else if (fault == Fault.CUT_BEFORE || fault == Fault.HEADER_DIGEST) {
      return false;
    }
    boolean header = session.headerDigest();
    boolean data = session.dataDigest();
    List<Pdu> answers = session.receive(pdu);
    if (fault == Fault.CUT_AFTER) {
      return false;
    }
    for (Pdu answer : answers) {
      if (!give(answer, socket, header, data)) {
        return false;
      }
    }
    return true;
  }

  private boolean give(Pdu answer, Socket socket, boolean header, boolean data) throws IOException {
    Fault fault = faults.at(pdus.getAndIncrement(), answer);
    if (fault == Fault.CUT_BEFORE) {
      return false;
    } else if (fault == Fault.SILENCE) {
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      return false;
    }
    byte[] bytes = answer.bytes(header, data);
    if (fault == Fault.HEADER_DIGEST) {
      bytes[20] ^= 1;
    } else if (fault == Fault.DATA_DIGEST) {
      bytes[bytes.length - 1] ^= 1;
    }
    socket.getOutputStream().write(bytes);
    return fault != Fault.CUT_AFTER;
  }

  private void reinstate(long isid, Socket socket) throws IOException {
    synchronized (byIsid) {
      Socket before = byIsid.put(isid, socket);
      if (before != socket) {
        logins.incrementAndGet();
        if (before != null) {
          before.close();
        }
      }
    }
  }

  /** Ends it; fails where an initiator did what no target takes. */
  @Override
  public void close() throws IOException {
    server.close();
    synchronized (byIsid) {
      for (Socket socket : byIsid.values()) {
        socket.close();
      }
    }
    synchronized (failures) {
      for (Throwable each : failures) {
        throw new AssertionError("the initiator broke the protocol", each);
      }
    }
  }
}
