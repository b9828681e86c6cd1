package ingest

import (
	"math/bits"
	"sync/atomic"
)

const (
	histogramBuckets = 28
	// durationShift makes the first bucket of a duration 1,024 ns; the last is 69 s.
	durationShift = 10
)

// Histogram counts values in powers of two. Observing is two atomic additions and
// never allocates; it is always on.
type Histogram struct {
	shift  uint
	sum    atomic.Uint64
	counts [histogramBuckets]atomic.Uint64
}

// NewDurations is a histogram of nanoseconds.
func NewDurations() *Histogram { return &Histogram{shift: durationShift} }

// NewSizes is a histogram of counts.
func NewSizes() *Histogram { return &Histogram{} }

// Observe counts one value.
func (h *Histogram) Observe(v int64) {
	u := uint64(max(v, 0))
	i := 0
	if u > 0 {
		i = bits.Len64((u - 1) >> h.shift)
	}
	h.counts[min(i, histogramBuckets-1)].Add(1)
	h.sum.Add(u)
}

// Each calls do with every bucket's upper bound and the count of values up to it,
// and returns the total and the sum.
func (h *Histogram) Each(do func(bound, cumulative uint64)) (total, sum uint64) {
	for i := range h.counts {
		total += h.counts[i].Load()
		if i < histogramBuckets-1 {
			do(1<<(h.shift+uint(i)), total)
		}
	}
	return total, h.sum.Load()
}

// Stats are the pipeline's timers and counters. All may be read at any time.
type Stats struct {
	Decode *Histogram // ns a request: parse and encode for the journal
	Wait   *Histogram // ns a request: decoded until its group is journalled
	Sync   *Histogram // ns a group: append and sync
	Fetch  *Histogram // ns a group, beside the sync: cold pages fetched; none while nothing is cold
	Apply  *Histogram // ns a group: rules and feed
	Answer *Histogram // ns a request: applied until its answer is written

	GroupItems    *Histogram // items a group
	GroupRequests *Histogram // requests a sync
	GroupBytes    *Histogram // journal bytes a group

	WriterBusyNanos atomic.Uint64 // share of the writer = rate of this
	Items           atomic.Uint64
	Overloaded      atomic.Uint64
	Snapshots       atomic.Uint64
	SnapshotErrors  atomic.Uint64
	SnapshotNanos   atomic.Uint64
}

func newStats() *Stats {
	return &Stats{
		Decode: NewDurations(), Wait: NewDurations(), Sync: NewDurations(), Fetch: NewDurations(), Apply: NewDurations(), Answer: NewDurations(),
		GroupItems: NewSizes(), GroupRequests: NewSizes(), GroupBytes: NewSizes(),
	}
}
