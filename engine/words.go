package engine

// The words of the field as they stand in requests, answers, journal and
// documents. The numbers are on disk: append, never renumber.

// Kind tells one event from another.
type Kind uint8

const (
	KindScan Kind = 1 + iota
	KindUnscan
	KindTubeOpen
	KindTubeClose
	KindResult
)

// Verdict is what a laboratory says of a tube. A graver verdict is a larger number.
type Verdict uint8

const (
	VerdictNone Verdict = iota
	Invalid
	Negative
	Inconclusive
	Positive
)

// Stage of a result. The numbers are the order in which results of one laboratory
// with equal reported_at are folded, last wins: withdrawn > corrected > final > preliminary.
type Stage uint8

const (
	Preliminary Stage = iota
	Final
	Corrected
	Withdrawn
)

// Mode tells who shares a tube. On a tie of tube.open the smaller number wins:
// pool > household > single. ModeUnset: the event does not say.
type Mode uint8

const (
	ModeUnset Mode = iota
	Pool
	Household
	Single
)

// Purpose of a tube.
type Purpose uint8

const (
	PurposeUnset Purpose = iota
	Screening
	Recollection
	Recheck
)

// Specimen is where the swab was taken: op (throat) or np (nose).
type Specimen uint8

const (
	SpecimenUnset Specimen = iota
	SpecimenOP
	SpecimenNP
)

// Source is how the person was identified at the table.
type Source uint8

const (
	SourceUnset Source = iota
	SourceCode
	SourceIDCard
	SourceManual
)

// State of a person: the strongest open cause. A stronger state is a larger number.
type State uint8

const (
	StateUnknown  State = iota
	StateNegative       // at least one counted negative and nothing open
	StateSampled        // a swab without an outcome
	StateMustResample
	StateHeld
	StateSuspect
	StateConfirmed
)

// CauseKind is a person's open cause beyond a pending swab.
type CauseKind uint8

const (
	CauseNone CauseKind = iota
	CauseMust
	CauseHold
	CauseSuspect
	CauseConfirmed
)

// OrderState is the state of a re-collection order. All up to OrderSwabbed count as open.
type OrderState uint8

const (
	OrderOpen OrderState = iota
	OrderAcknowledged
	OrderUnreachable
	OrderSwabbed
	OrderFulfilled
	OrderCancelled
)

// Resolution is how far a tube has come.
type Resolution uint8

const (
	TubeOpen Resolution = iota
	TubeClosed
	TubeInTransit
	TubeReceived
	TubeNegative
	TubeResolving
	TubeResolved
	TubeVoid
	TubeLost
)

func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "unknown"
}

var (
	kindNames       = []string{"", "scan", "unscan", "tube.open", "tube.close", "result"}
	verdictNames    = []string{"", "invalid", "negative", "inconclusive", "positive"}
	stageNames      = []string{"preliminary", "final", "corrected", "withdrawn"}
	modeNames       = []string{"", "pool", "household", "single"}
	purposeNames    = []string{"", "screening", "recollection", "recheck"}
	stateNames      = []string{"unknown", "negative", "sampled", "must_resample", "held", "suspect", "confirmed"}
	causeNames      = []string{"", "must", "hold", "suspect", "confirmed"}
	orderNames      = []string{"open", "acknowledged", "unreachable", "swabbed", "fulfilled", "cancelled"}
	resolutionNames = []string{"open", "closed", "in_transit", "received", "negative", "resolving", "resolved", "void", "lost"}
)

func (k Kind) String() string       { return name(kindNames, k) }
func (v Verdict) String() string    { return name(verdictNames, v) }
func (s Stage) String() string      { return name(stageNames, s) }
func (m Mode) String() string       { return name(modeNames, m) }
func (p Purpose) String() string    { return name(purposeNames, p) }
func (s State) String() string      { return name(stateNames, s) }
func (c CauseKind) String() string  { return name(causeNames, c) }
func (o OrderState) String() string { return name(orderNames, o) }
func (r Resolution) String() string { return name(resolutionNames, r) }

// IsOpen tells whether a list of open orders shows it.
func (o OrderState) IsOpen() bool { return o <= OrderSwabbed }
