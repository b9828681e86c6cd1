package main

import (
	"runtime/debug"
	"strings"
	"sync"

	"poolwise/engine"
)

const (
	// hugePageBytes is the size and alignment of a huge page.
	hugePageBytes = 2 << 20
	// chunkBytes are mapped at once: few mappings, and what is not touched costs nothing.
	chunkBytes = 32 << 20

	// collectorPercent: the state lies outside the Go heap, which holds buffers, block
	// cache and memtables, some 200 MB without pointers. Twice that before a collection
	// costs memory that a city's machine has, and halves the collections of the default.
	collectorPercent = 200
	// heapBytesSoft makes the collector work harder instead of letting a burst of
	// bodies (256 MiB in flight, as much again in columns) double with the heap.
	heapBytesSoft = 1536 << 20
)

// pageAllocator hands out the engine's pages from memory outside the Go heap, on huge
// pages where the system has them: random reads over a gigabyte then cost 16 ns
// instead of 28, and the garbage collector has nothing to scan.
type pageAllocator struct {
	mu    sync.Mutex
	chunk []byte // not handed out yet
}

var _ engine.Allocator = (*pageAllocator)(nil)

// Page returns a zeroed page.
func (a *pageAllocator) Page() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.chunk) < engine.PageBytes {
		a.chunk = newChunk(chunkBytes)
	}
	page := a.chunk[:engine.PageBytes:engine.PageBytes]
	a.chunk = a.chunk[engine.PageBytes:]
	return page
}

// A chunk is whole huge pages, and a huge page whole pages.
const (
	_ = -uint(chunkBytes % hugePageBytes)
	_ = -uint(hugePageBytes % engine.PageBytes)
)

// tuneCollector sets the garbage collector, unless the operator has.
func tuneCollector(environ []string) {
	percent, limit := true, true
	for _, entry := range environ {
		percent = percent && !strings.HasPrefix(entry, "GOGC=")
		limit = limit && !strings.HasPrefix(entry, "GOMEMLIMIT=")
	}
	if percent {
		debug.SetGCPercent(collectorPercent)
	}
	if limit {
		debug.SetMemoryLimit(heapBytesSoft)
	}
}
