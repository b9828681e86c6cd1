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
	Kind   OrderKind
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
	Causes       []CauseView   // open ones, by tube code of the wire order: strongest first, then earliest
	Order        OrderView     // open one; Number 0: none
	Recheck      OrderView     // open recheck task of a suspect; Number 0: none
	MergedInto   PersonOrdinal // the identity that orders name, when it is not this one; 0: none
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
	ReceivedAt      Seconds // 0: never
	ReceivedBy      string
	RejectedAt      Seconds // newest, 0: never
	LostAt          Seconds
	VoidAt          Seconds
	ClosedMembers   int // -1: not said
	FirstSwab       Seconds
	Members         []MemberView
	MembersResolved int
	Results         []ResultView
	Flags           Flags // count_mismatch, single_with_many, verdict_conflict, tube_unknown (no members yet)
}

// AlertView is a condition that somebody should look at, as long as it holds.
type AlertView struct {
	Kind    AlertKind
	Tube    TubeIndex
	Code    string
	Site    string
	Verdict Verdict
	Since   Seconds // the report, closing or swab that brought it about
	Members int     // people concerned
}
