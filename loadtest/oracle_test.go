package loadtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parseStory reads events in the words of the street, who is a person's number or, with
// an n before it, the same person without a document:
//
//	scan P1 0 800 [single] [recheck] [of T1]    unscan P1 0 801    open P1 799 single [recheck] [retained]
//	result P1 positive 900 [tested 850] [lab 2] [corrected]    move P1 Q1 0 810    void P1 820    receive P1 830
//	merge n0 900    discharge 0 950    ack 0 960    excuse 0 970
//
// Laboratory 2 is of disease control.
func parseStory(t *testing.T, story string) (events []Event) {
	t.Helper()
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("cannot read %q: %v", story, err)
		}
		return n
	}
	tube := func(s string) TubeCode { return TubeCode{s[0], uint32(number(s[1:]))} }
	for line := range strings.SplitSeq(story, ";") {
		f := strings.Fields(line)
		word, f := f[0], f[1:]
		kind := slices.Index(storyKinds, word)
		if kind < 0 {
			t.Fatalf("cannot read %q: unknown word %s", story, word)
		}
		ev := Event{Kind: EventKind(kind)}
		if strings.Contains("scan unscan open result move void receive reject lost", word) {
			ev.Tube, f = tube(f[0]), f[1:]
		}
		if word == "move" {
			ev.Other, f = tube(f[0]), f[1:]
		}
		if strings.Contains("scan unscan move excuse ack unreachable discharge merge unmerge", word) {
			who, noted := strings.CutPrefix(f[0], "n")
			ev.Person, ev.Noted, f = uint32(number(who)), noted, f[1:]
		}
		if word == "result" {
			ev.Verdict, f = Verdict(slices.Index(verdictNames[:], f[0])), f[1:]
		}
		ev.At, f = seconds(number(f[0])), f[1:]
		ev.Tested, ev.Reported = ev.At, ev.At
		for len(f) > 0 {
			switch w := f[0]; w {
			case "tested":
				ev.Tested, f = seconds(number(f[1])), f[1:]
			case "lab":
				ev.Lab, f = uint8(number(f[1])), f[1:]
			case "of":
				ev.Other, f = tube(f[1]), f[1:]
			case "retained":
				ev.Retained = true
			case "recheck":
				ev.Purpose = Recheck
			case "day":
				ev.Round = dayRound
			case "stray":
				ev.Round = strayRound
			case "single", "pool", "household":
				ev.Mode = Mode(slices.Index(modeNames[:], w))
			default:
				ev.Stage = Stage(slices.Index(stageNames[:], w)) + Preliminary
			}
			f = f[1:]
		}
		events = append(events, ev)
	}
	return events
}

// storyKinds are the words of the stories, by EventKind.
var storyKinds = []string{"scan", "unscan", "open", "close", "result", "move", "void", "receive", "reject", "lost", "excuse", "ack", "unreachable",
	"discharge", "merge", "unmerge"}

// storyCity is a village of twenty with two laboratories, whose policy is the default's.
func storyCity(t *testing.T, stationOnly bool) *City {
	c, err := NewCity(Plan{People: 20, Labs: 2, Day: testDay, Calm: true, StationOnly: stationOnly})
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.rounds {
		c.rounds[i].versions = []policy{defaultPolicy}
	}
	return c
}

// fold judges a story and describes person 0.
func fold(c *City, events []Event) string {
	o := newOracle(c)
	o.begin(0, 20)
	for i := range events {
		o.add(&events[i])
	}
	o.judge()
	var e expectation
	o.expect(0, &e)
	s := stateNames[e.state]
	if e.since != never {
		s += fmt.Sprint(" since ", e.since)
	}
	if e.hasNegative {
		s += fmt.Sprintf(" negative %c%d %s", e.negative.tube.Series, e.negative.tube.Number, modeNames[e.negative.mode])
	}
	if e.pending.Series != 0 {
		s += fmt.Sprintf(" pending %c%d", e.pending.Series, e.pending.Number)
	}
	if len(e.causes) > 0 {
		s += fmt.Sprint(" causes ", len(e.causes))
	}
	for _, r := range []errand{e.order, e.recheck} {
		if r.due == never {
			continue
		}
		s += fmt.Sprint(" ", r.kind, " due ", r.due-recollectSLA)
		if r.state != "open" {
			s += " " + r.state
		}
	}
	if e.root != e.id {
		s += " merged"
	}
	return s
}

type story struct{ told, want string }

// tellAll judges stories in the order told and reversed.
func tellAll(t *testing.T, stationOnly bool, stories []story) {
	t.Helper()
	city := storyCity(t, stationOnly)
	for _, k := range stories {
		events := parseStory(t, k.told)
		if got := fold(city, events); got != k.want {
			t.Errorf("%s\n got %s\nwant %s", k.told, got, k.want)
		}
		slices.Reverse(events)
		if got := fold(city, events); got != k.want {
			t.Errorf("reversed: %s\n got %s\nwant %s", k.told, got, k.want)
		}
	}
}

func TestOracle(t *testing.T) {
	// Ensures the rules of status, one a line, in the order told and reversed.
	const held = "scan A1 0 800; scan A1 1 801; result A1 positive 900; "
	tellAll(t, true, []story{
		{"scan A1 1 800", "unknown"},
		{"scan A1 0 800", "sampled since 800 pending A1"},
		{"scan A1 0 800; result A1 negative 900", "negative since 900 negative A1 pool"},
		{held[:len(held)-2], "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; result A1 inconclusive 900", "held since 900 causes 1 single due 900"},
		{held + "scan B1 0 950 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{held + "scan B1 0 950; open B1 949 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{held + "scan B1 0 800 single; result B1 negative 990", "held since 900 negative B1 single causes 1 single due 900"},
		{held + "scan B1 0 700 single; result B1 negative 990", "held since 900 negative B1 single causes 1 single due 900"},
		{held + "scan B1 0 950; result B1 negative 990", "held since 900 negative B1 pool causes 1 single due 900"},
		{held + "scan B1 0 950 single; scan B1 1 951 single; result B1 negative 990", "held since 900 negative B1 single causes 1 single due 900"},
		{held + "scan B1 0 950 single; scan B1 1 951 single; unscan B1 1 952; result B1 negative 990", "negative since 990 negative B1 single"},
		{held + "scan B1 0 950 single; result B1 positive 990", "suspect since 990 causes 1 recheck due 990"},
		{held + "scan B1 0 700 single; result B1 positive 990", "suspect since 990 causes 2 single due 900 recheck due 990"},
		{held + "scan B1 0 700 single; result B1 positive 850", "suspect since 850 causes 2 single due 900 recheck due 850"},
		{held + "scan B1 0 950 single; result B1 inconclusive 990", "held since 900 causes 2 single due 900"},
		{held + "scan B1 0 950 single; result B1 inconclusive 990; scan C1 0 995 single; result C1 negative 999", "negative since 999 negative C1 single"},
		{held + "scan B1 0 950 single", "held since 900 pending B1 causes 1 single due 900 swabbed"},
		{"scan B1 0 950 single; result B1 positive 990; scan C1 0 995 single; result C1 negative 999", "suspect since 990 negative C1 single causes 1 recheck due 990"},
		{"scan A1 0 800; scan A1 0 700; result A1 positive 900; scan B1 0 750 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{"scan A1 0 700; scan A1 0 800; result A1 positive 900; scan B1 0 750 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{"scan A1 0 800; unscan A1 0 810; result A1 positive 900", "unknown"},
		{"scan A1 0 800; unscan A1 0 800; result A1 positive 900", "unknown"},
		{"scan A1 0 800; unscan A1 0 910; result A1 positive 900", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; unscan A1 0 910; result A1 negative 900", "unknown"},
		{"scan A1 0 800; unscan A1 0 810; scan B1 0 820; result B1 negative 900", "negative since 900 negative B1 pool"},
		{"scan A1 0 890; result A1 negative 900 tested 880", "sampled since 890 pending A1"},
		{"scan A1 0 890; result A1 positive 900 tested 880", "held since 900 causes 1 single due 900"},
		{"scan A1 0 700; scan B1 0 800; result B1 negative 900", "negative since 900 negative B1 pool"},
		{"scan A1 0 800; scan B1 0 700; result B1 negative 900", "sampled since 800 negative B1 pool pending A1"},
		{"scan A1 0 800; result A1 positive 900; result A1 negative 950", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; result A1 negative 900; result A1 positive 950", "held since 950 causes 1 single due 950"},
		{"scan A1 0 800; result A1 inconclusive 900; result A1 negative 950", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 negative 900; result A1 positive 850 lab 2", "held since 850 causes 1 single due 850"},
		{"scan A1 0 800 single; open A1 790 pool; result A1 positive 900", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; open A1 790 pool; open A1 795 single; result A1 positive 900", "suspect since 900 causes 1 recheck due 900"},
		{"scan A1 0 800; scan B1 0 801; result A1 positive 950; result B1 positive 900", "held since 900 causes 2 single due 900"},
	})
}

func TestOracleTakesEveryRole(t *testing.T) {
	// Ensures that an undoing after the report takes effect where the sender may do it,
	// and is a request where not.
	const late = "scan A1 0 800; unscan A1 0 910; result A1 positive 900"
	const moved = "scan A1 0 800; move A1 B1 0 910; open B1 700 single; result A1 positive 900; result B1 negative 950"
	tellAll(t, false, []story{{late, "unknown"}, {moved, "negative since 950 negative B1 single"}})
	tellAll(t, true, []story{{late, "held since 900 causes 1 single due 900"}, {moved, "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; move A1 B1 0 910; open B1 700 single; result A1 negative 900; result B1 positive 950", "suspect since 950 causes 1 recheck due 950"}})
}

func TestOracleOfTubes(t *testing.T) {
	// Ensures what befalls tubes, and what their laboratories say.
	tellAll(t, false, []story{
		{"scan A1 0 800; void A1 850", "must_resample since 850 causes 1 any due 850"},
		{"scan A1 0 800; void A1 870; void A1 850; result A1 negative 900", "must_resample since 850 causes 1 any due 850"},
		{"scan A1 0 800; void A1 850; result A1 positive 900", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; lost A1 850", "must_resample since 850 causes 1 any due 850"},
		{"scan A1 0 800; lost A1 850; result A1 negative 900", "negative since 900 negative A1 pool"},
		{"scan A1 0 800; reject A1 850; result A1 negative 900 tested 840", "must_resample since 850 causes 1 any due 850"},
		{"scan A1 0 800; reject A1 850; result A1 negative 900 tested 860", "negative since 900 negative A1 pool"},
		{"scan A1 0 800; reject A1 850; reject A1 870; result A1 negative 900 tested 860", "must_resample since 850 causes 1 any due 850"},
		{"scan A1 0 800; reject A1 850; result A1 negative 890 tested 840; result A1 negative 900 tested 860 lab 1", "negative since 900 negative A1 pool"},
		{"scan A1 0 800; result A1 invalid 900", "must_resample since 900 causes 1 any due 900"},
		{"scan A1 0 800; result A1 invalid 900; result A1 negative 950", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 invalid 900; result A1 negative 950 lab 1", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 invalid 900; scan B1 0 950; result B1 negative 990", "negative since 990 negative B1 pool"},
		{"scan A1 0 800; result A1 invalid 900; scan B1 0 950", "must_resample since 900 pending B1 causes 1 any due 900 swabbed"},
		{"scan A1 0 800; result A1 negative 900 preliminary", "sampled since 800 pending A1"},
		{"scan A1 0 800; result A1 positive 900 preliminary; result A1 negative 950", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; result A1 positive 900 preliminary; result A1 negative 950 corrected", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 inconclusive 900 preliminary; result A1 negative 950", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 positive 900; result A1 negative 950 corrected", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 positive 900; result A1 negative 950 corrected; result A1 positive 970", "held since 970 causes 1 single due 970"},
		{"scan A1 0 800; result A1 negative 900; result A1 positive 950 corrected; result A1 negative 970", "held since 950 causes 1 single due 950"},
		{"scan A1 0 800; result A1 positive 900; result A1 positive 950 withdrawn", "sampled since 800 pending A1"},
		{"scan A1 0 800; result A1 positive 900; result A1 positive 900 withdrawn", "sampled since 800 pending A1"},
		{"scan A1 0 800; result A1 positive 900; result A1 positive 950 withdrawn lab 1", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; result A1 positive 900; result A1 positive 950 withdrawn; result A1 negative 990", "negative since 990 negative A1 pool"},
		{"scan A1 0 890; result A1 negative 900 tested 880; result A1 negative 990 tested 895 lab 1", "negative since 990 negative A1 pool"},
		{"scan A1 0 800; move A1 B1 0 850; scan B1 1 700; result B1 positive 900; result A1 negative 890", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; move A1 B1 0 850; move B1 A1 0 860; scan B1 1 700; result B1 positive 900; result A1 negative 890", "negative since 890 negative A1 pool"},
		{"scan A1 0 800; move A1 B1 0 850; scan B1 1 810; result B1 negative 900 tested 805", "negative since 900 negative B1 pool"},
		{"scan A1 0 800; unscan A1 0 850; move A1 B1 0 850; scan B1 1 700; result B1 positive 900", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800 household; scan A1 1 801 household; result A1 negative 900", "negative since 900 negative A1 household"},
		{"scan A1 0 800 household; scan A1 1 801; result A1 negative 900", "negative since 900 negative A1 pool"},
	})
}

func TestOracleOfPeople(t *testing.T) {
	// Ensures how suspects are released or confirmed, and confirmed discharged; what a
	// kept specimen says; and who is one human.
	const suspect = "scan B1 0 950 single; result B1 positive 990; "
	const confirmed = suspect + "scan C1 0 995 single; result C1 positive 1000 lab 2; "
	const kept = "open A1 700 pool retained; scan A1 0 800; scan A1 1 801; result A1 positive 900; "
	tellAll(t, false, []story{
		{suspect + "scan C1 0 995 single recheck; result C1 negative 999 lab 2", "negative since 999 negative C1 single"},
		{suspect + "scan C1 0 995 single recheck; result C1 negative 999", "suspect since 990 negative C1 single causes 1 recheck due 990"},
		{suspect + "scan C1 0 995 single; result C1 negative 999 lab 2", "suspect since 990 negative C1 single causes 1 recheck due 990"},
		{suspect + "scan C1 0 995 single recheck; scan C1 1 996 single recheck; result C1 negative 999 lab 2", "suspect since 990 negative C1 single causes 1 recheck due 990"},
		{suspect + "scan C1 0 940 single recheck; result C1 negative 999 lab 2", "suspect since 990 negative C1 single causes 1 recheck due 990"},
		{suspect + "scan C1 0 995 single recheck", "suspect since 990 pending C1 causes 1 recheck due 990 swabbed"},
		{suspect + "result B1 negative 999 lab 2", "suspect since 990 causes 1 recheck due 990"},
		{suspect + "result B1 positive 999 lab 2", "confirmed since 999 causes 1"},
		{confirmed + "result C1 negative 1005", "confirmed since 1000 causes 1"},
		{confirmed + "discharge 0 1100", "unknown"},
		{confirmed + "discharge 0 999", "confirmed since 1000 causes 1"},
		{confirmed + "scan D1 0 1050; result D1 negative 1090; discharge 0 1080", "negative since 1090 negative D1 pool"},
		{confirmed + "scan D1 0 1050; result D1 negative 1070; discharge 0 1080", "unknown"},
		{confirmed + "scan D1 0 1050; result D1 negative 1090; discharge 0 1080; discharge 0 1100", "negative since 1090 negative D1 pool"},
		{suspect + "discharge 0 1100", "suspect since 990 causes 1 recheck due 990"},
		{kept + "ack 0 950", "held since 900 causes 1"},
		{kept + "scan I1 0 800 of A1; result I1 negative 950", "negative since 950 negative I1 single"},
		{kept + "scan I1 0 800 of A1; result I1 positive 950", "suspect since 950 causes 1 recheck due 950"},
		{kept + "scan I1 0 800 of A1; result I1 invalid 950", "held since 900 causes 2 single due 900"},
		{kept + "scan I1 0 800 of A1; lost I1 890", "held since 900 causes 2 single due 890"},
		{"scan A1 0 800; result A1 positive 900; scan I1 0 800 of A1; result I1 negative 950", "held since 900 negative I1 single causes 1 single due 900"},
		{"scan A1 0 800; result A1 positive 900; ack 0 950", "held since 900 causes 1 single due 900 acknowledged"},
		{"scan A1 0 800; result A1 positive 900; ack 0 950; unreachable 0 950", "held since 900 causes 1 single due 900 unreachable"},
		{"scan A1 0 800; result A1 positive 900; ack 0 850", "held since 900 causes 1 single due 900"},
		{"scan A1 0 800; result A1 positive 900; ack 0 950; scan B1 0 960 single", "held since 900 pending B1 causes 1 single due 900 swabbed"},
		{"scan A1 0 800; result A1 positive 900; ack 0 950; scan B1 0 960", "held since 900 pending B1 causes 1 single due 900 acknowledged"},
		{"scan A1 n0 800; result A1 positive 900", "unknown"},
		{"scan A1 n0 800; result A1 positive 900; merge n0 950", "held since 900 causes 1 single due 900"},
		{"scan A1 n0 800; result A1 positive 900; merge n0 950; unmerge n0 950", "unknown"},
		{"scan A1 n0 800; result A1 positive 900; merge n0 960; unmerge n0 950", "held since 900 causes 1 single due 900"},
		{"scan A1 n0 800; result A1 positive 900; merge n0 950; scan B1 0 960 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{"scan A1 n0 800; result A1 positive 900; merge 0 950; ack n0 960", "held since 900 causes 1 single due 900 acknowledged merged"},
		{"scan A1 n0 800; result A1 positive 900; merge 0 950; merge n0 960", "held since 900 causes 1 single due 900"},
		{"scan A1 n0 800 single; scan A1 0 801 single; merge n0 900; result A1 negative 950", "negative since 950 negative A1 single"},
	})
}

func TestOraclePolicy(t *testing.T) {
	// Ensures that a test belongs to a round, that its policy judges it, and that all
	// of a pool wait for the last where policy says so.
	const held = "scan A1 0 50000; scan A1 1 50001; result A1 positive 60000; "
	for _, k := range []struct {
		told string
		hour seconds // of the order's due, after the report; 0: no order
	}{
		{"scan A1 0 50000; result A1 positive 60000", 3},                      // noon round
		{"scan A1 0 40000; result A1 positive 60000", 5},                      // the day's
		{"scan A1 0 50000 day; result A1 positive 60000", 5},                  // named
		{"scan A1 0 50401 day; result A1 positive 60000", 4},                  // shorter since 14:00
		{"scan A1 0 50000 stray; result A1 positive 60000", 6},                // never put
		{"scan A1 0 50000; scan A1 1 50001 day; result A1 positive 60000", 5}, // another scan of the tube names it
		{"scan A1 0 50401; open A1 50000 pool day; result A1 positive 60000", 5},
		{"scan A1 0 -5000; result A1 positive 60000", 6},
		{held + "scan B1 0 61000 single; result B1 negative 62000", 3},
		{held + "scan B1 0 61000 single; result B1 negative 62000; scan C1 1 61000 single; result C1 negative 62000", 0},
	} {
		c, err := NewCity(Plan{People: 20, Labs: 2, Day: testDay, Calm: true})
		if err != nil {
			t.Fatal(err)
		}
		o := newOracle(c)
		o.begin(0, 20)
		for _, ev := range parseStory(t, k.told) {
			o.add(&ev)
		}
		o.judge()
		var e expectation
		o.expect(0, &e)
		if e.order.due == never && k.hour != 0 || e.order.due != never && e.order.due-e.since != k.hour*3600 {
			t.Errorf("%s: got state %s, due %d; want %d hours", k.told, stateNames[e.state], e.order.due, k.hour)
		}
	}
}

func TestOracleCoverage(t *testing.T) {
	// Ensures that everybody rostered is sampled, excused or missing, once, in their area.
	c := storyCity(t, false)
	o := newOracle(c)
	o.begin(0, 20)
	for _, ev := range parseStory(t, "scan A1 0 800 day; scan B1 1 801 day; void B1 900; scan C1 n2 802 day; merge n2 900; excuse 3 900 day; excuse 0 900 day; "+
		"receive A1 850; result A1 positive 950; scan D1 n4 805 day") {
		o.add(&ev)
	}
	o.judge()
	v := coverage{}
	o.cover(v, &expectation{})
	want := counts{countExpected: 21, countSampled: 3, countExcused: 1, countMissing: 17, countUnrostered: 1, countReceived: 1, countResulted: 1, countHeld: 1}
	if got := v.totals().of(place{dayRound, 0}); *got != want {
		t.Errorf("got %s; want %s", got, &want)
	}
	if got := v.totals().of(place{dayRound, community(0)}); got[countExpected] != 20 {
		t.Errorf("the community: got %s; want 20 expected", got)
	}
}
