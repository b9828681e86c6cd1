package loadtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// parseStory reads events in the words of the street:
//
//	scan P1 0 800 [single]    unscan P1 0 801    open P1 799 single    result P1 positive 900 [tested 850] [lab 2]
func parseStory(t *testing.T, story string) (events []Event) {
	t.Helper()
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("cannot read %q: %v", story, err)
		}
		return n
	}
	for line := range strings.SplitSeq(story, ";") {
		f := strings.Fields(line)
		ev := Event{Tube: TubeCode{f[1][0], uint32(number(f[1][1:]))}}
		switch f[0] {
		case "scan", "unscan":
			ev.Person, ev.At = uint32(number(f[2])), seconds(number(f[3]))
			if f[0] == "unscan" {
				ev.Kind = Unscan
			}
			if len(f) > 4 {
				ev.Mode = Single
			}
		case "open":
			ev.Kind, ev.At, ev.Mode = TubeOpen, seconds(number(f[2])), map[string]Mode{"single": Single, "pool": Pool}[f[3]]
		case "result":
			ev.Kind, ev.Reported = Result, seconds(number(f[3]))
			ev.Tested = ev.Reported
			ev.Verdict = map[string]Verdict{"negative": Negative, "inconclusive": Inconclusive, "positive": Positive}[f[2]]
			for i := 4; i < len(f); i += 2 {
				if f[i] == "tested" {
					ev.Tested = seconds(number(f[i+1]))
				} else {
					ev.Lab = uint8(number(f[i+1]))
				}
			}
		}
		events = append(events, ev)
	}
	return events
}

// tell folds a story and describes person 0.
func tell(events []Event, stationOnly bool) string {
	o := newOracle(&City{plan: Plan{People: 20, StationOnly: stationOnly}})
	o.begin(0, 20)
	for i := range events {
		o.add(&events[i])
	}
	o.judge()
	var e expectation
	o.expect(0, &e)
	s := e.state
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
	if e.order {
		s += fmt.Sprint(" due ", e.due-recollectSLA)
	}
	return s
}

func TestOracle(t *testing.T) {
	// Ensures the rules of status, one a line, in the order told and reversed.
	const held = "scan A1 0 800; scan A1 1 801; result A1 positive 900; "
	for _, k := range []struct{ story, want string }{
		{"scan A1 1 800", "unknown"},
		{"scan A1 0 800", "sampled since 800 pending A1"},
		{"scan A1 0 800; result A1 negative 900", "negative since 900 negative A1 pool"},
		{held[:len(held)-2], "held since 900 causes 1 due 900"},
		{"scan A1 0 800; result A1 inconclusive 900", "held since 900 causes 1 due 900"},
		{held + "scan B1 0 950 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{held + "scan B1 0 950; open B1 949 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{held + "scan B1 0 800 single; result B1 negative 990", "held since 900 negative B1 single causes 1 due 900"},
		{held + "scan B1 0 700 single; result B1 negative 990", "held since 900 negative B1 single causes 1 due 900"},
		{held + "scan B1 0 950; result B1 negative 990", "held since 900 negative B1 pool causes 1 due 900"},
		{held + "scan B1 0 950 single; scan B1 1 951 single; result B1 negative 990", "held since 900 negative B1 single causes 1 due 900"},
		{held + "scan B1 0 950 single; scan B1 1 951 single; unscan B1 1 952; result B1 negative 990", "negative since 990 negative B1 single"},
		{held + "scan B1 0 950 single; result B1 positive 990", "suspect since 990 causes 1"},
		{held + "scan B1 0 700 single; result B1 positive 990", "suspect since 990 causes 2 due 900"},
		{held + "scan B1 0 700 single; result B1 positive 850", "suspect since 850 causes 2 due 900"},
		{held + "scan B1 0 950 single; result B1 inconclusive 990", "held since 900 causes 2 due 900"},
		{held + "scan B1 0 950 single; result B1 inconclusive 990; scan C1 0 995 single; result C1 negative 999", "negative since 999 negative C1 single"},
		{held + "scan B1 0 950 single", "held since 900 pending B1 causes 1 due 900"},
		{"scan B1 0 950 single; result B1 positive 990; scan C1 0 995 single; result C1 negative 999", "suspect since 990 negative C1 single causes 1"},
		{"scan A1 0 800; scan A1 0 700; result A1 positive 900; scan B1 0 750 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{"scan A1 0 700; scan A1 0 800; result A1 positive 900; scan B1 0 750 single; result B1 negative 990", "negative since 990 negative B1 single"},
		{"scan A1 0 800; unscan A1 0 810; result A1 positive 900", "unknown"},
		{"scan A1 0 800; unscan A1 0 800; result A1 positive 900", "unknown"},
		{"scan A1 0 800; unscan A1 0 910; result A1 positive 900", "held since 900 causes 1 due 900"},
		{"scan A1 0 800; unscan A1 0 910; result A1 negative 900", "unknown"},
		{"scan A1 0 800; unscan A1 0 810; scan B1 0 820; result B1 negative 900", "negative since 900 negative B1 pool"},
		{"scan A1 0 890; result A1 negative 900 tested 880", "sampled since 890 pending A1"},
		{"scan A1 0 890; result A1 positive 900 tested 880", "held since 900 causes 1 due 900"},
		{"scan A1 0 700; scan B1 0 800; result B1 negative 900", "negative since 900 negative B1 pool"},
		{"scan A1 0 800; scan B1 0 700; result B1 negative 900", "sampled since 800 negative B1 pool pending A1"},
		{"scan A1 0 800; result A1 positive 900; result A1 negative 950", "held since 900 causes 1 due 900"},
		{"scan A1 0 800; result A1 negative 900; result A1 positive 950", "held since 950 causes 1 due 950"},
		{"scan A1 0 800; result A1 inconclusive 900; result A1 negative 950", "negative since 950 negative A1 pool"},
		{"scan A1 0 800; result A1 negative 900; result A1 positive 850 lab 2", "held since 850 causes 1 due 850"},
		{"scan A1 0 800 single; open A1 790 pool; result A1 positive 900", "held since 900 causes 1 due 900"},
		{"scan A1 0 800; open A1 790 pool; open A1 795 single; result A1 positive 900", "suspect since 900 causes 1"},
		{"scan A1 0 800; scan B1 0 801; result A1 positive 950; result B1 positive 900", "held since 900 causes 2 due 900"},
	} {
		events := parseStory(t, k.story)
		if got := tell(events, true); got != k.want {
			t.Errorf("%s\n got %s\nwant %s", k.story, got, k.want)
		}
		for i, j := 0, len(events)-1; i < j; i, j = i+1, j-1 {
			events[i], events[j] = events[j], events[i]
		}
		if got := tell(events, true); got != k.want {
			t.Errorf("reversed: %s\n got %s\nwant %s", k.story, got, k.want)
		}
	}
}

func TestOracleTakesEveryRole(t *testing.T) {
	// Ensures that an unscan after the report takes effect where the sender may do it.
	events := parseStory(t, "scan A1 0 800; unscan A1 0 910; result A1 positive 900")
	if got := tell(events, false); got != "unknown" {
		t.Errorf("got %s; want unknown", got)
	}
}
