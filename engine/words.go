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
	KindTransfer
	KindTubeVoid
	KindTubeReceive
	KindTubeReject
	KindTubeLost
	KindExcuse
	KindAcknowledge // recollection.ack
	KindUnreachable // recollection.unreachable
	KindDischarge
	KindMerge
	KindUnmerge
	// Master data: the item is in Extra, see Fields.
	KindArea
	KindSite
	KindLab
	KindRound
	KindRoster
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

// OrderKind is what a person is asked to do.
type OrderKind uint8

const (
	OrderSingle  OrderKind = iota // held: a single tube
	OrderAny                      // must_resample: any tube
	OrderRecheck                  // suspect: a single tube with purpose recheck, for a cdc laboratory
)

// Risk of an area.
type Risk uint8

const (
	RiskLow Risk = iota
	RiskMedium
	RiskHigh
	RiskClosed
)

// AlertKind is what an alert is about. Conditions, not messages: an alert is there
// while its condition holds.
type AlertKind uint8

const (
	AlertTubeUnknown      AlertKind = 1 + iota // a result whose tube has no members
	AlertResultOfVoidTube                      // a positive or inconclusive of a void, rejected or lost tube
	AlertVerdictConflict                       // a plain final disagrees with a standing positive
	AlertSinglesNegative                       // all singles of a positive pool are negative
	AlertSampledAfterTest                      // a negative tested before a member's swab
	AlertCountMismatch                         // tube.close counted otherwise than the scans
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
	kindNames = []string{"", "scan", "unscan", "tube.open", "tube.close", "result", "transfer", "tube.void", "tube.receive", "tube.reject", "tube.lost",
		"excuse", "recollection.ack", "recollection.unreachable", "discharge", "person.merge", "person.unmerge", "area", "site", "lab", "round", "roster"}
	verdictNames    = []string{"", "invalid", "negative", "inconclusive", "positive"}
	stageNames      = []string{"preliminary", "final", "corrected", "withdrawn"}
	modeNames       = []string{"", "pool", "household", "single"}
	purposeNames    = []string{"", "screening", "recollection", "recheck"}
	stateNames      = []string{"unknown", "negative", "sampled", "must_resample", "held", "suspect", "confirmed"}
	causeNames      = []string{"", "must", "hold", "suspect", "confirmed"}
	orderNames      = []string{"open", "acknowledged", "unreachable", "swabbed", "fulfilled", "cancelled"}
	orderKindNames  = []string{"single", "any", "recheck"}
	riskNames       = []string{"low", "medium", "high", "closed"}
	alertNames      = []string{"", "tube_unknown", "result_of_void_tube", "verdict_conflict", "pool_positive_singles_negative", "sampled_after_test", "count_mismatch"}
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
func (o OrderKind) String() string  { return name(orderKindNames, o) }
func (r Risk) String() string       { return name(riskNames, r) }
func (a AlertKind) String() string  { return name(alertNames, a) }

// IsOpen tells whether a list of open orders shows it.
func (o OrderState) IsOpen() bool { return o <= OrderSwabbed }
