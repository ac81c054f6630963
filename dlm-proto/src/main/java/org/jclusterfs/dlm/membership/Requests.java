package org.jclusterfs.dlm.membership;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jclusterfs.dlm.Member;

/** Work asked of the owner, once per incarnation, again some time after a failure. */
final class Requests {
  private final Consumer<Member> request;
  private final long retryNanos;
  private final Set<Member> running = new HashSet<>();
  private final Map<Member, Long> retryAt = new HashMap<>();
  private final Set<Member> done = new HashSet<>();

  Requests(Consumer<Member> request, long retryNanos) {
    this.request = request;
    this.retryNanos = retryNanos;
  }

  void ensure(Member member, long now) {
    Long retry = retryAt.get(member);
    if (done.contains(member) || (retry != null && now < retry)) {
      return;
    }
    retryAt.remove(member);
    if (running.add(member)) {
      request.accept(member);
    }
  }

  void succeeded(Member member) {
    running.remove(member);
    retryAt.remove(member);
    done.add(member);
  }

  void failed(Member member, long now) {
    if (running.remove(member)) {
      retryAt.put(member, now + retryNanos);
    }
  }

  boolean isRunning() {
    return !running.isEmpty();
  }

  boolean isDone(Member member) {
    return done.contains(member);
  }
}
