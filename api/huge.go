package api

import (
	"runtime/debug"
	"sync"

	"poolwise/ingest"
)

// heldBody is what a request holds for its body until it is answered.
type heldBody struct {
	admitted int64 // by the pipeline
	turn     bool  // of huge bodies
	large    bool  // its memory is to be given back to the system
}

// hugeTurns are the turns for bodies that become huge. Only some of such a body is admitted
// as others are; see hugeBodyBytes.
var hugeTurns = make(chan struct{}, hugeBodies)

// takeTurn takes a turn unless the body has one. It fails when there is none. The memory of
// the one before is given back first, or there would be two.
func (h *heldBody) takeTurn() bool {
	if h.turn {
		return true
	}
	select {
	case hugeTurns <- struct{}{}:
	default:
		return false
	}
	h.turn, h.large = true, true
	freed.wait()
	return true
}

// release gives back everything.
// REQUIRES: nobody refers to the body any more.
func (h *heldBody) release(p *ingest.Pipeline) {
	p.Release(h.admitted)
	if h.large {
		freed.again()
	}
	if h.turn {
		<-hugeTurns
	}
	*h = heldBody{}
}

// freed gives memory back to the system after large bodies. Nothing else would for minutes:
// the collector waits until as much again is in use, the engine's people lie outside of its
// heap, and a server at rest takes little. So less than a megabyte sent would hold more than
// a gigabyte.
var freed memoryFreer

// memoryFreer has one goroutine at the most. One that is asked while it is at work does it
// once more, however often it was asked.
type memoryFreer struct {
	mu      sync.Mutex
	idle    sync.Cond // of mu; made by again
	working bool
	asked   bool
	times   uint64
}

func (f *memoryFreer) again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = true
	if !f.working {
		f.working, f.idle.L = true, &f.mu
		go f.work()
	}
}

func (f *memoryFreer) work() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.asked {
		f.asked = false
		f.mu.Unlock()
		debug.FreeOSMemory() // collects first
		f.mu.Lock()
		f.times++
	}
	f.working = false
	f.idle.Broadcast()
}

// wait returns when the goroutine is not at work.
func (f *memoryFreer) wait() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.working {
		f.idle.Wait()
	}
}
