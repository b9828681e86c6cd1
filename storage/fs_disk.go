package storage

import "github.com/cockroachdb/pebble/v2/vfs"

// FS is what a store stands on: the Disk, slowed by SyncDelay or not, or a CrashFS or
// FaultFS of a test. It has this name so that only this package need know Pebble's.
type FS = vfs.FS

// Disk is the real file system.
func Disk() FS { return vfs.Default }
