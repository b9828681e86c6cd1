package engine

import "testing"

// TestHistoryStep ensures that a long chain is read in cuts, and read again when its human changed
// while the writer was let in.
func TestHistoryStep(t *testing.T) {
	e := New(DefaultConfig(), goPages{})
	b := &Batch{}
	var out Changes
	for i := range historyCut + 10 {
		b.Reset()
		b.Received, b.Contexts = 700000000, append(b.Contexts, Context{})
		code := b.Put([]byte{'T', '0' + byte(i/26), 'A' + byte(i%26)})
		b.Tubes, b.TubeHash = append(b.Tubes, code), append(b.TubeHash, HashTube(b.Text(code)))
		b.Add(KindScan, ItemLate, 0, ResidentRef(99010119900000000), Seconds(700000000+i), 0, 0, Span{})
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
	}
	h := history{e: e, who: 1}
	if !h.read(HistoryCut{}, false) || len(h.keys) != historyCut+10 {
		t.Fatalf("got %d entries; want %d", len(h.keys), historyCut+10)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	h.words[0] += wordVersion
	for keep, want := range map[bool]bool{false: false, true: true} {
		if h.steps = historyCut - 1; h.step(keep) != want || h.steps != historyCut {
			t.Errorf("at the end of a cut, keeping the lock %v: got %v; want %v", keep, !want, want)
		}
	}
	if !h.step(false) {
		t.Error("let the writer in within a cut")
	}
}
