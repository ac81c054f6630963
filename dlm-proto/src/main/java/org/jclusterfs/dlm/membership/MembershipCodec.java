package org.jclusterfs.dlm.membership;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;
import org.jclusterfs.dlm.WireException;

/** Bytes of the membership's messages; {@link MessageType} has the layouts. */
final class MembershipCodec {
  private static final int CONNECTED_SIZE = 32;

  private MembershipCodec() {}

  private static ByteBuffer start(MessageType type, long view, int extra) {
    return ByteBuffer.allocate(MessageType.HEADER_SIZE + type.bodySize() + extra)
        .put((byte) type.code())
        .put(new byte[7])
        .putLong(view)
        .putLong(0);
  }

  static ByteBuffer plain(MessageType type, long view) {
    return start(type, view, 0).flip();
  }

  static ByteBuffer withNumber(MessageType type, long view, long number) {
    return start(type, view, 0).putLong(number).flip();
  }

  static ByteBuffer join(long incarnation, BitSet connected) {
    byte[] bits = java.util.Arrays.copyOf(connected.toByteArray(), CONNECTED_SIZE);
    return start(MessageType.JOIN, 0, 0).putLong(incarnation).put(bits).flip();
  }

  static ByteBuffer proposal(MessageType type, Proposal proposal) {
    int entries = proposal.members().size() + proposal.dead().size();
    ByteBuffer out =
        start(type, proposal.number(), entries * MessageType.MEMBER_SIZE)
            .putShort((short) proposal.members().size())
            .putShort((short) proposal.dead().size());
    for (List<Member> list : List.of(proposal.members(), proposal.dead())) {
      for (Member member : list) {
        out.putShort((short) member.slot()).putLong(member.incarnation());
      }
    }
    return out.flip();
  }

  /** A message's type, checked for its size; the buffer then stands at the body. */
  static MessageType open(ByteBuffer in) {
    if (in.remaining() < MessageType.HEADER_SIZE) {
      throw new WireException("Message of " + in.remaining() + " bytes has no header");
    }
    MessageType type = MessageType.ofCode(in.get(in.position()));
    int body = in.remaining() - MessageType.HEADER_SIZE;
    boolean repeats = type == MessageType.PREPARE || type == MessageType.COMMIT;
    boolean fits = repeats ? body >= type.bodySize() : body == type.bodySize();
    if (!type.isMembership() || !fits) {
      throw new WireException(type + " with a body of " + body + " bytes");
    }
    return type;
  }

  static long view(ByteBuffer message) {
    return message.getLong(message.position() + 8);
  }

  static long number(ByteBuffer message) {
    return message.getLong(message.position() + MessageType.HEADER_SIZE);
  }

  static BitSet connected(ByteBuffer message) {
    byte[] bits = new byte[CONNECTED_SIZE];
    message.get(message.position() + MessageType.HEADER_SIZE + 8, bits);
    return BitSet.valueOf(bits);
  }

  static Proposal proposal(ByteBuffer message) {
    ByteBuffer in = message.slice();
    in.position(MessageType.HEADER_SIZE);
    int members = in.getShort() & 0xFFFF;
    int dead = in.getShort() & 0xFFFF;
    if (in.remaining() != (members + dead) * MessageType.MEMBER_SIZE || members == 0) {
      throw new WireException(
          "A view of " + members + " members and " + dead + " dead in a body of another size");
    }
    return new Proposal(view(message), members(in, members), members(in, dead));
  }

  private static List<Member> members(ByteBuffer in, int count) {
    List<Member> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(new Member(in.getShort() & 0xFFFF, in.getLong()));
    }
    return list;
  }
}
