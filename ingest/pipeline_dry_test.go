package ingest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"poolwise/engine"
)

func (b *pipelineBench) dryRun(body []byte) (*Request, error) {
	r := AcquireRequest()
	r.Body = append(r.Body[:0], body...)
	return r, b.pipeline.DryRun(r, FormatNDJSON, Options{Endpoint: Scans, Now: pipelineNow, People: b.engine, Roles: engine.RoleAll})
}

// noProfiles fails when anything comes to it.
type noProfiles struct{ t *testing.T }

func (p noProfiles) Seal(dst []byte, _ string, _ []byte) ([]byte, error) {
	p.t.Error("a dry run sealed a profile")
	return dst, nil
}
func (p noProfiles) Take(engine.Position, *engine.Batch) { p.t.Error("a dry run left a profile") }

func TestDryRunAnswersAndLeavesNothing(t *testing.T) {
	// Ensures that a dry run answers what the batch is answered afterwards, of tubes that
	// the batch itself fills too, and that journal, feed, people and counters know nothing of it.
	b := newBench()
	b.start(t, b.config())
	b.mustDo(t, scans(0, 95))
	hash, feed, stats := b.engine.StateHash(), b.feed.changes, b.pipeline.Stats()
	items := stats.Items.Load()
	body := append(scans(90, 30), strings.ReplaceAll(string(scans(200, 12)), "T00002", "T00001")...)
	trial, err := b.dryRun(body)
	if err != nil || trial.Position != 1 {
		t.Fatalf("got position %d, %v; want 1", trial.Position, err)
	}
	if b.engine.StateHash() != hash || b.feed.changes != feed || len(b.journal.records) != 1 || stats.Items.Load() != items || b.engine.Counts().People != 95 {
		t.Error("a dry run left a trace")
	}
	real := b.mustDo(t, body)
	a, z := &trial.Decoded.Batch, &real.Decoded.Batch
	if !slices.Equal(a.Outcome, z.Outcome) || !slices.Equal(a.Flags, z.Flags) || !slices.Equal(a.Detail, z.Detail) {
		t.Errorf("got %v; want %v", a.Outcome, z.Outcome)
	}
	if !slices.Contains(a.Outcome, engine.Duplicate) || !slices.Contains(a.Outcome, engine.RefusedTubeFull) {
		t.Errorf("got %v; want duplicates, and tubes that the batch itself fills", a.Outcome)
	}
}

func TestDryRunLeavesNoProfile(t *testing.T) {
	// Ensures that names in a dry run are neither sealed nor kept.
	b := newBench()
	cfg := b.config()
	cfg.Profiles = noProfiles{t}
	b.start(t, cfg)
	r := AcquireRequest()
	r.Body = append(r.Body[:0], `{"person":"passport:USA:560018300","name":"测试甲","phone":"13900000001"}`...)
	err := b.pipeline.DryRun(r, FormatNDJSON, Options{Endpoint: Roster, Now: pipelineNow, People: b.engine, Roles: engine.RoleAll})
	if err != nil || r.Decoded.Batch.Len() != 1 || r.Decoded.Batch.Outcome[0] != engine.Accepted {
		t.Errorf("got %v, %v", r.Decoded.Batch.Outcome, err)
	}
}

// oddMachine does dry runs in its own way.
type oddMachine struct {
	*engine.Engine
	try func(b *engine.Batch) bool
}

func (m oddMachine) DryRun(b *engine.Batch) bool { return m.try(b) }

func TestDryRunsAreBounded(t *testing.T) {
	// Ensures that only so many dry runs wait, one at a time is done, further ones are
	// refused at once, and all that were taken in are answered.
	b := newBench()
	entered, hold := make(chan struct{}), make(chan struct{})
	cfg := b.config()
	cfg.Machine = oddMachine{b.engine, func(batch *engine.Batch) bool {
		entered <- struct{}{}
		<-hold
		return b.engine.DryRun(batch)
	}}
	b.start(t, cfg)
	const sent = dryRunsMax + 5
	results := make(chan error, sent)
	for i := range sent {
		go func() {
			_, err := b.dryRun(scans(i*10, 10))
			results <- err
		}()
		if i == 0 {
			<-entered
		}
	}
	for range sent - dryRunsMax {
		if err := <-results; !errors.Is(err, ErrOverloaded) {
			t.Fatalf("got %v; want ErrOverloaded", err)
		}
	}
	if got := b.pipeline.Stats().Overloaded.Load(); got != sent-dryRunsMax {
		t.Errorf("got %d counted as overloaded; want %d", got, sent-dryRunsMax)
	}
	close(hold)
	for range dryRunsMax - 1 {
		<-entered
	}
	for range dryRunsMax {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestDryRunThatCannotBeAnswered(t *testing.T) {
	// Ensures that a dry run that touches too much, or on which the rules panic, is told
	// so, that the next one and the next batch are carried out, and that a closed pipeline
	// does none.
	b := newBench()
	bad := true
	var fits bool
	cfg := b.config()
	cfg.Machine = oddMachine{b.engine, func(batch *engine.Batch) bool {
		if !bad {
			return b.engine.DryRun(batch)
		}
		if fits {
			panic("a person's number")
		}
		return false
	}}
	b.start(t, cfg)
	if _, err := b.dryRun(scans(0, 10)); !errors.Is(err, errDryRunTooLarge) {
		t.Errorf("got %v; want one too large", err)
	}
	fits = true
	if _, err := b.dryRun(scans(0, 10)); !errors.Is(err, ErrDryRunPanicked) || strings.Contains(err.Error(), "number") {
		t.Errorf("got %v; want a place without content", err)
	}
	bad = false
	if _, err := b.dryRun(scans(0, 10)); err != nil {
		t.Error(err)
	}
	b.mustDo(t, scans(0, 10))
	if err := b.pipeline.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.dryRun(scans(0, 10)); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v; want ErrStopped", err)
	}
}

func TestDryRunsBesideBatches(t *testing.T) {
	// Ensures that dry runs from many goroutines, beside batches and snapshots, change
	// nothing: the journal replays to the same state.
	b := newBench()
	cfg := b.config()
	cfg.SnapshotTests = 200
	b.start(t, cfg)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 20 {
				r, err := b.dryRun(scans((g*20+i)*20, 40))
				if err != nil && !errors.Is(err, ErrOverloaded) {
					t.Error(err)
				}
				ReleaseRequest(r)
				if r, err = b.do(scans((g*20+i)*20, 20)); err != nil {
					t.Error(err)
				}
				ReleaseRequest(r)
			}
		})
	}
	all.Wait()
	if got := b.engine.Counts().People; got != 1600 || b.feed.changes != 1600 {
		t.Fatalf("got %d people and %d changes; want 1600", got, b.feed.changes)
	}
	again := newBench()
	again.journal = b.journal
	again.start(t, again.config())
	if got, want := again.engine.StateHash(), b.engine.StateHash(); got != want {
		t.Fatalf("replay: got state hash %x; want %x", got, want)
	}
}
