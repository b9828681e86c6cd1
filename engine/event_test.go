package engine_test

import (
	"fmt"
	"strings"

	"poolwise/engine"
)

// event is one event, or one item of master data, in the words of the field. Unset
// fields are what it does not say.
type event struct {
	kind      engine.Kind
	tube      string // transfer: the tube he comes from
	person    string // person.merge: the identity that is merged
	at        engine.Seconds
	late      bool
	roles     engine.Role
	mode      engine.Mode
	purpose   engine.Purpose
	capacity  int // tube.open; 0: not said
	retained  bool
	members   int // tube.close; -1: not said
	lab       string
	verdict   engine.Verdict // of a result, of which `at` is tested_at
	stage     engine.Stage
	reported  engine.Seconds
	to        string // transfer: the tube he goes to; person.merge: the other identity
	of        string // scan: the tube it is retained_of
	round     string
	site      string
	area      string
	household string
	reason    string
	number    uint32 // recollection.*: the order's number; 0: by person
	fields    string // master data: code or nothing, then "word=value" for each field, with a space between

	received engine.Seconds // when the server took the batch; 0: at 23:00
	strict   bool           // the server refuses what master data does not know
	speaks   string         // the laboratory that the sender speaks for
}

// isMaster tells whether it is master data: a record that says how things are, in the order put.
func (ev event) isMaster() bool { return ev.kind >= engine.KindArea }

// when is the receipt.
func (ev event) when() engine.Seconds {
	if ev.received == 0 {
		return midnight + 23*3600
	}
	return ev.received
}

// sameness is what makes two events the same event.
func (ev event) sameness() string {
	switch ev.kind {
	case engine.KindScan, engine.KindUnscan:
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.person, "|", ev.at)
	case engine.KindTransfer:
		return fmt.Sprint(ev.kind, "|", ev.person, "|", ev.tube, "|", ev.to, "|", ev.at, "|", ev.reason)
	case engine.KindResult:
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.lab, "|", ev.stage, "|", ev.verdict, "|", ev.reported)
	case engine.KindTubeVoid:
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.at, "|", ev.reason)
	case engine.KindTubeReceive, engine.KindTubeReject, engine.KindTubeLost:
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.at)
	case engine.KindExcuse:
		return fmt.Sprint(ev.kind, "|", ev.person, "|", ev.round, "|", ev.reason, "|", ev.at)
	case engine.KindAcknowledge, engine.KindUnreachable:
		return fmt.Sprint(ev.kind, "|", ev.person, "|", ev.at)
	case engine.KindDischarge:
		return fmt.Sprint(ev.kind, "|", ev.person, "|", ev.at, "|", ev.reason)
	case engine.KindMerge, engine.KindUnmerge:
		return fmt.Sprint(ev.kind, "|", ev.person, "|", ev.to, "|", ev.at)
	case engine.KindTubeOpen, engine.KindTubeClose:
		// Two that say different things in the same second both count, by the rule of ties.
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.at, "|", ev.mode, "|", ev.purpose, "|", ev.capacity, "|", ev.members, "|", ev.retained, "|", ev.round)
	default: // master data is the same where it changes nothing
		return fmt.Sprint(ev.kind, "|", ev.person, "|", ev.fields, "|", ev.received)
	}
}

// people are the names in an event.
func (ev event) people() []string {
	if ev.kind == engine.KindMerge || ev.kind == engine.KindUnmerge {
		return []string{ev.person, ev.to}
	}
	return []string{ev.person}
}

// tubes are the tube codes in an event.
func (ev event) tubes() []string {
	if ev.kind == engine.KindTransfer {
		return []string{ev.tube, ev.to}
	}
	return []string{ev.tube, ev.of}
}

// field is one value of a master data item, in the words of the stories.
type field struct{ word, value string }

// item is the code that master data is about, and its fields in the order said.
func (ev event) item() (code string, fields []field) {
	for i, part := range strings.Fields(ev.fields) {
		word, value, said := strings.Cut(part, "=")
		if i == 0 && !said {
			code = word
			continue
		}
		fields = append(fields, field{word, value})
	}
	return code, fields
}

// rounds and areas are the codes in an event.
func (ev event) rounds() []string {
	if code, _ := ev.item(); ev.kind == engine.KindRound {
		return []string{code}
	}
	return []string{ev.round}
}

func (ev event) areas() []string {
	code, fields := ev.item()
	var all []string
	if ev.kind == engine.KindArea {
		all = append(all, code)
	}
	for _, f := range fields {
		if f.word == "areas" || f.word == "area" || f.word == "parent" {
			all = append(all, strings.Split(f.value, ",")...)
		}
	}
	return append(all, ev.area)
}
