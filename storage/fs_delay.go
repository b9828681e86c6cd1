package storage

import "time"

// SyncDelay makes every Sync, SyncData and SyncTo of fs take d longer: a disk of 1 to
// 5 ms where the one at hand takes 0.05. For benchmarks.
func SyncDelay(fs FS, d time.Duration) FS {
	return &hookFS{FS: fs, before: func(op FSOp, _ string) error {
		if op == OpSync {
			time.Sleep(d)
		}
		return nil
	}}
}
