package engine_test

import (
	"fmt"
	"slices"
	"strings"

	"poolwise/engine"
)

// What reference and engine answer, in one form that compares and prints.

type negativeWord struct {
	tube           string
	swab, reported engine.Seconds
	mode           engine.Mode
}

type causeWord struct {
	kind        engine.CauseKind
	tube        string
	since, swab engine.Seconds
	preliminary bool
}

type orderWord struct {
	kind        string // single, any, recheck; empty: no open order
	causes      []string
	opened, due engine.Seconds
	state       engine.OrderState
}

func (o orderWord) String() string {
	if o.kind == "" {
		return "none"
	}
	return fmt.Sprintf("%s because %s opened %s due %s %s", o.kind, strings.Join(o.causes, " "), clock(o.opened), clock(o.due), o.state)
}

// personWord is one person's status. Causes and an order's causes are by tube code.
type personWord struct {
	state        engine.State
	since        engine.Seconds
	negative     negativeWord
	pendingTube  string
	pendingSwab  engine.Seconds
	pendingFirst engine.Seconds // only the reference knows it
	causes       []causeWord
	order        orderWord
	recheck      orderWord
	mergedInto   string
}

func (w personWord) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s since %s", w.state, clock(w.since))
	for _, c := range w.causes {
		fmt.Fprintf(&b, "; %s by %s swab %s reported %s", c.kind, c.tube, clock(c.swab), clock(c.since))
		if c.preliminary {
			b.WriteString(" preliminary")
		}
	}
	if w.pendingTube != "" {
		fmt.Fprintf(&b, "; pending %s swab %s", w.pendingTube, clock(w.pendingSwab))
	}
	if n := w.negative; n.tube != "" {
		fmt.Fprintf(&b, "; last negative %s swab %s reported %s %s", n.tube, clock(n.swab), clock(n.reported), n.mode)
	}
	for _, o := range []orderWord{w.order, w.recheck} {
		if o.kind != "" {
			fmt.Fprintf(&b, "; order %s", o)
		}
	}
	if w.mergedInto != "" {
		fmt.Fprintf(&b, "; is %s", w.mergedInto)
	}
	return b.String()
}

// announced is the part of a status whose change the feed must tell.
func (w personWord) announced() string {
	var b strings.Builder
	fmt.Fprint(&b, w.state, w.negative.tube, w.negative.swab, w.negative.reported, w.order.kind, w.order.causes, w.order.due)
	for _, c := range w.causes {
		fmt.Fprint(&b, "|", c.kind, c.tube, c.preliminary)
	}
	return b.String()
}

// tubes are what a feed entry names: the open causes, else the pending tube, else the negative's.
func (w personWord) tubes() []string {
	var tubes []string
	for _, c := range w.causes {
		tubes = append(tubes, c.tube)
	}
	switch w.state {
	case engine.StateSampled:
		tubes = append(tubes, w.pendingTube)
	case engine.StateNegative:
		tubes = append(tubes, w.negative.tube)
	}
	slices.Sort(tubes)
	return tubes
}

// tubeWord is what is known of a tube; members as name@swab.
type tubeWord struct {
	mode                           engine.Mode
	purpose                        engine.Purpose
	capacity                       int
	verdict                        engine.Verdict
	reported                       engine.Seconds
	members                        []string
	round                          string // of its opening or its scans; empty: none says
	retained, void, lost, received bool
	rejected                       engine.Seconds
	resolution                     string // asked by stories only
}

func (w tubeWord) String() string {
	s := fmt.Sprintf("%s for %d, %s, %s reported %s, holds %s", w.mode, w.capacity, w.purpose, w.verdict, clock(w.reported), strings.Join(w.members, " "))
	if w.round != "" {
		s += ", round " + w.round
	}
	for _, x := range []struct {
		is   bool
		word string
	}{{w.retained, "retained"}, {w.void, "void"}, {w.lost, "lost"}, {w.received, "received"}, {w.rejected != 0, "rejected " + clock(w.rejected)}} {
		if x.is {
			s += ", " + x.word
		}
	}
	return s
}

// coverWord is the coverage of one area in one round.
type coverWord struct {
	expected, unrostered, sampled, excused, missing, received, resulted, negative, must, held, suspect, confirmed int
}

func (w coverWord) plus(o coverWord) coverWord {
	return coverWord{w.expected + o.expected, w.unrostered + o.unrostered, w.sampled + o.sampled, w.excused + o.excused, w.missing + o.missing,
		w.received + o.received, w.resulted + o.resulted, w.negative + o.negative, w.must + o.must, w.held + o.held, w.suspect + o.suspect, w.confirmed + o.confirmed}
}

// count is one of the counts by its word, -1 for no such word.
func (w coverWord) count(word string) int {
	counts := map[string]int{"expected": w.expected, "unrostered": w.unrostered, "sampled": w.sampled, "excused": w.excused, "missing": w.missing,
		"received": w.received, "resulted": w.resulted, "negative": w.negative, "must_resample": w.must, "held": w.held, "suspect": w.suspect, "confirmed": w.confirmed}
	if n, ok := counts[word]; ok {
		return n
	}
	return -1
}

// answer is what became of one item.
type answer struct {
	outcome engine.Outcome
	flags   engine.Flags
	detail  uint32
}

func (a answer) String() string {
	var flags []string
	a.flags.Each(func(code string) { flags = append(flags, code) })
	s := a.outcome.Code()
	if len(flags) > 0 {
		s += " flags " + strings.Join(flags, " ")
	}
	if a.detail != 0 {
		s += fmt.Sprintf(" (%d of %d people)", a.detail>>8, a.detail&0xff)
	}
	return s
}

// midnight is the start of the day on which all stories play: 2022-04-04 in Shanghai.
var midnight = engine.FromUnix(1649001600)

// clock prints a time as the stories write it: 08:01, 08:01:30, and 08:01+1 on the next day.
func clock(s engine.Seconds) string {
	if s == 0 {
		return "never"
	}
	t := int64(s) - int64(midnight)
	day := t / 86400
	if t%86400 < 0 {
		day--
	}
	t -= day * 86400
	text := fmt.Sprintf("%02d:%02d", t/3600, t/60%60)
	if t%60 != 0 {
		text += fmt.Sprintf(":%02d", t%60)
	}
	if day != 0 {
		text += fmt.Sprintf("%+d", day)
	}
	return text
}

// parseClock is the inverse of clock.
func parseClock(text string) (engine.Seconds, error) {
	var day, h, m, s int64
	at := strings.LastIndexAny(text, "+-")
	clockPart := text
	if at >= 0 {
		clockPart = text[:at]
		if _, err := fmt.Sscanf(text[at:], "%d", &day); err != nil {
			return 0, fmt.Errorf("cannot read the day of %q: %w", text, err)
		}
	}
	parts := strings.Split(clockPart, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, fmt.Errorf("cannot read the time %q: want 08:01, 08:01:30 or 08:01+1", text)
	}
	for i, to := range []*int64{&h, &m, &s}[:len(parts)] {
		if _, err := fmt.Sscanf(parts[i], "%d", to); err != nil {
			return 0, fmt.Errorf("cannot read the time %q: %w", text, err)
		}
	}
	return midnight + engine.Seconds(day*86400+h*3600+m*60+s), nil
}
