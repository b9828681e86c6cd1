package loadtest

// EventKind is what happened.
type EventKind uint8

// The events that the generator knows.
const (
	Scan EventKind = iota
	Unscan
	TubeOpen
	TubeClose
	Result
)

// Verdict of a laboratory; a graver one is a larger number.
type Verdict uint8

// Verdicts. NoVerdict: no result came.
const (
	NoVerdict Verdict = iota
	Negative
	Inconclusive
	Positive
)

var verdictNames = [...]string{"", "negative", "inconclusive", "positive"}

// Mode of a tube: who shares it.
type Mode uint8

// Modes. NoMode: the event does not say.
const (
	NoMode Mode = iota
	Pool
	Single
)

var modeNames = [...]string{"", "pool", "single"}

// TubeCode names a tube: a series letter and a number.
//
// Series T holds the tubes of the day. The derived tubes of tube t have numbers
// from t × 16: R a re-collection, S a second one, O a swab of the day before, Q a
// later mixed tube.
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

// Event is one thing that happened, as the generator emits it, before encoding.
type Event struct {
	Kind         EventKind
	Mode         Mode
	Verdict      Verdict
	Lab          uint8
	Table        uint8
	Late         bool // sent as "late":true
	Recollection bool // purpose recollection
	Tube         TubeCode
	Person       uint32
	Site         uint32
	Members      int // of tube.close: swabs counted
	Capacity     int // of tube.open; 0: not said
	At           seconds
	Tested       seconds
	Reported     seconds // never: not sent, the server takes Tested
	Plate        uint32  // 0: not sent
	Well         uint8
}
