package engine

// What readers get: plain values, no pointers into the engine.

// LastNegative is the counted negative with the latest swab.
type LastNegative struct {
	Tube     TubeIndex // 0: none
	Swabbed  Seconds
	Reported Seconds
	Mode     Mode // basis
}

// CauseView is an open cause.
type CauseView struct {
	Tube        TubeIndex
	Kind        CauseKind
	Since       Seconds // reported_at of the result that opened it
	Swabbed     Seconds
	Preliminary bool
}

// OrderView is a re-collection order.
type OrderView struct {
	Number uint32 // R<Number>; 0: none
	Person PersonOrdinal
	Any    bool // kind "any" (must_resample), else "single"
	State  OrderState
	Opened Seconds // reported_at of the earliest cause
	Due    Seconds
	Causes []TubeIndex
}

// Status is everything about one person, at one moment.
type Status struct {
	State        State
	Since        Seconds // see contract: reported_at that opened the strongest cause; swab's time for sampled; 0 for unknown
	LastNegative LastNegative
	PendingTube  TubeIndex // newest swab without an outcome, 0: none
	PendingSwab  Seconds
	Causes       []CauseView // open ones, by tube code of the wire order: strongest first, then earliest
	Order        OrderView
	AsOf         Position
	ProofBlocked bool // held, suspect or confirmed
}

// MemberView is one person of a tube.
type MemberView struct {
	Person  PersonOrdinal
	Swabbed Seconds
	Bound   bool
	State   State
}

// ResultView is one result that a laboratory sent, standing or not.
type ResultView struct {
	Lab      string
	Verdict  Verdict
	Stage    Stage
	Tested   Seconds
	Reported Seconds
	Standing bool
}

// TubeView is a tube as a reader sees it.
type TubeView struct {
	Index           TubeIndex
	Code            string
	Site            string
	Round           string
	Mode            Mode
	Purpose         Purpose
	Capacity        int
	Retained        bool
	Verdict         Verdict // the gravest of the labs' standing results
	Reported        Seconds
	Resolution      Resolution
	ClosedAt        Seconds
	ClosedMembers   int // -1: not said
	FirstSwab       Seconds
	Members         []MemberView
	MembersResolved int
	Results         []ResultView
	Flags           Flags // count_mismatch, single_with_many, verdict_conflict, tube_unknown (no members yet)
}
