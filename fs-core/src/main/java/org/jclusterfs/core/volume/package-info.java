/**
 * A volume as a whole: formatting it ({@link org.jclusterfs.core.volume.VolumeFormatter}), finding
 * its superblock ({@link org.jclusterfs.core.volume.Superblocks}) and its journals ({@link
 * org.jclusterfs.core.volume.JournalArea}).
 *
 * <p>Imports only the device and format packages and the journal module.
 */
package org.jclusterfs.core.volume;
