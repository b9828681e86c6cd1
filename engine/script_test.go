package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"poolwise/engine"
)

// The story language, read and written. Its words are described in story_test.go.

func parseStory(text string) (*story, error) {
	s := &story{}
	if !strings.HasPrefix(text, "# ") {
		return nil, errors.New("a story begins with the sentence it proves, as a comment")
	}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if slices.Equal(words, []string{"any", "order"}) {
			s.anyOrder = true
			continue
		}
		st := step{line: i + 1, text: strings.Join(words, " ")}
		ev, isEvent, err := parseEvent(words)
		switch {
		case err != nil:
			return nil, fmt.Errorf("cannot read line %d %q: %w", st.line, st.text, err)
		case isEvent:
			st.ev = &ev
		default:
			if err := expectable(words); err != nil {
				return nil, fmt.Errorf("cannot read line %d %q: %w", st.line, st.text, err)
			}
			st.expect = words
		}
		s.steps = append(s.steps, st)
	}
	return s, nil
}

// expectable refuses what no expectation looks like, so that a typing error is not a story that proves nothing.
func expectable(w []string) error {
	text := strings.Join(w, " ")
	good := false
	has := func(prefix string, words int) { good = good || strings.HasPrefix(text, prefix) && len(w) >= words }
	has("accepted", 1)
	has("duplicate", 1)
	has("refused ", 2)
	has("flag ", 2)
	has("no flags", 2)
	has("no order ", 3)
	if len(w) >= 2 {
		has("order "+w[1]+" due ", 4)
		has("order "+w[1]+" any due ", 5)
		for _, word := range []string{"takes", "says", "holds"} {
			has("tube "+w[1]+" "+word+" ", 4)
		}
		for mode := range modes {
			good = good || text == "tube "+w[1]+" "+mode
		}
		for state := engine.StateUnknown; state <= engine.StateConfirmed; state++ {
			good = good || text == w[0]+" "+state.String()
			has(w[0]+" "+state.String()+" because ", 4)
		}
		has(w[0]+" since ", 3)
		has(w[0]+" last negative ", 4)
		good = good || text == w[0]+" no negative" || text == w[0]+" nothing pending"
		has(w[0]+" pending ", 3)
	}
	if !good {
		return errors.New("it is no event and no expectation")
	}
	return nil
}

// parseEvent reads an event; isEvent is false for any other line.
func parseEvent(w []string) (ev event, isEvent bool, err error) {
	ev = event{roles: engine.RoleAll, members: -1}
	if w[0] == "late" {
		ev.late, w = true, w[1:]
	}
	kind := map[string]engine.Kind{"scan": engine.KindScan, "unscan": engine.KindUnscan, "open": engine.KindTubeOpen,
		"close": engine.KindTubeClose, "result": engine.KindResult}[w[0]]
	need := map[engine.Kind]int{engine.KindScan: 4, engine.KindUnscan: 4, engine.KindTubeOpen: 3, engine.KindTubeClose: 3, engine.KindResult: 7}[kind]
	if kind == 0 {
		return ev, false, nil
	}
	if len(w) < need {
		return ev, true, fmt.Errorf("want at least %d words", need)
	}
	ev.kind, ev.tube = kind, w[1]
	switch kind {
	case engine.KindScan, engine.KindUnscan:
		ev.person = w[2]
		ev.at, err = parseClock(w[3])
		w = w[4:]
	case engine.KindTubeOpen, engine.KindTubeClose:
		ev.at, err = parseClock(w[2])
		w = w[3:]
	case engine.KindResult:
		ev.lab, ev.stage, ev.verdict = "L1", engine.Final, said[w[2]]
		if ev.verdict == engine.VerdictNone || w[3] != "tested" || w[5] != "reported" {
			return ev, true, errors.New("want: result TUBE VERDICT tested TIME reported TIME")
		}
		var err2 error
		ev.at, err = parseClock(w[4])
		ev.reported, err2 = parseClock(w[6])
		err = errors.Join(err, err2)
		w = w[7:]
	}
	if err != nil {
		return ev, true, err
	}
	return ev, true, ev.parseRest(w)
}

var purposes = map[string]engine.Purpose{"screening": engine.Screening, "recollection": engine.Recollection, "recheck": engine.Recheck}

// parseRest reads what an event may say beyond what it must.
func (ev *event) parseRest(w []string) error {
	for len(w) > 0 {
		word := w[0]
		w = w[1:]
		value := ""
		if slices.Contains([]string{"by", "lab", "capacity", "members"}, word) {
			if len(w) == 0 {
				return fmt.Errorf("%s says nothing", word)
			}
			value, w = w[0], w[1:]
		}
		var err error
		switch {
		case modes[word] != engine.ModeUnset:
			ev.mode = modes[word]
		case ev.kind == engine.KindResult && (stages[word] != 0 || word == "preliminary"):
			ev.stage = stages[word]
		case word == "by" && roles[value] != 0:
			ev.roles = roles[value]
		case word == "lab":
			ev.lab = value
		case word == "retained" && ev.kind == engine.KindTubeOpen:
			ev.retained = true
		case purposes[word] != engine.PurposeUnset:
			ev.purpose = purposes[word]
		case word == "capacity":
			ev.capacity, err = strconv.Atoi(value)
		case word == "members":
			ev.members, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("nobody knows the word %q here", word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// String is the event as a line of a story.
func (ev event) String() string {
	var b strings.Builder
	if ev.late {
		b.WriteString("late ")
	}
	switch ev.kind {
	case engine.KindScan:
		fmt.Fprintf(&b, "scan %s %s %s", ev.tube, ev.person, clock(ev.at))
	case engine.KindUnscan:
		fmt.Fprintf(&b, "unscan %s %s %s", ev.tube, ev.person, clock(ev.at))
	case engine.KindTubeOpen:
		fmt.Fprintf(&b, "open %s %s", ev.tube, clock(ev.at))
	case engine.KindTubeClose:
		fmt.Fprintf(&b, "close %s %s", ev.tube, clock(ev.at))
	case engine.KindResult:
		fmt.Fprintf(&b, "result %s %s tested %s reported %s lab %s", ev.tube, ev.verdict, clock(ev.at), clock(ev.reported), ev.lab)
		if ev.stage != engine.Final {
			fmt.Fprintf(&b, " %s", ev.stage)
		}
	}
	if ev.mode != engine.ModeUnset {
		fmt.Fprintf(&b, " %s", ev.mode)
	}
	if ev.purpose != engine.PurposeUnset {
		fmt.Fprintf(&b, " %s", ev.purpose)
	}
	if ev.retained {
		b.WriteString(" retained")
	}
	if ev.capacity > 0 {
		fmt.Fprintf(&b, " capacity %d", ev.capacity)
	}
	if ev.kind == engine.KindTubeClose && ev.members >= 0 {
		fmt.Fprintf(&b, " members %d", ev.members)
	}
	for word, role := range roles {
		if ev.roles == role {
			fmt.Fprintf(&b, " by %s", word)
		}
	}
	return b.String()
}

// tellEvents writes events as a story.
func tellEvents(events []event) string {
	var b strings.Builder
	for _, ev := range events {
		fmt.Fprintln(&b, "  ", ev)
	}
	return b.String()
}
