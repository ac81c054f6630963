package org.jclusterfs.dlm;

/**
 * A granted mode and what the resource's master knows at that moment.
 *
 * @param mode the mode held from now on
 * @param value the value block, {@link LockEngine#VALUE_SIZE} bytes that the receiver may keep;
 *     null where it is invalid, was not asked for or the mode is NL
 * @param valueGeneration raised by every write and every invalidation of the value block while any
 *     lock on the resource exists
 * @param fromAnotherNode whether another node held PW or EX since this node last held such a mode,
 *     as far as the current view knows: the owner takes every change of view ({@link
 *     EngineOutput#recovered}) for another node's use of everything
 */
public record Grant(LockMode mode, byte[] value, long valueGeneration, boolean fromAnotherNode) {}
