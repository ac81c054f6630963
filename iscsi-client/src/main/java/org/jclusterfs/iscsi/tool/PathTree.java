package org.jclusterfs.iscsi.tool;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jclusterfs.iscsi.multipath.MultipathLun;
import org.jclusterfs.iscsi.multipath.MultipathOptions;
import org.jclusterfs.iscsi.multipath.PathInfo;
import org.jclusterfs.iscsi.multipath.PathState;
import org.jclusterfs.iscsi.scsi.AccessState;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Inquiry;

/** A disk and its paths, drawn with the words of {@code multipath -ll}, or as a JSON document. */
final class PathTree {

  private final Inquiry inquiry;
  private final Capacity capacity;
  private final MultipathOptions options;
  private final List<List<PathInfo>> groups;

  private PathTree(
      Inquiry inquiry, Capacity capacity, MultipathOptions options, List<PathInfo> paths) {
    this.inquiry = inquiry;
    this.capacity = capacity;
    this.options = options;
    this.groups = groups(paths);
  }

  static PathTree of(MultipathLun disk, MultipathOptions options) {
    return new PathTree(disk.inquiry(), disk.capacity(), options, disk.paths());
  }

  static PathTree of(
      Inquiry inquiry, Capacity capacity, MultipathOptions options, List<PathInfo> paths) {
    return new PathTree(inquiry, capacity, options, paths);
  }

  /** Paths that work by priority, the highest first, and those that do not as one group of 0. */
  private static List<List<PathInfo>> groups(List<PathInfo> paths) {
    Map<Integer, List<PathInfo>> byPriority = new TreeMap<>(Comparator.reverseOrder());
    for (PathInfo path : paths) {
      byPriority.computeIfAbsent(priority(path), p -> new ArrayList<>()).add(path);
    }
    return List.copyOf(byPriority.values());
  }

  private static int priority(PathInfo path) {
    return path.state() == PathState.UP ? path.priority() : 0;
  }

  Stream<PathInfo> allPaths() {
    return groups.stream().flatMap(List::stream);
  }

  private String features() {
    return options.noPathRetry() == 0
        ? "0"
        : options.noPathRetry() == MultipathOptions.QUEUE
            ? "1 queue_if_no_path"
            : "1 no_path_retry " + options.noPathRetry();
  }

  private boolean isAlua() {
    return allPaths().anyMatch(path -> path.access() != AccessState.NONE);
  }

  private static String status(List<PathInfo> group) {
    return group.stream().anyMatch(PathInfo::inUse) ? "active" : "enabled";
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append(inquiry.wwid().isEmpty() ? "no WWID" : inquiry.wwid());
    text.append(' ').append(inquiry.vendor()).append(',').append(inquiry.product()).append('\n');
    text.append("size=").append(ByteCount.inWords(capacity.bytes()).replace(" ", ""));
    text.append(" features='").append(features()).append('\'');
    text.append(" hwhandler='").append(isAlua() ? "1 alua" : "0").append('\'');
    text.append(" wp=").append(capacity.writeProtected() ? "ro" : "rw").append('\n');
    int width = allPaths().mapToInt(path -> address(path).length()).max().orElse(0);
    for (int i = 0; i < groups.size(); i++) {
      boolean last = i == groups.size() - 1;
      List<PathInfo> group = groups.get(i);
      text.append(last ? "`-+- " : "|-+- ").append("policy='").append(options.selector());
      text.append("' prio=").append(priority(group.get(0)));
      text.append(" status=").append(status(group)).append('\n');
      for (int j = 0; j < group.size(); j++) {
        text.append(last ? "  " : "| ").append(j == group.size() - 1 ? "`- " : "|- ");
        String address = address(group.get(j));
        text.append(address).append(" ".repeat(width - address.length() + 1));
        text.append(words(group.get(j))).append('\n');
      }
    }
    return text.toString();
  }

  private static String address(PathInfo path) {
    return path.portal() + " " + path.target();
  }

  /** State of the path, verdict of the checker, state of the session, and why. */
  private static String words(PathInfo path) {
    boolean up = path.state() == PathState.UP;
    return (up ? "active " : "failed ")
        + checker(path)
        + (up ? " running" : " offline")
        + (up && !path.writable() ? ", may not write" : "")
        + (path.reason().isEmpty() ? "" : ": " + path.reason());
  }

  private static String checker(PathInfo path) {
    switch (path.state()) {
      case UP:
        return path.priority() > 0 ? "ready" : "ghost";
      case CONNECTING:
        return "pending";
      case REFUSED:
        return "refused";
      default:
        return "faulty";
    }
  }

  Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("wwid", inquiry.wwid());
    document.put("vendor", inquiry.vendor());
    document.put("product", inquiry.product());
    document.put("bytes", capacity.bytes());
    document.put("writeProtected", capacity.writeProtected());
    document.put("selector", options.selector().toString());
    document.put("features", features());
    document.put("alua", isAlua());
    document.put("groups", groups.stream().map(PathTree::group).toList());
    return document;
  }

  private static Map<String, Object> group(List<PathInfo> paths) {
    Map<String, Object> group = new LinkedHashMap<>();
    group.put("priority", priority(paths.get(0)));
    group.put("status", status(paths));
    group.put("paths", paths.stream().map(PathTree::path).toList());
    return group;
  }

  private static Map<String, Object> path(PathInfo path) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("portal", path.portal().toString());
    object.put("target", path.target());
    object.put("isid", path.isid() == null ? null : path.isid().toString());
    object.put("state", path.state().toString());
    object.put("checker", checker(path));
    object.put("access", path.access().toString());
    object.put("inUse", path.inUse());
    object.put("writable", path.writable());
    object.put("inFlight", path.inFlight());
    object.put("errors", path.errors());
    object.put("since", path.since().toString());
    object.put("reason", path.reason());
    return object;
  }
}
