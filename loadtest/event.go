package loadtest

import "strconv"

// EventKind is what happened.
type EventKind uint8

// The events that the generator knows.
const (
	Scan EventKind = iota
	Unscan
	TubeOpen
	TubeClose
	Result
	Transfer
	TubeVoid
	TubeReceive
	TubeReject
	TubeLost
	Excuse
	Acknowledge
	Unreachable
	Discharge
	Merge
	Unmerge
	eventKinds
)

var kindNames = [eventKinds]string{"scan", "unscan", "tube.open", "tube.close", "result", "transfer", "tube.void", "tube.receive", "tube.reject",
	"tube.lost", "excuse", "recollection.ack", "recollection.unreachable", "discharge", "person.merge", "person.unmerge"}

// Verdict of a laboratory; a graver one is a larger number.
type Verdict uint8

// Verdicts. NoVerdict: no result came.
const (
	NoVerdict Verdict = iota
	Invalid
	Negative
	Inconclusive
	Positive
)

var verdictNames = [...]string{"", "invalid", "negative", "inconclusive", "positive"}

// Stage of a result, in the order in which results of one laboratory reported in
// the same second are taken.
type Stage int8

// Stages. Final, the zero, is what a result is that does not say.
const (
	Preliminary Stage = iota - 1
	Final
	Corrected
	Withdrawn
)

// stageNames begin with Preliminary.
var stageNames = [...]string{"preliminary", "final", "corrected", "withdrawn"}

// Mode of a tube: who shares it.
type Mode uint8

// Modes. NoMode: the event does not say. On a tie of two tube.open the smaller wins.
const (
	NoMode Mode = iota
	Pool
	Household
	Single
)

var modeNames = [...]string{"", "pool", "household", "single"}

// Purpose of a tube.
type Purpose uint8

// Purposes. NoPurpose: the event does not say, which is screening.
const (
	NoPurpose Purpose = iota
	Screening
	Recollection
	Recheck
)

var purposeNames = [...]string{"", "screening", "recollection", "recheck"}

// TubeCode names a tube: a series letter and a number. Series 0: no tube.
//
// Series T holds the tubes of the day. The derived tubes of tube t have numbers
// from t × 16: R a re-collection, S a second one, O a swab of the day before, Q a
// later mixed tube, N a tube of one's own after a wrong scan, X and Y tubes that
// somebody was moved into, I a retained specimen, H a tube of people whose area may
// not share tubes of ten, C a recheck, D a swab after recovery.
type TubeCode struct {
	Series byte
	Number uint32
}

// append appends the code as it is pasted on the tube, 11 characters.
func (t TubeCode) append(b []byte) []byte {
	var d [11]byte
	d[0] = t.Series
	n := t.Number
	for i := 10; i > 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, d[:]...)
}

func (t TubeCode) String() string { return string(t.append(nil)) }

// before orders tubes as their codes are ordered.
func (t TubeCode) before(other TubeCode) bool {
	return t.Series < other.Series || t.Series == other.Series && t.Number < other.Number
}

// identity is a document in which a person appears: the resident ID, or a note of the
// station that there was none.
type identity struct {
	person uint32
	noted  bool
}

// notedPrefix begins the canonical form of an identity without a document.
const notedPrefix = "none:990101:"

// append appends the canonical form.
func (i identity) append(b []byte) []byte {
	if i.noted {
		return strconv.AppendUint(append(b, notedPrefix...), uint64(i.person), 10)
	}
	return appendPerson(b, i.person)
}

// parseIdentity reads what append wrote.
func parseIdentity(text []byte) (identity, bool) {
	if len(text) > len(notedPrefix) && string(text[:len(notedPrefix)]) == notedPrefix {
		n, err := strconv.ParseUint(string(text[len(notedPrefix):]), 10, 32)
		return identity{uint32(n), true}, err == nil
	}
	person, ok := personOrdinal(text)
	return identity{person, false}, ok
}

// Event is one thing that happened, as the generator emits it, before encoding.
type Event struct {
	Kind      EventKind
	Mode      Mode
	Purpose   Purpose
	Verdict   Verdict
	Stage     Stage // of a result: Final is not said
	Lab       uint8
	Table     uint8
	Well      uint8
	Round     roundID // noRound: not said
	Members   uint8   // of tube.close: swabs counted
	Capacity  uint8   // of tube.open; 0: not said
	Late      bool    // sent as "late":true
	Noted     bool    // the person was taken down without a document
	Retained  bool    // tube.open: specimens of its members are kept
	Tube      TubeCode
	Other     TubeCode // transfer: the tube moved into; scan: the pool it is retained_of
	Person    uint32
	Site      uint32
	Household uint32 // 0: not said
	Plate     uint32 // 0: not sent
	At        seconds
	Tested    seconds
	Reported  seconds // never: not sent, the server takes Tested
	Area      area    // 0: not said
}

// who is the identity that the event names.
func (ev *Event) who() identity { return identity{ev.Person, ev.Noted} }
