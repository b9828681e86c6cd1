package engine_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"poolwise/engine"
)

// historyOf is the history of a person as lines, read so many at a time.
func (d *desk) historyOf(name string, page int, names []string) (lines []string) {
	d.eachHistory(name, page, func(h *engine.HistoryEntry) { lines = append(lines, d.historyLine(h, names)) })
	return lines
}

func (d *desk) eachHistory(name string, page int, do func(*engine.HistoryEntry)) {
	var after engine.HistoryCut
	for more := true; more; {
		shown := 0
		after, more = d.History(d.find(name), after, page, func(h *engine.HistoryEntry) bool {
			do(h)
			shown++
			return true
		})
		if shown > page || shown < page && more {
			panic(fmt.Sprintf("BUG: a page of %d holds %d", page, shown))
		}
	}
}

func (d *desk) historyLine(h *engine.HistoryEntry, names []string) string {
	who := d.nameOf(h.Person, names)
	switch h.Kind {
	case engine.HistoryTest:
		return who + " " + testLine(&h.Test)
	case engine.HistoryExcuse:
		return fmt.Sprintf("%s excused from %s %s", who, h.Round, clock(h.At))
	case engine.HistoryDischarge:
		return fmt.Sprintf("%s discharged %s", who, clock(h.At))
	case engine.HistoryMerge, engine.HistoryUnmerge:
		return fmt.Sprintf("%s %s %s %s", who, map[engine.HistoryKind]string{engine.HistoryMerge: "merged with", engine.HistoryUnmerge: "parted from"}[h.Kind],
			d.nameOf(h.With, names), clock(h.At))
	}
	w := fmt.Sprintf("%s order R%d %s %s opened %s due %s because", who, h.Order.Number, h.Order.Kind, h.Order.State, clock(h.Order.Opened), clock(h.Order.Due))
	for _, t := range h.Order.Causes {
		w += " " + d.code(t)
	}
	return w
}

func testLine(v *engine.TestView) string {
	w := fmt.Sprintf("%s %s %s %s", v.Code, clock(v.Swabbed), v.Mode, v.Outcome)
	if !v.Bound {
		w += " unbound"
	}
	if v.Outcome != engine.MemberNone {
		w += " " + clock(v.Reported)
	}
	return w + causeLine(v.Cause)
}

func causeLine(c engine.HistoryCause) string {
	if !c.Known {
		return ""
	}
	w := ", " + c.Kind.String()
	if c.Pending {
		w = ", pending"
	}
	w += " since " + clock(c.Since)
	if c.Preliminary {
		w += " preliminary"
	}
	switch {
	case c.Open:
		w += " open"
	case c.Discharged:
		w += " discharged"
	default:
		w += " closed by " + c.ClosedCode
	}
	return w
}

// histories are what a script leaves of a person, or of each of several.
var histories = []struct{ name, script, person, want string }{
	{"nothing", "roster ada area 9901", "ada", ""},
	{"a pool's positive and the single negative", `
		scan T1 ada 08:00
		result T1 positive tested 12:00 reported 13:00
		scan T2 ada 14:00 single
		result T2 negative tested 16:00 reported 17:00`, "ada", `
		ada T1 08:00 pool positive 13:00, hold since 13:00 closed by T2
		ada order R1 single fulfilled opened 13:00 due 19:00 because T1
		ada T2 14:00 single negative 17:00`},
	{"still held, and waiting", `
		scan T1 ada 08:00
		result T1 inconclusive tested 12:00 reported 13:00 preliminary
		scan T2 ada 14:00 single`, "ada", `
		ada T1 08:00 pool inconclusive 13:00, hold since 13:00 preliminary open
		ada order R1 single swabbed opened 13:00 due 19:00 because T1
		ada T2 14:00 single none, pending since 14:00 open`},
	{"a correction opens again what the negative had closed", `
		scan T1 ada 08:00
		result T1 positive tested 12:00 reported 13:00
		scan T2 ada 14:00 single
		result T2 negative tested 16:00 reported 17:00
		result T2 invalid tested 18:00 reported 19:00 corrected`, "ada", `
		ada T1 08:00 pool positive 13:00, hold since 13:00 open
		ada order R1 single open opened 13:00 due 19:00 because T1 T2
		ada T2 14:00 single must_resample 19:00, must since 19:00 open`},
	{"the earliest later swab is what closed it, of one second the smaller code", `
		scan T1 ada 08:00
		late scan T5 ada 10:00 single
		late scan T4 ada 10:00 single
		late scan T3 ada 11:00 single
		result T3 negative tested 12:00 reported 12:10
		result T1 positive tested 12:00 reported 13:00
		result T5 negative tested 12:00 reported 13:00
		result T4 negative tested 12:00 reported 14:00`, "ada", `
		ada T1 08:00 pool positive 13:00, hold since 13:00 closed by T4
		ada T5 10:00 single negative 13:00
		ada T4 10:00 single negative 14:00
		ada T3 11:00 single negative 12:10`},
	{"a pending swab that a later result made idle", `
		scan T1 ada 08:00
		late scan T2 ada 09:00
		result T2 negative tested 12:00 reported 13:00`, "ada", `
		ada T1 08:00 pool none, pending since 08:00 closed by T2
		ada T2 09:00 pool negative 13:00`},
	{"discharged", `
		lab C1 is cdc
		scan T1 ada 08:00 single
		result T1 positive tested 12:00 reported 13:00 lab C1
		discharge ada 18:00 because recovered
		discharge ada 17:00 because early`, "ada", `
		ada T1 08:00 single positive 13:00, confirmed since 13:00 discharged
		ada discharged 17:00
		ada discharged 18:00`},
	{"a specimen kept with the pool", `
		open T1 07:00 pool retained
		scan T1 ada 08:00
		scan T2 ada 08:00 retained_of T1
		result T1 positive tested 12:00 reported 13:00
		result T2 negative tested 14:00 reported 15:00`, "ada", `
		ada T1 08:00 pool positive 13:00, hold since 13:00 closed by T2
		ada T2 08:00 single negative 15:00`},
	{"undone, transferred, never scanned", `
		scan T1 ada 08:00
		late scan T2 ada 09:00
		unscan T1 ada 08:10 by cdc
		transfer ada from T2 to T3 09:30 because mixed
		unscan T4 ada 10:00`, "ada", `
		ada T4 never pool none unbound
		ada T1 08:00 pool none unbound
		ada T2 09:00 pool none unbound
		ada T3 09:00 pool none, pending since 09:00 open`},
	{"a void tube", `
		scan T1 ada 08:00
		void T1 09:00 because broken
		scan T2 ada 10:00
		result T2 negative tested 12:00 reported 13:00
		excuse ada from R1 11:00 because moved`, "ada", `
		ada T1 08:00 pool must_resample 09:00, must since 09:00 closed by T2
		ada order R1 any fulfilled opened 09:00 due 15:00 because T1
		ada T2 10:00 pool negative 13:00
		ada excused from R1 11:00`},
	{"one human's history, whoever is asked for", `
		scan T1 ada 08:00
		scan T2 eva 09:00 single
		result T1 positive tested 12:00 reported 13:00
		result T2 negative tested 12:00 reported 13:00
		merge ada into eva 14:00`, "ada eva", `
		ada T1 08:00 pool positive 13:00, hold since 13:00 closed by T2
		eva T2 09:00 single negative 13:00
		ada order R1 single cancelled opened 13:00 due 19:00 because T1
		ada merged with eva 14:00`},
	{"two humans again", `
		scan T1 ada 08:00
		scan T2 eva 09:00
		merge ada into eva 14:00
		unmerge ada from eva 15:00`, "eva", `
		eva T2 09:00 pool none, pending since 09:00 open
		eva merged with ada 14:00
		eva parted from ada 15:00`},
}

// TestHistories ensures that a history tells what a person's tests opened, what closed that,
// and what else was said of them.
func TestHistories(t *testing.T) {
	for _, c := range histories {
		t.Run(c.name, func(t *testing.T) {
			d, events := newDesk(), scriptOf(t, c.script)
			for _, ev := range events {
				d.apply([]event{ev}, d.find, never)
			}
			var want []string
			for line := range strings.SplitSeq(strings.TrimSpace(c.want), "\n") {
				if line = strings.TrimSpace(line); line != "" {
					want = append(want, line)
				}
			}
			for _, name := range strings.Fields(c.person) {
				for _, page := range []int{100, 1, 2} {
					if got := d.historyOf(name, page, peopleOf(events)); !slices.Equal(got, want) {
						t.Errorf("%s by %d:\ngot  %s\nwant %s", name, page, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
					}
				}
			}
		})
	}
}

// scriptOf are the events of a piece of a story.
func scriptOf(t *testing.T, script string) []event {
	t.Helper()
	s, err := parseStory("# A piece.\n# Proves: nothing\n" + script)
	if err != nil {
		t.Fatal(err)
	}
	return s.events()
}

// TestHistoryResults ensures that results are told with their tube, that the standing one
// gives the verdict, and that of very many those that stand and the latest are told.
func TestHistoryResults(t *testing.T) {
	d := newDesk()
	say := func(script string) {
		for _, ev := range scriptOf(t, script) {
			d.apply([]event{ev}, d.find, never)
		}
	}
	say("open T1 07:00 pool recheck round R1 site S1\nscan T1 ada 08:00\nscan T1 ben 08:01\nresult T1 positive tested 09:00 reported 09:30 lab L1 preliminary\nresult T1 negative tested 10:00 reported 10:30 lab L2")
	see := func() (v engine.TestView) {
		d.eachHistory("ada", 10, func(h *engine.HistoryEntry) {
			if h.Kind == engine.HistoryTest {
				v = h.Test
				v.Results = slices.Clone(v.Results)
			}
		})
		return v
	}
	v := see()
	if v.Site != "S1" || v.Round != "R1" || v.Members != 2 || v.Purpose != engine.Recheck || v.Verdict != engine.Positive || v.Stage != engine.Preliminary ||
		len(v.Results) != 2 || !v.Results[0].Standing || v.Results[1].Standing || v.Results[1].Lab != "L2" || v.Omitted != 0 {
		t.Errorf("got %+v", v)
	}
	var many strings.Builder
	for i := range 150 {
		fmt.Fprintf(&many, "result T1 negative tested %02d:%02d reported %02d:%02d lab L2\n", 11+i/60, i%60, 12+i/60, i%60)
	}
	say(many.String())
	if v = see(); len(v.Results) != 100 || v.Omitted != 52 || !v.Results[0].Standing || clock(v.Results[0].Reported) != "09:30" || clock(v.Results[1].Reported) != "12:51" {
		t.Errorf("got %d results and %d more, the first %+v, %+v", len(v.Results), v.Omitted, v.Results[0], v.Results[1])
	}
}

// TestHistoryRandomDays ensures that on random days a history tells the tests that the
// reference knows of: each with its swab, outcome, cause, and what closed that; and that
// those bound are the ones of which a status tells.
func TestHistoryRandomDays(t *testing.T) {
	last := uint64(600)
	if testing.Short() {
		last /= 10
	}
	for seed := uint64(1); seed <= last; seed++ {
		if err := attempt(trial{run: historyDay}, seed, day(seed, true)); err != nil {
			small, why := shrink(day(seed, true), err, func(fewer []event) error { return attempt(trial{run: historyDay}, seed, fewer) })
			t.Fatalf("day %d: %v\n%s", seed, why, tellEvents(small))
		}
	}
}

func historyDay(seed uint64, events []event) error {
	r, d := newReference(), newDesk()
	master, rest := parted(events)
	for _, ev := range slices.Concat(master, rest) {
		if r.barred(ev) == engine.Accepted {
			r.add(ev)
		}
	}
	for _, part := range cuts(slices.Concat(master, shuffled(seed, 1, rest)), seed, 1) {
		d.apply(part, d.find, batches(seed))
	}
	names := peopleOf(events)
	for _, name := range names {
		if d.find(name) == 0 {
			continue
		}
		var got []string
		d.eachHistory(name, 3, func(h *engine.HistoryEntry) {
			if h.Kind == engine.HistoryTest {
				got = append(got, d.historyLine(h, names)+" round "+h.Test.Round)
			}
		})
		want := r.historyOf(name)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s: got  %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	return nil
}

// historyOf are the lines of all tests of a human, by comparing every test with every other.
func (r *reference) historyOf(name string) (lines []string) {
	h := r.humanOf(name)
	all := r.tests(h.root)
	bound := map[[2]string]test{}
	for _, t := range r.allTests(h.root) {
		bound[[2]string{t.tube, t.person}] = t
	}
	for tube, people := range r.pairs {
		for person := range people {
			if !slices.Contains(h.identities, person) {
				continue
			}
			t, ok := bound[[2]string{tube, person}]
			if !ok {
				t = r.testOf(tube, person, r.bound(tube, person))
				if t.swab == 0 {
					t.round = ""
				}
				lines = append(lines, fmt.Sprintf("%s %s %s %s none unbound round %s", person, tube, clock(t.swab), t.mode, t.round))
				continue
			}
			v := engine.TestView{Code: tube, Swabbed: t.swab, Bound: true, Mode: t.mode, Reported: t.reported}
			v.Outcome = map[engine.Verdict]engine.MemberOutcome{engine.Negative: engine.MemberNegative, engine.Invalid: engine.MemberMustResample,
				engine.Inconclusive: engine.MemberInconclusive, engine.Positive: engine.MemberPositive}[t.outcome]
			v.Cause = r.causeOf(t, all)
			lines = append(lines, person+" "+testLine(&v)+" round "+t.round)
		}
	}
	return lines
}

// causeOf is what a test opened, and what closed it: the earliest swab that does, of one second the smallest code.
func (r *reference) causeOf(t test, all []test) (c engine.HistoryCause) {
	switch {
	case t.opens != engine.CauseNone:
		c = engine.HistoryCause{Known: true, Kind: t.opens, Since: t.reported, Preliminary: t.prelim}
		c.Discharged = !slices.ContainsFunc(all, func(o test) bool { return o.tube == t.tube && o.person == t.person })
	case t.outcome == engine.VerdictNone:
		c = engine.HistoryCause{Known: true, Pending: true, Since: t.swab}
	default:
		return c
	}
	if c.Discharged {
		return c
	}
	var by []test
	for _, o := range all {
		if r.closed(t, []test{o}) {
			by = append(by, o)
		}
	}
	if c.Open = len(by) == 0; !c.Open {
		c.ClosedCode = slices.MinFunc(by, func(a, b test) int { return cmp.Or(cmp.Compare(a.swab, b.swab), strings.Compare(a.tube, b.tube)) }).tube
	}
	return c
}

// TestHistoryFollowsItsHuman ensures that what changes while the first page is told is seen by the next.
func TestHistoryFollowsItsHuman(t *testing.T) {
	d := newDesk()
	script := ""
	for i := range 70 {
		script += fmt.Sprintf("late scan T%d ada 08:%02d\nresult T%d positive tested 12:00 reported 13:00\n", i, i%60, i)
	}
	d.apply(scriptOf(t, script), d.find, never)
	open, closed := 0, 0
	d.History(d.find("ada"), engine.HistoryCut{}, 1000, func(h *engine.HistoryEntry) bool {
		if open+closed == 0 {
			d.apply(scriptOf(t, "scan S ada 14:00 single\nresult S negative tested 16:00 reported 17:00"), d.find, never)
		}
		switch c := h.Test.Cause; {
		case c.Open:
			open++
		case c.ClosedCode == "S":
			closed++
		}
		return true
	})
	if open != 64 || closed != 6 {
		t.Errorf("got %d causes open and %d closed; want those of the first page open, 64, and 6 closed", open, closed)
	}
}
