package org.jclusterfs.iscsi.tool;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.session.LoginTrial;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "login",
    description = {
      "Logs in and out again, and tells how that went.",
      "Tries each target of the URL by each portal: step by step what was said, how long it took, by"
          + " which CHAP algorithm, and what was agreed on.",
      "Where that works it is done twice and the second login shown, since in the first one this"
          + " program still loads its own code. Challenges and responses of CHAP are shown by their"
          + " length only."
    },
    footer = {"", "Example: iscsi login iscsi://10.0.0.5,10.1.0.5/iqn.2026-01.com.example:disk"})
final class LoginCommand implements Callable<Integer> {

  /** One thing that happened, and when after the start. */
  private record Step(double millis, String what, List<Pair> keys) {}

  /** One login. */
  private record Trial(
      String target,
      String portal,
      boolean loggedIn,
      double millis,
      String authentication,
      Map<String, Object> agreed,
      List<Step> steps,
      String error) {}

  @ParentCommand private IscsiTool tool;

  @Parameters(
      paramLabel = "TARGET",
      description = IscsiTool.TARGET + "; several targets IQN,IQN too",
      converter = IscsiTool.Target.class)
  private IscsiUrl url;

  @Override
  public Integer call() throws Exception {
    SecureRandom random = new SecureRandom();
    List<Trial> trials = new ArrayList<>();
    for (String target : url.targets()) {
      InitiatorOptions options = tool.options(target, url.user());
      for (Portal portal : url.portals()) {
        Trial trial = attempt(options, target, portal);
        if (trial.loggedIn) {
          trial = attempt(options.withIsid(Isid.random(random)), target, portal);
        }
        trials.add(trial);
        if (!tool.isJson()) {
          print(trial);
        }
        if (trial.error != null) {
          tool.out().flush();
          tool.err().println("iscsi: " + trial.error);
        }
      }
    }
    if (tool.isJson()) {
      tool.print(trials);
    }
    return trials.stream().allMatch(Trial::loggedIn) ? 0 : 1;
  }

  private static Trial attempt(InitiatorOptions options, String target, Portal portal) {
    List<Step> steps = new ArrayList<>();
    long start = System.nanoTime();
    try {
      LoginTrial.Result result =
          LoginTrial.run(
              options,
              target,
              portal,
              (what, keys) -> {
                synchronized (steps) {
                  steps.add(new Step(since(start), what, keys));
                }
              });
      return new Trial(
          target,
          portal.toString(),
          true,
          since(start),
          result.authentication(),
          agreed(result.agreed()),
          steps,
          null);
    } catch (IscsiException e) {
      return new Trial(
          target, portal.toString(), false, since(start), null, null, steps, e.getMessage());
    }
  }

  /** Milliseconds, to the microsecond. */
  private static double since(long start) {
    return (System.nanoTime() - start) / 1000 / 1e3;
  }

  private static Map<String, Object> agreed(NegotiatedParameters agreed) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("HeaderDigest", agreed.headerDigest() ? "CRC32C" : "None");
    keys.put("DataDigest", agreed.dataDigest() ? "CRC32C" : "None");
    keys.put("InitialR2T", agreed.initialR2T() ? "Yes" : "No");
    keys.put("ImmediateData", agreed.immediateData() ? "Yes" : "No");
    keys.put("MaxRecvDataSegmentLength of the target", agreed.maxSendDataSegmentLength());
    keys.put("MaxBurstLength", agreed.maxBurstLength());
    keys.put("FirstBurstLength", agreed.firstBurstLength());
    keys.put("MaxOutstandingR2T", agreed.maxOutstandingR2T());
    keys.put("TargetPortalGroupTag", agreed.targetPortalGroupTag());
    return keys;
  }

  private void print(Trial trial) {
    tool.out().println("Target " + trial.target + " at " + trial.portal);
    for (Step step : trial.steps) {
      String keys =
          step.keys.stream()
              .map(pair -> pair.key() + "=" + pair.value())
              .collect(Collectors.joining(" "));
      tool.out()
          .println(
              String.format(Locale.ROOT, "  %9.3f ms  %s", step.millis, step.what)
                  + (keys.isEmpty() ? "" : ": " + keys));
    }
    if (trial.loggedIn) {
      tool.out().println(String.format(Locale.ROOT, "  %9.3f ms  logged in", trial.millis));
      tool.out().println("  Authentication: " + trial.authentication);
      trial.agreed.forEach((key, value) -> tool.out().println("  " + key + ": " + value));
    }
  }
}
