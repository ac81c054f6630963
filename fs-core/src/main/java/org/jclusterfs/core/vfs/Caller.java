package org.jclusterfs.core.vfs;

/**
 * On whose behalf something is created.
 *
 * @param uid effective user
 * @param gid effective group
 * @param umask bits to clear unless a default ACL applies; already applied to the mode where 0
 */
public record Caller(int uid, int gid, int umask) {}
