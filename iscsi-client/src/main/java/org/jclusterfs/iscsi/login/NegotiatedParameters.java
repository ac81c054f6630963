package org.jclusterfs.iscsi.login;

/**
 * What a login agreed on. Lengths are bytes.
 *
 * @param headerDigest CRC32C over headers
 * @param dataDigest CRC32C over data segments
 * @param initialR2T the target asks for all data beyond the immediate
 * @param immediateData data may travel with the command
 * @param maxSendDataSegmentLength the target's MaxRecvDataSegmentLength
 * @param maxBurstLength largest solicited sequence
 * @param firstBurstLength largest unsolicited amount, immediate data included
 * @param maxOutstandingR2T R2Ts of one task at a time
 * @param targetPortalGroupTag tag of the portal's group, -1 where the target did not say
 * @param tsih the target's handle of the session
 * @param cmdSn CmdSN of the first command
 * @param expStatSn first ExpStatSN
 * @param maxCmdSn first MaxCmdSN
 */
public record NegotiatedParameters(
    boolean headerDigest,
    boolean dataDigest,
    boolean initialR2T,
    boolean immediateData,
    int maxSendDataSegmentLength,
    int maxBurstLength,
    int firstBurstLength,
    int maxOutstandingR2T,
    int targetPortalGroupTag,
    int tsih,
    int cmdSn,
    int expStatSn,
    int maxCmdSn) {}
