package ingest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"poolwise/engine"
)

// Ensures that a batch that would not fit a record of the journal is refused as a whole, and
// nothing of it is written, though its body and its items are within their limits.
func TestBatchTooLargeForTheJournal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a body of 100 MiB")
	}
	b := newBench()
	b.start(t, b.config())
	var body strings.Builder
	long := strings.Repeat("x", MaxTextBytes-8)
	for i := range MaxItems {
		fmt.Fprintf(&body, `{"tube":"T%06d","verdict":"negative","lab":"L1","tested_at":"2022-04-04T08:00:00+08:00","run":"r%07d%s","plate":"p%07d%s","well":"w%07d%s"}`+"\n", i, i, long, i, long, i, long)
	}
	r := AcquireRequest()
	r.Body = append(r.Body[:0], body.String()...)
	err := b.pipeline.Do(r, FormatNDJSON, Options{Endpoint: Results, Now: pipelineNow, People: b.engine, Roles: engine.RoleAll})
	if len(r.journal) <= JournalRequestBytesMax || !errors.Is(err, ErrBatchTooLarge) || b.journal.Last() != 0 || b.engine.Applied() != 0 {
		t.Errorf("got %d bytes for the journal, %v, position %d; want a refusal past %d", len(r.journal), err, b.journal.Last(), JournalRequestBytesMax)
	}
	ReleaseRequest(r)
	b.mustDo(t, scans(0, 10))
	if b.journal.Last() != 1 {
		t.Errorf("a good batch afterwards: got position %d", b.journal.Last())
	}
}

// Ensures that memory of requests larger than ordinary ones is not kept for the next.
func TestLargeRequestsAreNotKept(t *testing.T) {
	for _, c := range []struct {
		what string
		grow func(*Request)
		kept bool
	}{
		{"an ordinary body", func(r *Request) { r.Body = make([]byte, 0, retainedBytesMax) }, true},
		{"a large body", func(r *Request) { r.Body = make([]byte, 0, retainedBytesMax+1) }, false},
		{"a large record", func(r *Request) { r.journal = make([]byte, 0, retainedBytesMax+1) }, false},
		{"large lines of a table", func(r *Request) { r.lines = make([]byte, 0, retainedBytesMax+1) }, false},
		{"many items", func(r *Request) { r.Decoded.Batch.Kind = make([]engine.Kind, 0, retainedItemsMax+1) }, false},
	} {
		r := AcquireRequest()
		r.Body, r.journal, r.lines, r.Decoded.Batch.Kind = nil, nil, nil, nil
		c.grow(r)
		r.Body = append(r.Body, 'x')
		ReleaseRequest(r)
		// One that is kept has been emptied; one that is not has been left as it was.
		if kept := len(r.Body) == 0; kept != c.kept {
			t.Errorf("%s: kept %v; want %v", c.what, kept, c.kept)
		}
	}
}
