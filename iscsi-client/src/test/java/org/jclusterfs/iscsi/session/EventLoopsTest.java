package org.jclusterfs.iscsi.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollSocketChannel;
import org.junit.jupiter.api.Test;

class EventLoopsTest {

  /** Without the native library everything works, at almost twice the CPU per command. */
  @Test
  void theNativeTransportIsThereAndUsed() {
    assertTrue(Epoll.isAvailable(), () -> "no epoll: " + Epoll.unavailabilityCause());
    assertEquals(EpollSocketChannel.class, EventLoops.channelType());
  }
}
