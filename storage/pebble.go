package storage

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pebbleFormat is Pebble's own format, 24: it tells a damaged log from its end, checks
// table footers, and ingests over virtual tables. The default would be 13.
const pebbleFormat = pebble.FormatValueSeparation

// pebbleOptions for two cores, large values in ascending order, and Go memory only.
func (s *Store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          s.fs,
		FormatMajorVersion:          pebbleFormat,
		Cache:                       pebble.NewCache(cacheBytes),
		MemTableSize:                s.o.memTable,
		MemTableStopWritesThreshold: memTablesMax,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       32,
		LBaseMaxBytes:               64 << 20,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		BytesPerSync:                bytesPerSync,
		WALBytesPerSync:             walBytesPerSync,
		MaxOpenFiles:                4096,
		// A dropped snapshot gives its space back soon, also when little is written.
		FlushDelayDeleteRange: 10 * time.Second,
		Logger:                pebbleLog{s},
		EventListener:         s.events(),
	}
	// One table of a flush per kind: a compaction out of L0 with a single table moves it
	// down, with two it rewrites both.
	for i := range o.TargetFileSizes {
		o.TargetFileSizes[i] = 2 * memTableBytes
	}
	o.Levels[0].BlockSize = 32 << 10
	o.Levels[0].IndexBlockSize = 256 << 10
	// Sealed values do not compress.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	o.Experimental.SpanPolicyFunc = splitKinds
	if _, inMemory := rootFS(s.fs).(*vfs.MemFS); !inMemory {
		o.WithFSDefaults() // tells of a slow disk
	}
	o.EnsureDefaults()
	return o
}

// splitKinds makes flushes and compactions end a table where the feed's or the journal's
// keys end. Both streams ascend; in one table their ranges would span each other's, every
// flush would overlap the one before it, and the journal would be rewritten level by
// level: 5.1 bytes written for one appended. Apart, its tables are moved down without
// being read: 2.1, log and flush included.
func splitKinds(start []byte) (pebble.SpanPolicy, []byte, error) {
	for _, end := range kindEnds {
		if start[0] < end[0] {
			return pebble.SpanPolicy{}, end, nil
		}
	}
	return pebble.SpanPolicy{}, nil, nil
}

var kindEnds = [][]byte{
	{prefixFeed}, {prefixFeed + 1},
	{prefixJournal}, {prefixCold}, {prefixCold + 1},
	{prefixPage}, {prefixPage + 1},
}

func (s *Store) events() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if errors.Is(err, pebble.ErrCancelledCompaction) || errors.Is(err, pebble.ErrClosed) {
				return
			}
			s.die("write in the background", err)
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			s.die("read "+info.Path, info.Details)
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			s.o.Logf("storage: writes wait for Pebble: %s", info.Reason)
		},
		DiskSlow: func(info pebble.DiskSlowInfo) {
			s.o.Logf("storage: disk is slow: %s", info)
		},
		LowDiskSpace: func(info pebble.LowDiskSpaceInfo) {
			s.o.Logf("storage: disk is nearly full: %s", info)
		},
	}
}

// pebbleLog passes on errors and drops the chatter.
type pebbleLog struct{ s *Store }

func (l pebbleLog) Infof(string, ...any) {}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.s.o.Logf("storage: "+format, args...)
}

func (l pebbleLog) Fatalf(format string, args ...any) {
	l.s.die("go on", fmt.Errorf(format, args...))
}
