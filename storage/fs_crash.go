package storage

import (
	"io"
	"math/rand/v2"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// CrashFS is a file system in memory that can lose its power. For tests.
type CrashFS struct {
	*vfs.MemFS
	// Link, ReuseForWrite and Lock of Pebble's MemFS (2.1.7) take a read lock twice and
	// so lock up with a clone that asks for the write lock in between. This one keeps
	// clones out while one of the three is under way.
	clone sync.RWMutex
}

// NewCrashFS is an empty one.
func NewCrashFS() *CrashFS { return &CrashFS{MemFS: vfs.NewCrashableMem()} }

// CrashClone is what a disk could hold after a power cut now: all that was synced, and of
// the rest the given percentage of 4 KiB blocks and directory entries, drawn from seed.
// The file system itself goes on.
func (c *CrashFS) CrashClone(unsyncedPercent int, seed uint64) *CrashFS {
	c.clone.Lock()
	defer c.clone.Unlock()
	return &CrashFS{MemFS: c.MemFS.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: unsyncedPercent,
		RNG:                 rand.New(rand.NewPCG(seed, 1)),
	})}
}

func (c *CrashFS) Unwrap() vfs.FS { return c.MemFS }

func (c *CrashFS) Link(from, to string) error {
	c.clone.RLock()
	defer c.clone.RUnlock()
	return c.MemFS.Link(from, to)
}

func (c *CrashFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	c.clone.RLock()
	defer c.clone.RUnlock()
	return c.MemFS.ReuseForWrite(from, to, category)
}

func (c *CrashFS) Lock(name string) (io.Closer, error) {
	c.clone.RLock()
	defer c.clone.RUnlock()
	return c.MemFS.Lock(name)
}
