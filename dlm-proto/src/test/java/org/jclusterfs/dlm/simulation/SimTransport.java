package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.transport.Peer;
import org.jclusterfs.dlm.transport.PeerSession;
import org.jclusterfs.dlm.transport.TransportHandler;

/**
 * A node's sessions with its peers, over the simulated network: what ClusterTransport and its
 * Connector do with sockets. The sessions are those of production.
 */
final class SimTransport {
  private static final long CONNECT_TIMEOUT = ClusterSimulation.THRESHOLD / 5;
  private static final long FIRST_BACKOFF = ClusterSimulation.THRESHOLD / 100;
  private static final long LAST_BACKOFF = ClusterSimulation.THRESHOLD / 10;

  private static final class Peering {
    final Member peer;
    final PeerSession session;
    boolean closed;
    int attempt;
    long backoff = FIRST_BACKOFF;

    Peering(Member peer, TransportHandler handler) {
      this.peer = peer;
      session = new PeerSession(peer.slot(), new Peer(peer.incarnation(), List.of(), 0), handler);
    }
  }

  private final SimNode node;
  private final SimNetwork network;
  private final Map<Integer, Peering> peers = new TreeMap<>();

  SimTransport(SimNode node, SimNetwork network) {
    this.node = node;
    this.network = network;
  }

  /** Whoever has a slot is a peer, and nobody else. */
  void setPeers(List<Heartbeat> claimed) {
    Map<Integer, Long> wanted = new HashMap<>();
    for (Heartbeat beat : claimed) {
      if (beat.slot() != node.self.slot()) {
        wanted.put(beat.slot(), beat.incarnation());
      }
    }
    for (Peering peering : new ArrayList<>(peers.values())) {
      Long incarnation = wanted.get(peering.peer.slot());
      if (incarnation == null || incarnation != peering.peer.incarnation()) {
        peers.remove(peering.peer.slot());
        close(peering);
      }
    }
    wanted.forEach(
        (slot, incarnation) -> {
          if (!peers.containsKey(slot)) {
            Peering peering = new Peering(new Member(slot, incarnation), node);
            peers.put(slot, peering);
            if (node.self.slot() < slot) {
              connect(peering);
            }
          }
        });
  }

  void send(int slot, ByteBuffer message) {
    Peering peering = peers.get(slot);
    if (peering != null) {
      peering.session.send(message);
      peering.session.flush();
    }
  }

  private void connect(Peering peering) {
    if (peering.closed || peering.session.isConnected()) {
      return;
    }
    int attempt = ++peering.attempt;
    network.packet(
        node.self.slot(),
        peering.peer,
        peer -> peer.transport.accept(node, connection -> proven(peering, attempt, connection)));
    node.world.after(
        CONNECT_TIMEOUT,
        () ->
            node.world.on(
                node,
                () -> {
                  if (peering.attempt == attempt) {
                    retry(peering);
                  }
                }));
  }

  /** What an accepted connection's other end is made of. */
  interface Accepted {
    void by(SimConnection there);
  }

  private void accept(SimNode from, Accepted answer) {
    Peering peering = peers.get(from.self.slot());
    if (peering == null || !peering.peer.equals(from.self)) {
      return; // not known as a peer (yet)
    }
    SimConnection here = new SimConnection(network, node, peering.session);
    network.packet(node.self.slot(), from.self, connecting -> answer.by(here));
    network.opened(here);
    peering.session.attach(here);
  }

  private void proven(Peering peering, int attempt, SimConnection there) {
    SimConnection here = new SimConnection(network, node, peering.session);
    SimConnection.join(here, there);
    network.opened(here);
    if (peering.closed || peering.attempt != attempt || peering.session.isConnected()) {
      here.close();
      return;
    }
    peering.attempt++;
    peering.backoff = FIRST_BACKOFF;
    peering.session.attach(here);
    network.joined(here);
  }

  /** A connection of a session is closed. */
  void ended(PeerSession session) {
    for (Peering peering : peers.values()) {
      if (peering.session == session && node.self.slot() < peering.peer.slot()) {
        retry(peering);
      }
    }
  }

  private void retry(Peering peering) {
    long backoff = peering.backoff;
    peering.backoff = Math.min(LAST_BACKOFF, 2 * backoff);
    node.world.after(backoff, () -> node.world.on(node, () -> connect(peering)));
  }

  private void close(Peering peering) {
    peering.closed = true;
    peering.session.close();
  }

  /** The process is gone. */
  void closeAll() {
    List<Peering> all = new ArrayList<>(peers.values());
    peers.clear();
    all.forEach(this::close);
  }
}
