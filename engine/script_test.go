package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"poolwise/engine"
)

// The story language, read. Its words are described in story_test.go.

func parseStory(text string) (*story, error) {
	s := &story{}
	lines := strings.Split(text, "\n")
	if !strings.HasPrefix(text, "# ") || len(lines) < 2 || !strings.HasPrefix(lines[1], "# Proves: ") {
		return nil, errors.New("a story begins with the sentence it proves, as a comment, and what the rules call it")
	}
	s.proves = strings.TrimPrefix(lines[1], "# Proves: ")
	clock := midnight // the server's: the latest time that was named
	for i, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		st := step{line: i + 1, text: strings.Join(words, " ")}
		fail := func(err error) error { return fmt.Errorf("cannot read line %d %q: %w", st.line, st.text, err) }
		switch {
		case st.text == "any order":
			s.anyOrder = true
			continue
		case len(words) == 3 && words[0] == "it" && words[1] == "is":
			now, err := parseClock(words[2])
			if err != nil {
				return nil, fail(err)
			}
			clock = now
			continue
		}
		ev, isEvent, err := parseEvent(words)
		switch {
		case err != nil:
			return nil, fail(err)
		case isEvent:
			clock = max(clock, ev.at, ev.reported)
			ev.received = clock
			st.ev = &ev
		default:
			if err := expectable(words); err != nil {
				return nil, fail(err)
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
	good := slices.Contains([]string{"accepted", "duplicate", "no flags"}, text)
	has := func(prefix string, words int) { good = good || strings.HasPrefix(text, prefix) && len(w) >= words }
	is := func(whole string) { good = good || text == whole }
	has("refused ", 2)
	has("flag ", 2)
	has("no order ", 3)
	has("no recheck ", 3)
	has("no alert ", 3)
	has("alert ", 3)
	if len(w) >= 2 {
		for _, order := range []string{"order ", "recheck "} {
			has(order+w[1]+" due ", 4)
			for _, state := range []engine.OrderState{engine.OrderOpen, engine.OrderAcknowledged, engine.OrderUnreachable, engine.OrderSwabbed} {
				is(order + w[1] + " " + state.String())
			}
		}
		has("order "+w[1]+" any due ", 5)
		for _, word := range []string{"takes", "says", "holds", "for", "round"} {
			has("tube "+w[1]+" "+word+" ", 4)
		}
		for _, word := range []string{"pool", "household", "single", "void", "lost", "received", "resolving", "resolved"} {
			is("tube " + w[1] + " " + word)
		}
		for state := engine.StateUnknown; state <= engine.StateConfirmed; state++ {
			is(w[0] + " " + state.String())
			has(w[0]+" "+state.String()+" because ", 4)
		}
		for _, word := range []string{"since", "is", "pending", "preliminary", "final"} {
			good = good || len(w) == 3 && w[1] == word
		}
		has(w[0]+" last negative ", 4)
		is(w[0] + " no negative")
		is(w[0] + " nothing pending")
		is(w[0] + " stands alone")
		good = good || len(w) >= 5 && w[0] == "missing" && w[3] == "are"
		if w[0] == "coverage" && len(w) >= 5 && len(w)%2 == 1 {
			good = true
			for i := 3; i < len(w); i += 2 {
				good = good && coverWord{}.count(w[i]) == 0
			}
		}
	}
	if !good {
		return errors.New("it is no event and no expectation")
	}
	return nil
}

var kinds = map[string]engine.Kind{"scan": engine.KindScan, "unscan": engine.KindUnscan, "open": engine.KindTubeOpen, "close": engine.KindTubeClose,
	"result": engine.KindResult, "transfer": engine.KindTransfer, "void": engine.KindTubeVoid, "receive": engine.KindTubeReceive,
	"reject": engine.KindTubeReject, "lost": engine.KindTubeLost, "excuse": engine.KindExcuse, "ack": engine.KindAcknowledge,
	"unreachable": engine.KindUnreachable, "discharge": engine.KindDischarge, "merge": engine.KindMerge, "unmerge": engine.KindUnmerge,
	"area": engine.KindArea, "site": engine.KindSite, "lab": engine.KindLab, "round": engine.KindRound, "roster": engine.KindRoster}

// forms are the words that an event must say, in their order: upper-case ones are filled in.
var forms = map[engine.Kind]string{
	engine.KindScan:        "scan TUBE PERSON AT",
	engine.KindUnscan:      "unscan TUBE PERSON AT",
	engine.KindTubeOpen:    "open TUBE AT",
	engine.KindTubeClose:   "close TUBE AT",
	engine.KindTubeVoid:    "void TUBE AT",
	engine.KindTubeReceive: "receive TUBE AT",
	engine.KindTubeReject:  "reject TUBE AT",
	engine.KindTubeLost:    "lost TUBE AT",
	engine.KindResult:      "result TUBE VERDICT tested AT reported REPORTED",
	engine.KindTransfer:    "transfer PERSON from TUBE to TO AT",
	engine.KindExcuse:      "excuse PERSON from ROUND AT",
	engine.KindAcknowledge: "ack PERSON AT",
	engine.KindUnreachable: "unreachable PERSON AT",
	engine.KindDischarge:   "discharge PERSON AT",
	engine.KindMerge:       "merge PERSON into TO AT",
	engine.KindUnmerge:     "unmerge PERSON from TO AT",
}

// parseEvent reads an event; isEvent is false for any other line.
func parseEvent(w []string) (ev event, isEvent bool, err error) {
	ev = event{roles: engine.RoleAll, members: -1}
	if w[0] == "strict" {
		ev.strict, w = true, w[1:]
	}
	if w[0] == "late" {
		ev.late, w = true, w[1:]
	}
	ev.kind = kinds[w[0]]
	switch {
	case ev.kind == 0:
		return ev, false, nil
	case ev.isMaster():
		return ev, true, ev.parseMaster(w)
	}
	if ev.kind == engine.KindResult {
		ev.lab, ev.stage = "L1", engine.Final
	}
	w = slices.Clone(w)
	switch {
	case len(w) > 3 && w[2] == "by" && (w[0] == "receive" || w[0] == "reject" || w[0] == "lost"):
		ev.lab = w[3]
		w = slices.Delete(w, 2, 4)
	case len(w) > 3 && w[1] == "order" && (w[0] == "ack" || w[0] == "unreachable"):
		n, err := strconv.Atoi(w[2])
		if err != nil {
			return ev, true, err
		}
		ev.number = uint32(n)
		w = slices.Delete(w, 1, 3)
		w = slices.Insert(w, 1, "")
	}
	form := strings.Fields(forms[ev.kind])
	if len(w) < len(form) {
		return ev, true, fmt.Errorf("want at least: %s", forms[ev.kind])
	}
	for i, word := range form {
		if err := ev.take(word, w[i]); err != nil {
			return ev, true, err
		}
	}
	return ev, true, ev.parseRest(w[len(form):])
}

// take takes one word of an event's form.
func (ev *event) take(word, said string) (err error) {
	switch word {
	case "TUBE":
		ev.tube = said
	case "PERSON":
		ev.person = said
	case "TO":
		ev.to = said
	case "ROUND":
		ev.round = said
	case "AT":
		ev.at, err = parseClock(said)
	case "REPORTED":
		ev.reported, err = parseClock(said)
	case "VERDICT":
		if ev.verdict = verdicts[said]; ev.verdict == engine.VerdictNone {
			err = fmt.Errorf("nobody knows the verdict %q", said)
		}
	default:
		if said != word {
			err = fmt.Errorf("want %q; got %q", word, said)
		}
	}
	return err
}

var (
	modes    = map[string]engine.Mode{"pool": engine.Pool, "household": engine.Household, "single": engine.Single}
	stages   = map[string]engine.Stage{"preliminary": engine.Preliminary, "corrected": engine.Corrected, "withdrawn": engine.Withdrawn}
	roles    = map[string]engine.Role{"station": engine.RoleStation, "command": engine.RoleCommand, "cdc": engine.RoleCDC}
	verdicts = map[string]engine.Verdict{"invalid": engine.Invalid, "negative": engine.Negative, "inconclusive": engine.Inconclusive, "positive": engine.Positive}
	purposes = map[string]engine.Purpose{"screening": engine.Screening, "recollection": engine.Recollection, "recheck": engine.Recheck}
)

// parseRest reads what an event may say beyond what it must.
func (ev *event) parseRest(w []string) error {
	for len(w) > 0 {
		word := w[0]
		w = w[1:]
		if word == "speaking" && len(w) > 1 && w[0] == "for" {
			ev.speaks, w = w[1], w[2:]
			continue
		}
		value := ""
		if household := ev.kind == engine.KindScan && word == "household" && len(w) > 0 && strings.HasPrefix(w[0], "H"); household ||
			slices.Contains([]string{"by", "lab", "capacity", "members", "round", "site", "area", "because", "retained_of"}, word) {
			if len(w) == 0 {
				return fmt.Errorf("%s says nothing", word)
			}
			value, w = w[0], w[1:]
		}
		if err := ev.say(word, value); err != nil {
			return err
		}
	}
	return nil
}

func (ev *event) say(word, value string) (err error) {
	switch {
	case word == "household" && value != "":
		ev.household = value
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
	case word == "retained_of":
		ev.of = value
	case word == "round":
		ev.round = value
	case word == "site":
		ev.site = value
	case word == "area":
		ev.area = value
	case word == "because":
		ev.reason = value
	case purposes[word] != engine.PurposeUnset:
		ev.purpose = purposes[word]
	case word == "capacity":
		ev.capacity, err = strconv.Atoi(value)
	case word == "members":
		ev.members, err = strconv.Atoi(value)
	default:
		err = fmt.Errorf("nobody knows the word %q here", word)
	}
	return err
}

// parseMaster reads an item of master data.
func (ev *event) parseMaster(w []string) error {
	if len(w) < 2 {
		return errors.New("of whom?")
	}
	var said []string
	if ev.kind == engine.KindRoster {
		ev.person = w[1]
	} else {
		said = append(said, w[1])
	}
	for w = w[2:]; len(w) > 0; {
		if len(w) < 2 {
			return fmt.Errorf("%s says nothing", w[0])
		}
		word, value := w[0], w[1]
		w = w[2:]
		switch word {
		case "under":
			word = "parent"
		case "is":
			word = "kind"
		case "cap":
			if len(w) == 0 {
				return fmt.Errorf("cap %s says nothing", value)
			}
			word, value, w = value, w[0], w[1:]
		}
		if _, known := fieldOf[word]; !known && word != "groups" && word != "vaccinated" {
			return fmt.Errorf("nobody knows the word %q here", word)
		}
		value, err := masterValue(ev.kind, word, value)
		if err != nil {
			return err
		}
		said = append(said, word+"="+value)
	}
	ev.fields = strings.Join(said, " ")
	return nil
}

// masterValue writes times and durations in seconds, as the journal has them; "none" takes a value back.
func masterValue(kind engine.Kind, word, value string) (string, error) {
	switch {
	case value == "none":
		return "", nil
	case word == "opens", word == "closes", word == "effective", word == "vaccinated" && kind == engine.KindRoster:
		at, err := parseClock(value)
		return fmt.Sprint(at), err
	case word == "recollect":
		d, err := time.ParseDuration(value)
		return fmt.Sprint(int(d.Seconds())), err
	}
	return value, nil
}
