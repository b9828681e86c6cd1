package engine_test

import (
	"slices"
	"testing"

	"poolwise/engine"
)

// TestTubesByState ensures that a list of tubes in a state finds each tube that is in it, also
// one whose state its header does not tell alone: rejected, lost, void, with results or without.
func TestTubesByState(t *testing.T) {
	d := newDesk()
	d.apply(scriptOf(t, `
		scan N1 ada 08:00
		result N1 negative tested 09:00 reported 09:30
		scan N2 ben 08:00
		reject N2 by L1 10:00
		result N2 negative tested 09:00 reported 11:00
		scan N3 cyd 08:00
		reject N3 by L1 10:00
		result N3 negative tested 11:00 reported 12:00
		scan N4 dan 08:00
		lost N4 by L1 10:00
		result N4 negative tested 11:00 reported 12:00
		scan M1 eva 08:00
		reject M1 by L1 10:00
		scan M2 fay 08:00
		lost M2 by L1 10:00
		scan M3 gus 08:00
		lost M3 by L1 10:00
		receive M3 by L1 11:00
		scan M4 hal 08:00
		receive M4 by L1 09:00
		lost M4 by L1 10:00
		scan V1 ida 08:00
		void V1 09:00 because broken
		scan V2 jon 08:00
		result V2 negative tested 09:00 reported 09:30
		void V2 10:00 because broken
		scan V3 kim 08:00
		result V3 positive tested 09:00 reported 09:30
		void V3 10:00 because broken
		scan P1 leo 08:00
		result P1 positive tested 09:00 reported 09:30
		scan P2 may 08:00
		result P2 positive tested 09:00 reported 09:30
		scan P3 may 10:00 single
		result P3 negative tested 11:00 reported 11:30
		scan R1 ned 08:00
		receive R1 by L1 09:00
		close C1 09:00
		scan O1 oda 08:00
		scan N5 pia 08:00
		reject N5 by L1 10:00
		result N5 negative tested 11:00 reported 12:00
		scan N6 pia 13:00
		result N6 negative tested 14:00 reported 15:00
		scan N7 quy 08:00
		reject N7 by L1 10:00
		result N7 negative tested 09:00 reported 11:00
		scan N8 quy 13:00
		result N8 negative tested 14:00 reported 15:00`), d.find, never)
	want := map[engine.Resolution][]string{}
	for i := engine.TubeIndex(1); uint64(i) <= d.Counts().Tubes; i++ {
		var v engine.TubeView
		d.Tube(i, &v)
		want[v.Resolution] = append(want[v.Resolution], v.Code)
	}
	if len(want) != 8 {
		t.Errorf("got tubes in %d states; want every one of the 8 that there are: %v", len(want), want)
	}
	for state := engine.TubeOpen; state <= engine.TubeLost; state++ {
		if got, _ := d.tubesThat(engine.TubeFilter{States: 1 << state}, 3); !slices.Equal(got, want[state]) {
			t.Errorf("state %d: got %s; want %s", state, got, want[state])
		}
	}
}
